"""Task heads: each reads the neck's maps and nothing else."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .neck import separable


class MaskHead(nn.Module):
    """Logits (batch, 1, H/4, W/4) of a region class."""

    def __init__(self, width: int = 64, prior: float = 0.2) -> None:
        super().__init__()
        self.body = separable(width)
        self.last = nn.Conv2d(width, 1, 1)
        nn.init.normal_(self.last.weight, std=0.01)
        nn.init.constant_(self.last.bias, float(torch.logit(torch.tensor(prior))))

    def forward(self, maps: list[Tensor]) -> Tensor:
        return self.last(self.body(maps[0]))


STRIDES = (8, 16, 32)


class BoxHead(nn.Module):
    """Anchor-free boxes: per cell of strides 8, 16 and 32 the logits of the classes and the distances to the four sides.

    Out: (batch, cells, classes + 4), cells row by row, fine to coarse; distances left, top, right, bottom in strides.
    """

    def __init__(self, classes: int, width: int = 64, tower: int = 80, prior: float = 0.02) -> None:
        super().__init__()
        self.classes = classes
        self.towers = nn.ModuleList(nn.Sequential(separable(width, 5, tower), separable(tower)) for _ in STRIDES)
        self.last = nn.ModuleList(nn.Conv2d(tower, classes + 4, 1) for _ in STRIDES)
        for conv in self.last:
            nn.init.normal_(conv.weight, std=0.01)
            nn.init.constant_(conv.bias, 2.0)
            nn.init.constant_(conv.bias[:classes], float(torch.logit(torch.tensor(prior))))

    def forward(self, maps: list[Tensor]) -> Tensor:
        out = []
        for tower, last, level in zip(self.towers, self.last, maps, strict=True):
            raw = last(tower(level))
            out.append(raw.flatten(2).transpose(1, 2))
        raw = torch.cat(out, 1).float()
        return torch.cat([raw[..., : self.classes], F.softplus(raw[..., self.classes :])], -1)


def cells(height: int, width: int) -> Tensor:
    """Centre x, centre y and stride (n, 3) of the cells of an input of this size, pixels."""
    out = []
    for stride in STRIDES:
        ys, xs = torch.meshgrid(torch.arange(height // stride), torch.arange(width // stride), indexing="ij")
        centre = (torch.stack([xs, ys], -1).reshape(-1, 2) + 0.5) * stride
        out.append(torch.cat([centre, torch.full((len(centre), 1), float(stride))], 1))
    return torch.cat(out)


def corners(distances: Tensor, grid: Tensor) -> Tensor:
    """Boxes (..., 4) as x0, y0, x1, y1 in pixels from distances in strides."""
    centre, stride = grid[:, :2], grid[:, 2:]
    return torch.cat([centre - distances[..., :2] * stride, centre + distances[..., 2:] * stride], -1)
