"""Trained networks that are asked for their answers while another learns."""

import io
import warnings
from collections.abc import Callable
from pathlib import Path

import onnxruntime as ort
import torch
from torch import Tensor

from . import folded
from .distil import Answers, answers_of, joined
from .fast_cpu import mixed
from .geometry import INPUT_WH
from .network import Joint, JointProbability, teacher

SAY_OF_FIRST = 0.4
"""Share of the first network in the joined answer; the others have the rest in equal parts."""


def load(path: Path) -> Joint:
    """From an exported FP32 model (.onnx) or averaged weights; of a pair that learnt side by side, the teacher."""
    if path.suffix == ".onnx":
        return folded.unfolded(folded.of_onnx(path))
    state = torch.load(path, weights_only=True, map_location="cpu")["average"]
    taught = {name.removeprefix("teacher."): value for name, value in state.items() if name.startswith("teacher.")}
    state = taught or state
    wide = state["neck.lateral.0.0.weight"].shape[0] != Joint(pretrained=False).neck.lateral[0][0].out_channels
    network = teacher(pretrained=False) if wide else Joint(pretrained=False)
    network.load_state_dict({name: value.float() if value.is_floating_point() else value for name, value in state.items()})
    return network.eval()


def shares_of(count: int) -> list[float]:
    """Of the networks in a joined answer."""
    return [1.0] if count == 1 else [SAY_OF_FIRST] + [(1.0 - SAY_OF_FIRST) / (count - 1)] * (count - 1)


Asked = Callable[[Tensor], Answers]
"""From input pictures to an answer."""


def _through_onnx(network: Joint) -> Asked:
    """On a CPU without bf16 ONNX Runtime takes less than half of PyTorch's time."""
    size = (INPUT_WH[1], INPUT_WH[0])
    as_is = JointProbability(network, size, {"fume": [(1.0, 0.0)] * 2, "dumping": [(1.0, 0.0)]}).eval()
    names, file = ("image", "water", "fume", "dumping"), io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            as_is, (torch.zeros(1, 3, *size),), file, opset_version=17, dynamo=False,
            input_names=names[:1], output_names=names[1:], dynamic_axes={name: {0: "batch"} for name in names},
        )
    options = ort.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = ort.InferenceSession(file.getvalue(), options, providers=["CPUExecutionProvider"])

    def ask(image: Tensor) -> Answers:
        water, *boxes = (torch.from_numpy(out) for out in session.run(None, {"image": image.contiguous().numpy()}))
        return Answers(water, {name: (rows[..., 4:], rows[..., :4]) for name, rows in zip(names[2:], boxes, strict=True)})

    return ask


def _through_torch(network: Joint, device: torch.device, grid: Tensor) -> Asked:
    network = network.to(device, memory_format=torch.channels_last).requires_grad_(False)

    @torch.no_grad()
    def ask(image: Tensor) -> Answers:
        with mixed(device):
            out = network(image)
        return answers_of(out, grid)

    return ask


def asking(paths: list[Path], grid: Tensor) -> Asked:
    """The joined answer of trained networks to pictures of the size at which pictures are judged."""
    cpu = grid.device.type == "cpu"
    asked = [_through_onnx(load(path)) if cpu else _through_torch(load(path), grid.device, grid) for path in paths]
    shares = shares_of(len(asked))
    return lambda image: joined([ask(image) for ask in asked], shares)
