"""Losses of the three heads; every head learns only where its matter is labelled."""

import torch
from torch import Tensor
from torch.nn import functional as F

from ..heads import STRIDES, corners
from ..losses import water_loss
from .assign import assign
from .draws import CELL

WEIGHTS = {"water": 1.0, "fume": 0.25, "dumping": 0.25}
PLANES = {"fume": (0, 1), "dumping": (2,)}
BOX_WEIGHT = 5.0


def known_cells(known: Tensor) -> Tensor:
    """Planes (batch, c, H/8, W/8) as (batch, cells, c) in the order of the box heads."""
    out = []
    for stride in STRIDES:
        step = stride // CELL
        pooled = -F.max_pool2d(-known.float(), step) if step > 1 else known.float()
        out.append(pooled.flatten(2).transpose(1, 2))
    return torch.cat(out, 1)


def giou_loss(boxes: Tensor, truth: Tensor) -> Tensor:
    """1 - generalised IoU of pairs (n, 4) (Rezatofighi et al., CVPR 2019)."""
    low, high = torch.maximum(boxes[:, :2], truth[:, :2]), torch.minimum(boxes[:, 2:], truth[:, 2:])
    both = (high - low).clamp(min=0).prod(1)
    union = (boxes[:, 2:] - boxes[:, :2]).prod(1) + (truth[:, 2:] - truth[:, :2]).prod(1) - both
    hull = torch.maximum(boxes[:, 2:], truth[:, 2:]) - torch.minimum(boxes[:, :2], truth[:, :2])
    around = hull.prod(1).clamp(min=1e-6)
    return 1.0 - both / union.clamp(min=1e-6) + (around - union) / around


def box_loss(raw: Tensor, grid: Tensor, truth: list[Tensor], known: Tensor, planes: tuple[int, ...]) -> Tensor:
    """Raw head (batch, cells, c + 4), boxes a picture (n, 5: plane and corners), known cells (batch, cells, c)."""
    classes = len(planes)
    logits, boxes = raw[..., :classes], corners(raw[..., classes:], grid)
    scores = torch.sigmoid(logits.detach())
    cls_sum, box_sum, positive = raw.new_zeros(()), raw.new_zeros(()), raw.new_zeros(())
    for i, rows in enumerate(truth):
        mine = rows[(rows[:, 0] >= planes[0]) & (rows[:, 0] <= planes[-1])]
        labels = (mine[:, 0] - planes[0]).long()
        target, owner = assign(scores[i], boxes[i].detach(), grid, mine[:, 1:], labels)
        weight = torch.maximum(known[i], (target > 0).float())
        cls_sum = cls_sum + (F.binary_cross_entropy_with_logits(logits[i], target, reduction="none") * weight).sum()
        held = owner >= 0
        worth = target[held].sum(1)
        box_sum = box_sum + (giou_loss(boxes[i][held], mine[owner[held], 1:]) * worth).sum()
        positive = positive + worth.sum()
    return (cls_sum + BOX_WEIGHT * box_sum) / positive.clamp(min=6.0)


def joint_loss(
    out: tuple[Tensor, Tensor, Tensor], grid: Tensor, mask: Tensor, truth: list[Tensor], known: Tensor
) -> dict[str, Tensor]:
    """The weighted sum as "total", and its parts for the log."""
    water, *raws = out
    parts = {}
    labelled = (mask != 255).flatten(1).any(1)
    parts["water"] = water_loss(water[labelled], mask[labelled]) if labelled.any() else water.sum() * 0.0
    where = known_cells(known)
    for name, raw in zip(("fume", "dumping"), raws, strict=True):
        planes = PLANES[name]
        parts[name] = box_loss(raw, grid, truth, where[..., list(planes)], planes)
    parts["total"] = sum((WEIGHTS[name] * part for name, part in parts.items()), torch.zeros(()))
    return parts
