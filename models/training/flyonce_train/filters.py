"""Small picture operations on batches (n, c, H, W)."""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F


def grey(rgb: Tensor) -> Tensor:
    """Luma of RGB (n, 1, H, W), Rec. ITU-R BT.601."""
    weights = torch.tensor([0.299, 0.587, 0.114], device=rgb.device)
    return (rgb * weights[:, None, None]).sum(1, keepdim=True)


def blur(x: Tensor, sigma: float) -> Tensor:
    """Gaussian of deviation `sigma` pixels, edges mirrored; wide ones on a reduced copy."""
    if sigma > 4:
        small = F.interpolate(x, scale_factor=0.25, mode="area")
        return F.interpolate(blur(small, sigma / 4), size=x.shape[2:], mode="bilinear", align_corners=False)
    reach = max(1, round(3 * sigma))
    offsets = torch.arange(-reach, reach + 1, device=x.device).float()
    kernel = torch.exp(-0.5 * (offsets / sigma) ** 2)
    kernel = (kernel / kernel.sum()).expand(x.shape[1], 1, -1)
    x = F.conv2d(F.pad(x, (reach, reach, 0, 0), "replicate"), kernel[:, :, None], groups=x.shape[1])
    return F.conv2d(F.pad(x, (0, 0, reach, reach), "replicate"), kernel[..., None], groups=x.shape[1])


def each(x: Tensor, kernels: Tensor) -> Tensor:
    """Every picture with a kernel of its own (n, k, k), k odd."""
    n, c, h, w = x.shape
    reach = kernels.shape[-1] // 2
    padded = F.pad(x, (reach,) * 4, "replicate").reshape(1, n * c, h + 2 * reach, w + 2 * reach)
    return F.conv2d(padded, kernels.repeat_interleave(c, 0)[:, None], groups=n * c).reshape(n, c, h, w)


def streaks(length: Tensor, angle: Tensor, side: int) -> Tensor:
    """Straight lines (n, side, side) of `length` pixels through the middle at `angle` radians, each of sum 1."""
    at = torch.arange(side, device=length.device).float() - side // 2
    ys, xs = torch.meshgrid(at, at, indexing="ij")
    along = xs * angle.cos()[:, None, None] + ys * angle.sin()[:, None, None]
    across = ys * angle.cos()[:, None, None] - xs * angle.sin()[:, None, None]
    line = (1 - across.abs()).clamp(min=0) * (along.abs() <= length[:, None, None] / 2)
    return line / line.flatten(1).sum(1).clamp(min=1e-6)[:, None, None]


def cosines(side: int = 8) -> Tensor:
    """The orthonormal DCT-II (side, side)."""
    k = np.arange(side)
    table = np.sqrt(2 / side) * np.cos(np.pi * (2 * k[None] + 1) * k[:, None] / (2 * side))
    table[0] /= np.sqrt(2)
    return torch.from_numpy(table).float()
