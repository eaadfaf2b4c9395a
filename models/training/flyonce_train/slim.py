"""Narrows the dearest early blocks: channels are dropped and the projection behind them is fitted again, without training.

After every depthwise convolution the channels that the block's own output needs least are removed one by one (optimal brain
surgeon on a linear layer: Hassibi and Stork, NIPS 1993), and the pointwise projection is solved anew by least squares against
the output of the untouched network on real pictures (channel pruning by reconstruction: He et al., ICCV 2017).
"""

import argparse
import copy
import os
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from . import letterbox

WIDTHS = {(1, 0): 64, (1, 1): 96, (2, 0): 96}
"""Block -> channels kept inside it, of 96, 144 and 144; multiples of 16, as vector units take them."""

PIXELS_A_PICTURE = 400


def narrow(block: nn.Module, keep: Tensor) -> None:
    """Cuts an inverted residual block to the channels `keep` (indices), in place."""
    for conv, norm in ((block.conv_pw, block.bn1), (block.conv_dw, block.bn2)):
        conv.weight = nn.Parameter(conv.weight.detach()[keep].clone(), requires_grad=conv.weight.requires_grad)
        conv.out_channels = len(keep)
        for name in ("weight", "bias"):
            value = getattr(norm, name)
            setattr(norm, name, nn.Parameter(value.detach()[keep].clone(), requires_grad=value.requires_grad))
        norm.running_mean, norm.running_var = norm.running_mean[keep].clone(), norm.running_var[keep].clone()
        norm.num_features = len(keep)
    block.conv_dw.groups = block.conv_dw.in_channels = len(keep)
    block.conv_pwl.weight = nn.Parameter(block.conv_pwl.weight.detach()[:, keep].clone())
    block.conv_pwl.in_channels = len(keep)


def slim_shape(body: nn.Module) -> None:
    """Gives the blocks their narrow shape with arbitrary channels; weights are loaded afterwards."""
    for (stage, index), width in WIDTHS.items():
        narrow(body.blocks[stage][index], torch.arange(width))


def _inner(block: nn.Module, x: Tensor) -> Tensor:
    return block.bn2(block.conv_dw(block.bn1(block.conv_pw(x))))


def _samples(maps: Tensor, rng: np.random.Generator) -> np.ndarray:
    """Random pixels (n, channels) of a map (1, channels, h, w)."""
    flat = maps[0].flatten(1).T.double().numpy()
    return flat[rng.choice(len(flat), min(PIXELS_A_PICTURE, len(flat)), replace=False)]


def _choose(x: np.ndarray, y: np.ndarray, width: int) -> tuple[list[int], np.ndarray, float]:
    """Channels kept, their new projection (width + 1, out; last row: bias) and the share of variance lost."""
    ones = np.hstack([x, np.ones((len(x), 1))])
    gram = ones.T @ ones + 1e-4 * len(x) * np.diag([*np.full(x.shape[1], 1e-2), 0.0])
    right = ones.T @ y
    kept = list(range(x.shape[1]))
    while len(kept) > width:
        index = [*kept, x.shape[1]]
        inverse = np.linalg.inv(gram[np.ix_(index, index)])
        weights = inverse @ right[index]
        worth = (weights[:-1] ** 2).sum(1) / np.diag(inverse)[:-1]
        kept.pop(int(worth.argmin()))
    index = [*kept, x.shape[1]]
    weights = np.linalg.solve(gram[np.ix_(index, index)], right[index])
    lost = ((y - ones[:, index] @ weights) ** 2).sum() / ((y - y.mean(0)) ** 2).sum()
    return kept, weights, float(lost)


@torch.no_grad()
def _prefix(body: nn.Module, x: Tensor, stage: int, index: int) -> Tensor:
    """What the block (stage, index) is given."""
    x = body.bn1(body.conv_stem(x))
    for s in range(stage + 1):
        for i, block in enumerate(body.blocks[s]):
            if (s, i) == (stage, index):
                return x
            x = block(x)
    raise ValueError(f"no block {stage}.{index}")


@torch.no_grad()
def slim(body: nn.Module, whole: nn.Module, pictures: Iterable[Tensor]) -> dict[tuple[int, int], float]:
    """Narrows `body` in place; `whole` is an untouched copy, `pictures` (1, 3, h, w) are input tensors."""
    body.eval()
    whole.eval()
    pictures = list(pictures)
    lost = {}
    for (stage, index), width in WIDTHS.items():
        rng = np.random.default_rng(0)
        xs, ys = [], []
        block, original = body.blocks[stage][index], whole.blocks[stage][index]
        for picture in pictures:
            given = _prefix(body, picture, stage, index)
            wanted = original(_prefix(whole, picture, stage, index)) - (given if block.has_skip else 0.0)
            both = torch.cat([_inner(block, given), wanted], 1)
            rows = _samples(both, rng)
            xs.append(rows[:, : -wanted.shape[1]])
            ys.append(rows[:, -wanted.shape[1] :])
        kept, weights, lost[(stage, index)] = _choose(np.concatenate(xs), np.concatenate(ys), width)
        narrow(block, torch.tensor(kept))
        _project(block, weights)
    return lost


def _project(block: nn.Module, weights: np.ndarray) -> None:
    """Puts the fitted projection in front of the block's last norm, so that norm gives it unchanged."""
    norm = block.bn3
    spread = torch.sqrt(norm.running_var + norm.eps).double()
    gain = norm.weight.double() / spread
    fitted = torch.from_numpy(weights)
    block.conv_pwl.weight.copy_((fitted[:-1].T / gain[:, None])[..., None, None].float())
    # norm(z) = gain * (z - mean) + bias; wanted: gain * z + fitted bias
    norm.running_mean.copy_(((norm.bias.double() - fitted[-1]) / gain).float())


def _pictures(datasets: Path, count: int) -> list[Tensor]:
    """Train pictures of all sets as input tensors, always the same."""
    files = sorted(f for f in datasets.glob("*/train/images/*.jpg") if not f.name.startswith(("cv_", "cst_")))
    out = []
    for i in np.random.default_rng(0).choice(len(files), count, replace=False):
        rgb = cv2.cvtColor(cv2.imread(str(files[i])), cv2.COLOR_BGR2RGB)
        padded, _ = letterbox.apply(rgb, (640, 384))
        out.append(((torch.from_numpy(padded[None]).float() - 127.0) / 128.0).permute(0, 3, 1, 2))
    return out


def main() -> None:
    from .network import Joint

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--datasets", type=Path, default=Path(os.environ.get("FLYONCE_DATASETS", "../shared/datasets")))
    parser.add_argument("--out", type=Path, required=True, help="the narrowed ImageNet weights, to start a run from")
    parser.add_argument("--pictures", type=int, default=150)
    args = parser.parse_args()
    body = Joint(pretrained=True, slim=False).backbone.body
    lost = slim(body, copy.deepcopy(body), _pictures(args.datasets, args.pictures))
    torch.save({"average": {f"backbone.body.{name}": value for name, value in body.state_dict().items()}}, args.out)
    for (stage, index), share in lost.items():
        print(f"block {stage}.{index}: {share:.3f} of the variance lost")


if __name__ == "__main__":
    main()
