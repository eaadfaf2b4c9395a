"""What a network learns from the answers of others on the same picture (Hinton et al., 2015; taught while the teacher still learns:
Anil et al., ICLR 2018). Answers are soft, and are there where nothing is labelled, too."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from .box_losses import BOX_WEIGHT, PLANES, WEIGHTS, giou_loss
from .heads import corners

LEAST_SURE = 0.05
"""Score of an answer below which its box is not learnt; that nothing is there is."""

FROM, UNTIL, MOST = 0.2, 0.45, 0.6
"""Part of the run before which a teacher that learns too is not asked, from which it has its full say, and that say."""

SAY_OF_TRAINED = 0.7
"""Say of networks that have learnt before."""

SUREST = 9.0
"""Largest logit that counts when answers are joined."""


@dataclass
class Answers:
    """Water probability (batch, 1, H/4, W/4); per head scores (batch, cells, classes) and corners (batch, cells, 4) in input pixels."""

    water: Tensor
    boxes: dict[str, tuple[Tensor, Tensor]]


def answers_of(out: tuple[Tensor, Tensor, Tensor], grid: Tensor) -> Answers:
    """What a network says, of its raw outputs."""
    boxes = {}
    for (name, planes), raw in zip(PLANES.items(), out[1:], strict=True):
        classes = len(planes)
        boxes[name] = (torch.sigmoid(raw[..., :classes].float()), corners(raw[..., classes:].float(), grid))
    return Answers(torch.sigmoid(out[0].float()), boxes)


def joined(answers: list[Answers], shares: list[float]) -> Answers:
    """Of several networks: mean water, scores of the mean logit (one that sees nothing counts), corners by score."""
    water = sum(share * each.water for share, each in zip(shares, answers, strict=True))
    boxes = {}
    for name in PLANES:
        logits = [torch.logit(each.boxes[name][0], 1e-6).clamp(-SUREST, SUREST) for each in answers]
        score = torch.sigmoid(sum(share * logit for share, logit in zip(shares, logits, strict=True)))
        worths = [share * torch.sigmoid(logit).amax(-1, keepdim=True) + 1e-6 for share, logit in zip(shares, logits, strict=True)]
        places = sum(worth * each.boxes[name][1] for worth, each in zip(worths, answers, strict=True))
        boxes[name] = (score, places / sum(worths))
    return Answers(water, boxes)  # type: ignore[arg-type]


def share_at(progress: float) -> float:
    """Weight of a learning teacher's answers; the labels have the rest."""
    return MOST * min(1.0, max(0.0, (progress - FROM) / (UNTIL - FROM)))


def _boxes(raw: Tensor, answer: tuple[Tensor, Tensor], grid: Tensor, classes: int) -> Tensor:
    """Raw head (batch, cells, classes + 4) of the network that learns."""
    score, places = answer
    of_class = F.binary_cross_entropy_with_logits(raw[..., :classes], score, reduction="sum")
    worth = score.amax(-1)
    worth = torch.where(worth > LEAST_SURE, worth, 0.0)
    apart = giou_loss(corners(raw[..., classes:], grid), places)
    return (of_class + BOX_WEIGHT * (apart * worth).sum()) / worth.sum().clamp(min=6.0)


def taught_loss(out: tuple[Tensor, Tensor, Tensor], answers: Answers, grid: Tensor) -> Tensor:
    """Cross entropy of all scores against the answers, and generalised IoU of the boxes they are sure of; heads weigh as in `joint_loss`."""
    total = WEIGHTS["water"] * F.binary_cross_entropy_with_logits(out[0].float(), answers.water)
    for (name, planes), raw in zip(PLANES.items(), out[1:], strict=True):
        total = total + WEIGHTS[name] * _boxes(raw, answers.boxes[name], grid, len(planes))
    return total
