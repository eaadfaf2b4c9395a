"""Writes a trained joint network as one ONNX file, FP32 and INT8, and checks it against PyTorch."""

import json
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import onnxslim
import torch
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

from .network import Joint, JointProbability

OPSET = 17
INPUT = (1, 3, 384, 640)
OUTPUTS = ("water", "fume", "dumping")
TOLERANCE = 2e-3
"""Largest difference from PyTorch: probabilities, and box corners in units of 100 pixels."""


def load(weights: Path, point: Path) -> JointProbability:
    """The averaged weights with the calibration of `operating_point`."""
    network = Joint(pretrained=False)
    network.load_state_dict(torch.load(weights, weights_only=True, map_location="cpu")["average"])
    chosen = json.loads(point.read_text(encoding="utf-8"))
    calibration = {name: [(row["slope"], row["offset"]) for row in chosen[name]] for name in ("fume", "dumping")}
    return JointProbability(network, INPUT[2:], calibration).eval()


def write(network: JointProbability, path: Path) -> None:
    """Opset 17, FP32, dynamic batch, no external data."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network, (torch.zeros(INPUT),), str(path), opset_version=OPSET, dynamo=False,
            input_names=["image"], output_names=list(OUTPUTS),
            dynamic_axes={name: {0: "batch"} for name in ("image", *OUTPUTS)},
        )
    slim = onnxslim.slim(onnx.load(path))
    onnx.checker.check_model(slim, full_check=True)
    onnx.save(slim, path)


def session(path: Path) -> ort.InferenceSession:
    """One thread, CPU."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    return ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def largest_difference(network: JointProbability, path: Path, batch: int = 2) -> float:
    """Between ONNX Runtime and PyTorch on noise; corners count a hundredth."""
    image = np.random.default_rng(0).uniform(-1, 1, (batch, *INPUT[1:])).astype(np.float32)
    with torch.no_grad():
        want = [out.numpy() for out in network(torch.from_numpy(image))]
    got = session(path).run(list(OUTPUTS), {"image": image})
    apart = 0.0
    for w, g in zip(want, got, strict=True):
        scale = np.ones(w.shape[-1], np.float32)
        if w.ndim == 3:
            scale[:4] = 0.01
        apart = max(apart, float((np.abs(np.asarray(g) - w) * scale).max()))
    return apart


class _Pictures(CalibrationDataReader):
    def __init__(self, pictures: Iterator[np.ndarray]) -> None:
        self.pictures = pictures

    def get_next(self) -> dict[str, np.ndarray] | None:
        picture = next(self.pictures, None)
        return None if picture is None else {"image": picture}


def quantise(path: Path, out: Path, pictures: Iterator[np.ndarray]) -> None:
    """Static QDQ, 8-bit activations and weights a channel.

    FP32 stay the last layers of the box heads, for their precision, and the stem with the first block, whose few channels
    cost more in 8 bits than in 32.
    """
    from onnxruntime.quantization.shape_inference import quant_pre_process

    with tempfile.TemporaryDirectory() as folder:
        prepared = Path(folder) / "prepared.onnx"
        quant_pre_process(path, prepared, skip_symbolic_shape=True)
        nodes = onnx.load(prepared).graph.node
        convs = [n.name for n in nodes if n.op_type == "Conv"]
        last = [name for name in convs if "/last" in name and "/head/" not in name]
        first = [name for name in convs if "conv_stem" in name or "/blocks.0/" in name]
        other = [n.name for n in nodes if n.op_type in ("Concat", "Mul", "Sub", "Sigmoid", "Softplus")]
        quantize_static(
            prepared, out, _Pictures(pictures), quant_format=QuantFormat.QDQ, per_channel=True,
            activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8, nodes_to_exclude=first + last + other,
        )
