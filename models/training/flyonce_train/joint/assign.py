"""Which cells answer for which box: task-aligned assignment (TOOD, Feng et al., ICCV 2021, section 3.2)."""

import torch
from torch import Tensor

TOP = 10
ALPHA, BETA = 0.5, 5.0


def iou(a: Tensor, b: Tensor) -> Tensor:
    """Of boxes a (n, 4) with boxes b (m, 4): (n, m)."""
    low = torch.maximum(a[:, None, :2], b[None, :, :2])
    high = torch.minimum(a[:, None, 2:], b[None, :, 2:])
    both = (high - low).clamp(min=0).prod(-1)
    areas = [(x[:, 2:] - x[:, :2]).clamp(min=0).prod(-1) for x in (a, b)]
    return both / (areas[0][:, None] + areas[1][None] - both).clamp(min=1e-6)


def _may(grid: Tensor, truth: Tensor) -> Tensor:
    """Cells (n, boxes) inside a box, or beside the middle of a small one."""
    x, y, stride = grid[:, 0:1], grid[:, 1:2], grid[:, 2:3]
    inside = (x > truth[:, 0]) & (x < truth[:, 2]) & (y > truth[:, 1]) & (y < truth[:, 3])
    cx, cy = (truth[:, 0] + truth[:, 2]) / 2, (truth[:, 1] + truth[:, 3]) / 2
    beside = torch.maximum((x - cx).abs(), (y - cy).abs()) < 0.8 * stride
    return inside | beside


@torch.no_grad()
def assign(scores: Tensor, boxes: Tensor, grid: Tensor, truth: Tensor, classes: Tensor) -> tuple[Tensor, Tensor]:
    """Predicted scores (n, c) and boxes (n, 4), truth (m, 4) with classes (m): the target scores (n, c) and the box a cell
    answers for (n; -1: none)."""
    target = torch.zeros_like(scores)
    owner = torch.full((len(grid),), -1, dtype=torch.long)
    if not len(truth):
        return target, owner
    overlap = iou(boxes, truth)
    worth = scores[:, classes] ** ALPHA * overlap**BETA * _may(grid, truth)
    best = worth.topk(min(TOP, len(worth)), 0).indices
    chosen = torch.zeros_like(worth, dtype=torch.bool).scatter_(0, best, True) & (worth > 0)
    several = chosen.sum(1) > 1
    if several.any():
        only = torch.nn.functional.one_hot((overlap * chosen).argmax(1), len(truth)).bool()
        chosen = torch.where(several[:, None], only & chosen, chosen)
    rows = chosen.any(1)
    owner[rows] = chosen[rows].float().argmax(1)
    kept = worth * chosen
    scale = (overlap * chosen).amax(0) / kept.amax(0).clamp(min=1e-9)
    mine = owner[rows]
    target[rows, classes[mine]] = (kept * scale)[rows, mine]
    return target, owner
