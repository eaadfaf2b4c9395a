"""Real plumes, cut out along their masks, blown into pictures that have none."""

import cv2
import numpy as np
import torch
from torch import Tensor

from .bank import Bank
from .pictures import Picture
from .plan import Batch

LEAST_SIDE_PX = 24
LEAST_CHANGE = 14.0
"""Mean change of the pixels of its box below which a plume would hardly show."""


def plume_bank(bank: Bank, pictures: list[Picture]) -> Bank:
    """Cut-outs of masked smoke; the fourth byte is how much they cover, 0 to 255."""
    masked = (bank.picture(i) for i, p in enumerate(pictures) if p.group == "fume" and p.mask)
    return Bank.of([cut for pixels in masked if (cut := _cut(pixels)) is not None])


def _cut(picture: np.ndarray) -> np.ndarray | None:
    """The largest connected plume with a soft edge."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats((picture[..., 3] == 1).astype(np.uint8))
    if count < 2:
        return None
    largest = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
    x, y, w, h = stats[largest, :4]
    if min(w, h) < LEAST_SIDE_PX:
        return None
    alpha = (labels[y : y + h, x : x + w] == largest).astype(np.float32)
    soft = cv2.GaussianBlur(alpha, (0, 0), max(1.0, 0.03 * min(w, h))) * alpha
    return np.dstack([picture[y : y + h, x : x + w, :3], (255 * soft).astype(np.uint8)])


def blow(rgb: Tensor, mask: Tensor, batch: Batch, plumes: Bank) -> None:
    """Blends the planned plumes into rgb (batch, 3, H, W; 0..255), in place, with their boxes; water under them is unknown."""
    rows = (batch.plume >= 0).nonzero()[:, 0]
    if not len(rows):
        return
    index, box, change = batch.plume[rows], batch.plume_box[rows], batch.plume_change[rows]
    matrix = _patch_from_canvas(plumes.size[0, index].float(), box, change[:, 0])
    patch, _, inside = plumes.sample(index, matrix, (rgb.shape[3], rgb.shape[2]))
    alpha = patch[:, 3] / 255.0 * change[:, 1, None, None] * inside
    under = rgb[rows]
    mixed = under + (patch[:, :3] * change[:, 2, None, None, None] - under) * alpha[:, None]
    area = inside.flatten(1).sum(1).clamp(min=1)
    shows = (mixed - under).abs().mean(1).flatten(1).sum(1) / area >= LEAST_CHANGE
    seen = rows[shows]
    rgb[seen] = mixed[shows]
    mask[seen] = torch.where((mask[seen] == 1) & (alpha[shows] > 0.1), 255, mask[seen])
    batch.boxes[seen, -1, 0] = 0.0
    batch.boxes[seen, -1, 1:] = box[shows].to(batch.boxes.dtype)


def _patch_from_canvas(size: Tensor, box: Tensor, flip: Tensor) -> Tensor:
    """(n, 3, 3)."""
    scale = size / (box[:, 2:] - box[:, :2])
    matrix = torch.zeros(len(size), 3, 3, device=size.device)
    turned = torch.where(flip > 0, -1.0, 1.0)
    matrix[:, 0, 0] = scale[:, 0] * turned
    matrix[:, 0, 2] = torch.where(flip > 0, size[:, 0] + box[:, 0] * scale[:, 0], -box[:, 0] * scale[:, 0])
    matrix[:, 1, 1] = scale[:, 1]
    matrix[:, 1, 2] = -box[:, 1] * scale[:, 1]
    matrix[:, 2, 2] = 1.0
    return matrix
