"""What a pupil learns from its teacher's answers on the same picture (Hinton et al., 2015; taught while the teacher still learns:
Anil et al., ICLR 2018). Answers are soft, and are there where nothing is labelled, too."""

import torch
from torch import Tensor
from torch.nn import functional as F

from .box_losses import BOX_WEIGHT, PLANES, WEIGHTS, giou_loss
from .heads import corners

LEAST_SURE = 0.05
"""Score of the teacher below which its box is not learnt; that nothing is there is."""

FROM, UNTIL, MOST = 0.2, 0.45, 0.6
"""Part of the run before which the teacher is not asked, from which it has its full say, and that say."""


def share_at(progress: float) -> float:
    """Weight of the teacher's answers; the labels have the rest."""
    return MOST * min(1.0, max(0.0, (progress - FROM) / (UNTIL - FROM)))


def _boxes(raw: Tensor, taught: Tensor, grid: Tensor, classes: int) -> Tensor:
    """Raw heads (batch, cells, classes + 4) of pupil and teacher."""
    score = torch.sigmoid(taught[..., :classes])
    of_class = F.binary_cross_entropy_with_logits(raw[..., :classes], score, reduction="sum")
    worth = score.amax(-1)
    worth = torch.where(worth > LEAST_SURE, worth, 0.0)
    apart = giou_loss(corners(raw[..., classes:], grid), corners(taught[..., classes:], grid))
    return (of_class + BOX_WEIGHT * (apart * worth).sum()) / worth.sum().clamp(min=6.0)


def taught_loss(out: tuple[Tensor, Tensor, Tensor], taught: tuple[Tensor, Tensor, Tensor], grid: Tensor) -> Tensor:
    """Cross entropy of all scores against the teacher's, and generalised IoU of the boxes it is sure of; heads weigh as in `joint_loss`."""
    water = F.binary_cross_entropy_with_logits(out[0].float(), torch.sigmoid(taught[0].float()))
    total = WEIGHTS["water"] * water
    for (name, planes), raw, answer in zip(PLANES.items(), out[1:], taught[1:], strict=True):
        total = total + WEIGHTS[name] * _boxes(raw, answer, grid, len(planes))
    return total
