"""Losses of the three heads; every head learns only where its matter is labelled."""

import torch
from torch import Tensor
from torch.nn import functional as F

from .assign import assign
from .heads import STRIDES, corners
from .plan import CELL
from .water_losses import water_loss

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
    """1 - generalised IoU of pairs (..., 4) (Rezatofighi et al., CVPR 2019)."""
    low, high = torch.maximum(boxes[..., :2], truth[..., :2]), torch.minimum(boxes[..., 2:], truth[..., 2:])
    both = (high - low).clamp(min=0).prod(-1)
    union = (boxes[..., 2:] - boxes[..., :2]).prod(-1) + (truth[..., 2:] - truth[..., :2]).prod(-1) - both
    hull = torch.maximum(boxes[..., 2:], truth[..., 2:]) - torch.minimum(boxes[..., :2], truth[..., :2])
    around = hull.prod(-1).clamp(min=1e-6)
    return 1.0 - both / union.clamp(min=1e-6) + (around - union) / around


def box_loss(raw: Tensor, grid: Tensor, truth: Tensor, known: Tensor, planes: tuple[int, ...]) -> Tensor:
    """Raw head (batch, cells, c + 4), boxes (batch, m, 5: plane, -1 for none, and corners), known cells (batch, cells, c)."""
    logits, boxes = raw[..., : len(planes)], corners(raw[..., len(planes) :], grid)
    classes = truth[..., 0].long()
    mine = (classes >= planes[0]) & (classes <= planes[-1])
    labels = torch.where(mine, classes - planes[0], -1)
    target, owner = assign(torch.sigmoid(logits.detach()), boxes.detach(), grid, truth[..., 1:], labels)
    weight = torch.maximum(known, (target > 0).float())
    of_class = (F.binary_cross_entropy_with_logits(logits, target, reduction="none") * weight).sum()
    worth = target.sum(2)
    answered = truth[..., 1:].gather(1, owner.clamp(min=0)[..., None].expand(-1, -1, 4))
    answered = torch.where((owner >= 0)[..., None], answered, boxes.detach())
    of_box = (giou_loss(boxes, answered) * worth).sum()
    return (of_class + BOX_WEIGHT * of_box) / worth.sum().clamp(min=6.0)


def joint_loss(out: tuple[Tensor, Tensor, Tensor], grid: Tensor, mask: Tensor, truth: Tensor, known: Tensor) -> dict[str, Tensor]:
    """The weighted sum as "total", and its parts for the log."""
    water, *raws = out
    parts = {}
    labelled = (mask != 255).flatten(1).any(1)
    parts["water"] = water_loss(water[labelled], mask[labelled]) if labelled.any() else water.sum() * 0.0
    where = known_cells(known)
    for name, raw in zip(("fume", "dumping"), raws, strict=True):
        planes = PLANES[name]
        parts[name] = box_loss(raw, grid, truth, where[..., list(planes)], planes)
    parts["total"] = sum((WEIGHTS[name] * part for name, part in parts.items()), torch.zeros((), device=water.device))
    return parts
