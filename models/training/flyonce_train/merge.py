"""One network half-way between two that were trained from the same start: `python -m flyonce_train.merge --help`.

Weights are averaged (model soups: Wortsman et al., ICML 2022) after channels that `slim` may have kept in another order are matched
(Git Re-Basin: Ainsworth et al., ICLR 2023), and every channel gets the mean and spread back that averaging takes from it
(REPAIR: Jordan et al., ICLR 2023).
"""

import argparse
import os
import random
from pathlib import Path

import cv2
import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor, nn

from . import folded, letterbox
from .bank import decode
from .folded import Convolutions
from .geometry import INPUT_WH
from .network import Joint
from .pictures import all_pictures, held_out
from .run import as_input
from .slim import WIDTHS

Spread = dict[str, tuple[Tensor, Tensor]]
"""Mean and standard deviation a channel before the activation, by the name of the norm."""


def _directions(weights: np.ndarray) -> np.ndarray:
    flat = weights.reshape(len(weights), -1)
    return flat / (np.linalg.norm(flat, axis=1, keepdims=True) + 1e-9)


def matched(to: Convolutions, other: Convolutions) -> Convolutions:
    """`other` with the inner channels of the narrowed blocks in the order of `to`."""
    out = dict(other)
    for stage, index in WIDTHS:
        wide, depth, narrow = (f"backbone.body.blocks.{stage}.{index}.{part}" for part in ("conv_pw", "conv_dw", "conv_pwl"))

        def ways(of: Convolutions, names: tuple[str, str, str] = (wide, depth, narrow)) -> list[np.ndarray]:
            return [_directions(w) for w in (of[names[0]][0], of[names[1]][0], of[names[2]][0].transpose(1, 0, 2, 3))]

        alike = sum(a @ b.T for a, b in zip(ways(to), ways(other), strict=True))
        _, order = linear_sum_assignment(-alike)
        for name in (wide, depth):
            out[name] = (other[name][0][order], other[name][1][order])
        out[narrow] = (other[narrow][0][:, order], other[narrow][1])
    return out


def pictures_as_judged(datasets: Path, count: int, batch: int = 32) -> list[Tensor]:
    """Training pictures, letterboxed, as input batches."""
    pictures = [p for p in all_pictures(datasets) if not held_out(p, 0.1)]
    random.Random(0).shuffle(pictures)
    padded = [letterbox.apply(np.ascontiguousarray(decode(p)[..., :3]), INPUT_WH)[0] for p in pictures[:count]]
    parts = [padded[i : i + batch] for i in range(0, len(padded), batch)]
    return [as_input(torch.from_numpy(np.stack(part)).permute(0, 3, 1, 2).float()) for part in parts]


def _norms(network: nn.Module) -> list[tuple[str, nn.BatchNorm2d]]:
    return [(name, module) for name, module in network.named_modules() if isinstance(module, nn.BatchNorm2d)]


@torch.no_grad()
def spread(network: Joint, batches: list[Tensor]) -> Spread:
    """Of a network as `unfolded` makes it."""
    sums: dict[str, list[Tensor]] = {}

    def note(norm: nn.BatchNorm2d, given: tuple[Tensor], _out: Tensor, name: str) -> None:
        variance, mean = torch.var_mean(given[0], (0, 2, 3))
        sums.setdefault(name, []).append(torch.stack([mean + norm.bias, variance]))

    hooks = [norm.register_forward_hook(lambda m, i, o, name=name: note(m, i, o, name)) for name, norm in _norms(network)]
    for batch in batches:
        network.eval()(batch)
    for hook in hooks:
        hook.remove()
    means = {name: torch.stack(rows).mean(0) for name, rows in sums.items()}
    return {name: (mean, variance.sqrt()) for name, (mean, variance) in means.items()}


@torch.no_grad()
def repaired(network: Joint, wanted: Spread, batches: list[Tensor]) -> Joint:
    """Scales and shifts every channel to the wanted mean and spread, in place."""
    for name, norm in _norms(network):
        mean, deviation = wanted[name]
        norm.weight.copy_(deviation)
        norm.bias.copy_(mean)
        norm.reset_running_stats()
        norm.momentum, norm.kept_eps, norm.eps = None, norm.eps, 1e-9  # type: ignore[assignment]
        norm.train()
    for batch in batches:
        network(batch)
    for _, norm in _norms(network):
        dead = norm.running_var < 1e-8
        scale = torch.where(dead, 1.0, norm.weight / (norm.running_var + norm.eps).sqrt())
        shift = norm.bias - norm.running_mean * scale
        norm.momentum, norm.eps = 0.1, norm.kept_eps  # type: ignore[assignment]
        folded.rest(norm, scale, shift)
    return network.eval()


def merged(one: Convolutions, other: Convolutions, batches: list[Tensor]) -> Joint:
    """Half of each."""
    other = matched(one, other)
    spreads = [spread(folded.unfolded(each), batches) for each in (one, other)]
    half = {name: tuple((a + b) / 2 for a, b in zip(one[name], other[name], strict=True)) for name in one}
    wanted = {
        name: tuple((a + b) / 2 for a, b in zip(spreads[0][name], spreads[1][name], strict=True)) for name in spreads[0]
    }
    return repaired(folded.unfolded(half), wanted, batches)  # type: ignore[arg-type]


def convolutions_of(path: Path) -> Convolutions:
    """Of an exported model (.onnx) or of a checkpoint's averaged weights."""
    if path.suffix == ".onnx":
        return folded.of_onnx(path)
    network = Joint(pretrained=False)
    network.load_state_dict(torch.load(path, weights_only=True, map_location="cpu")["average"])
    return folded.of_network(network)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("networks", type=Path, nargs=2, help="checkpoints or exported FP32 models")
    parser.add_argument("--datasets", type=Path, default=Path(os.environ.get("FLYONCE_DATASETS", "../shared/datasets")))
    parser.add_argument("--pictures", type=int, default=128, help="by which channels are repaired")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    cv2.setNumThreads(1)
    batches = pictures_as_judged(args.datasets, args.pictures)
    network = merged(*(convolutions_of(path) for path in args.networks), batches)
    torch.save({"average": network.state_dict()}, args.out)


if __name__ == "__main__":
    main()
