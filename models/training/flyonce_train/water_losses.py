"""Losses on mask logits; 255 in a mask is ignored."""

import torch
from torch import Tensor
from torch.nn import functional as F

IGNORE = 255


def _bce(logits: Tensor, target: Tensor, valid: Tensor, dry_weight: float) -> Tensor:
    """Per-picture mean cross entropy; pictures without water count `dry_weight` times."""
    raw = F.binary_cross_entropy_with_logits(logits, target, reduction="none") * valid
    each = raw.flatten(1).sum(1) / valid.flatten(1).sum(1).clamp(min=1.0)
    dry = (target * valid).flatten(1).sum(1) == 0
    return (each * torch.where(dry, dry_weight, 1.0)).mean()


def _dice(logits: Tensor, target: Tensor, valid: Tensor) -> Tensor:
    """Soft dice pooled over the batch."""
    p = torch.sigmoid(logits) * valid
    t = target * valid
    return 1.0 - (2.0 * (p * t).sum() + 1.0) / (p.sum() + t.sum() + 1.0)


def _alarm(logits: Tensor, target: Tensor, valid: Tensor, share: float) -> Tensor:
    """Cross entropy of 'is there water at all' against the mean of the highest logits of each picture."""
    flat = logits.masked_fill(valid == 0, -20.0).flatten(1)
    top = flat.topk(max(1, int(flat.shape[1] * share)), dim=1).values.mean(1)
    wet_share = (target * valid).flatten(1).mean(1)
    sure = (wet_share == 0) | (wet_share >= share)
    label = (wet_share >= share).float()
    raw = F.binary_cross_entropy_with_logits(top, label, reduction="none") * sure
    return raw.sum() / sure.sum().clamp(min=1)


def water_loss(logits: Tensor, mask: Tensor, dry_weight: float = 2.0) -> Tensor:
    """Logits (batch, 1, h, w) at any stride against masks (batch, H, W) of 0, 1 and 255; on every second pixel."""
    mask = mask[:, ::2, ::2]
    full = F.interpolate(logits.float(), size=mask.shape[1:], mode="bilinear", align_corners=False)[:, 0]
    valid = (mask != IGNORE).float()
    target = (mask == 1).float()
    small = logits[:, 0].float()
    small_mask = F.interpolate(mask[:, None].float(), size=small.shape[1:], mode="nearest")[:, 0]
    alarm = _alarm(small, (small_mask == 1).float(), (small_mask != IGNORE).float(), 0.01)
    return _bce(full, target, valid, dry_weight) + 0.5 * _dice(full, target, valid) + 0.2 * alarm
