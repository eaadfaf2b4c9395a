"""Real plumes, cut out along their masks, blown into pictures that have none."""

from pathlib import Path

import cv2
import numpy as np

from .pictures import Picture, load

LEAST_SIDE_PX = 24


class Plumes:
    """Cut-outs of masked smoke."""

    def __init__(self, pictures: list[Picture], cache: Path) -> None:
        self.patches = [cut for p in pictures if (cut := _cut(np.asarray(load(cache, p)))) is not None]

    def paste(self, rgb: np.ndarray, rng: np.random.Generator) -> np.ndarray | None:
        """Blends one plume into the picture, in place; its box in pixels, or None where it would hardly show."""
        patch, alpha = self.patches[int(rng.integers(len(self.patches)))]
        height, width = rgb.shape[:2]
        if rng.random() < 0.5:
            patch, alpha = patch[:, ::-1], alpha[:, ::-1]
        side = float(np.exp(rng.uniform(np.log(20), np.log(0.6 * height))))
        scale = side / max(alpha.shape)
        size = (max(6, round(alpha.shape[1] * scale)), max(6, round(alpha.shape[0] * scale)))
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        patch = cv2.resize(np.ascontiguousarray(patch), size, interpolation=how).astype(np.float32)
        alpha = cv2.resize(np.ascontiguousarray(alpha), size, interpolation=how) * rng.uniform(0.7, 1.0)
        if rng.random() < 0.3:
            patch *= rng.uniform(0.25, 0.7)
        x = int(rng.integers(0, max(1, width - size[0])))
        y = int(rng.integers(0, max(1, height - size[1])))
        under = rgb[y : y + size[1], x : x + size[0]].astype(np.float32)
        patch, alpha = patch[: under.shape[0], : under.shape[1]], alpha[: under.shape[0], : under.shape[1], None]
        mixed = under * (1 - alpha) + patch * alpha
        if np.abs(mixed - under).mean() < 14:
            return None
        rgb[y : y + under.shape[0], x : x + under.shape[1]] = np.clip(mixed, 0, 255).astype(np.uint8)
        return np.array([x, y, x + under.shape[1], y + under.shape[0]], np.float64)


def _cut(picture: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """The largest connected plume (RGB) and its soft mask (0 to 1)."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats((picture[..., 3] == 1).astype(np.uint8))
    if count < 2:
        return None
    largest = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
    x, y, w, h = stats[largest, :4]
    if min(w, h) < LEAST_SIDE_PX:
        return None
    alpha = (labels[y : y + h, x : x + w] == largest).astype(np.float32)
    soft = cv2.GaussianBlur(alpha, (0, 0), max(1.0, 0.03 * min(w, h))) * alpha
    return np.ascontiguousarray(picture[y : y + h, x : x + w, :3]), soft
