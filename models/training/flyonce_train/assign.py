"""Which cells answer for which box: task-aligned assignment (TOOD, Feng et al., ICCV 2021, section 3.2), a batch at a time."""

import torch
from torch import Tensor
from torch.nn import functional as F

TOP = 10
ALPHA, BETA = 0.5, 5.0


def iou(a: Tensor, b: Tensor) -> Tensor:
    """Of boxes a (batch, n, 4) with boxes b (batch, m, 4): (batch, n, m)."""
    low = torch.maximum(a[:, :, None, :2], b[:, None, :, :2])
    high = torch.minimum(a[:, :, None, 2:], b[:, None, :, 2:])
    both = (high - low).clamp(min=0).prod(-1)
    areas = [(x[..., 2:] - x[..., :2]).clamp(min=0).prod(-1) for x in (a, b)]
    return both / (areas[0][:, :, None] + areas[1][:, None] - both).clamp(min=1e-6)


def _may(grid: Tensor, truth: Tensor) -> Tensor:
    """Cells (batch, n, m) inside a box, or beside the middle of a small one."""
    x, y, stride = grid[:, 0, None], grid[:, 1, None], grid[:, 2, None]
    x0, y0, x1, y1 = truth[:, None].unbind(-1)
    inside = (x > x0) & (x < x1) & (y > y0) & (y < y1)
    beside = torch.maximum((x - (x0 + x1) / 2).abs(), (y - (y0 + y1) / 2).abs()) < 0.8 * stride
    return inside | beside


@torch.no_grad()
def assign(scores: Tensor, boxes: Tensor, grid: Tensor, truth: Tensor, classes: Tensor) -> tuple[Tensor, Tensor]:
    """Predicted scores (batch, n, c) and boxes (batch, n, 4), truth (batch, m, 4) with classes (batch, m; -1: no box there):
    the target scores (batch, n, c) and the box a cell answers for (batch, n; -1: none)."""
    label = classes.clamp(min=0)
    overlap = iou(boxes, truth)
    of_class = scores.gather(2, label[:, None].expand(-1, scores.shape[1], -1))
    worth = of_class**ALPHA * overlap**BETA * _may(grid, truth) * (classes >= 0)[:, None]
    best = worth.topk(min(TOP, worth.shape[1]), 1).indices
    chosen = torch.zeros_like(worth, dtype=torch.bool).scatter_(1, best, True) & (worth > 0)
    only = F.one_hot((overlap * chosen).argmax(2), truth.shape[1]).bool()
    chosen &= only | (chosen.sum(2, keepdim=True) <= 1)
    owned = chosen.any(2)
    owner = torch.where(owned, chosen.float().argmax(2), -1)
    kept = worth * chosen
    scale = (overlap * chosen).amax(1) / kept.amax(1).clamp(min=1e-9)
    mine = owner.clamp(min=0)
    value = (kept * scale[:, None]).gather(2, mine[..., None]) * owned[..., None]
    target = torch.zeros_like(scores).scatter_(2, label.gather(1, mine)[..., None], value)
    return target, owner
