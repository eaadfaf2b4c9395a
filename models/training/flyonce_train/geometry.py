"""How a picture falls into the training canvas: scale, place, rotation, tilt."""

from dataclasses import dataclass

import numpy as np

INPUT_WH = (640, 384)
"""Width and height at which pictures are judged, pixels."""


@dataclass(frozen=True)
class Canvas:
    """What samples are drawn on: width and height in pixels, the share of pictures shown whole as they are judged, and whether
    quiet, as at the end of a run: no mosaics and mild colours."""

    size: tuple[int, int] = (640, 384)
    plain: float = 0.4
    quiet: bool = False


def _zoom(rng: np.random.Generator, canvas: Canvas) -> float:
    """Scale relative to the letterboxed size: as fits the whole canvas, near 1, closer, or further away."""
    if rng.random() < canvas.plain:
        fits = min(canvas.size[0] / INPUT_WH[0], canvas.size[1] / INPUT_WH[1])
        return fits * float(rng.uniform(0.95, 1.05))
    kind = rng.random()
    if kind < 0.35:
        return float(rng.uniform(0.9, 1.15))
    if kind < 0.68:
        return float(np.exp(rng.uniform(np.log(1.15), np.log(2.4))))
    return float(np.exp(rng.uniform(np.log(0.3), np.log(0.9))))


@dataclass(frozen=True)
class Turn:
    """How far a picture may be turned: any angle, by quarters, or leaning (standard deviation in degrees)."""

    any_angle: bool
    quarters: bool
    lean_deg: float


def draw_pose(
    size: tuple[int, int], turn: Turn, canvas: Canvas, rng: np.random.Generator, zoom: float | None = None
) -> np.ndarray:
    """A random homography (3, 3: canvas pixels from picture pixels) that keeps a good part of a picture of `size` in view."""
    across, down = canvas.size
    width, height = size
    angle = np.deg2rad(rng.normal(0, turn.lean_deg))
    if turn.any_angle:
        angle = rng.uniform(0, 2 * np.pi)
    quarter = int(rng.integers(4)) if turn.quarters else 0
    wide, high = (height, width) if quarter % 2 else (width, height)
    scale = min(INPUT_WH[0] / wide, INPUT_WH[1] / high) * (zoom or _zoom(rng, canvas))
    stretch = float(np.exp(rng.uniform(-0.15, 0.15)))
    sx, sy = scale * stretch, scale / stretch
    flip = -1.0 if rng.random() < 0.5 else 1.0
    c, s = np.cos(angle), np.sin(angle)
    qc, qs = ((1, 0), (0, 1), (-1, 0), (0, -1))[quarter]
    centre = np.array([[1, 0, -width / 2], [0, 1, -height / 2], [0, 0, 1]])
    linear = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ np.diag([sx * flip, sy, 1.0])
    linear = linear @ np.array([[qc, -qs, 0], [qs, qc, 0], [0, 0, 1]])
    free_x = abs(wide * sx - across) / 2 + 0.06 * across
    free_y = abs(high * sy - down) / 2 + 0.06 * down
    place = np.eye(3)
    place[:2, 2] = np.array([across, down]) / 2 + rng.uniform(-1, 1, 2) * (free_x, free_y)
    tilt = np.eye(3)
    if rng.random() < 0.3:
        tilt[2, :2] = rng.uniform(-0.0006, 0.0006, 2)
    return place @ tilt @ linear @ centre


def bounds(boxes: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Corners (n, 4) around boxes (n, 4: corners) moved by a homography."""
    if not len(boxes):
        return np.zeros((0, 4))
    corners = boxes[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 2)
    moved = np.hstack([corners, np.ones((len(corners), 1))]) @ matrix.T
    points = (moved[:, :2] / np.maximum(moved[:, 2:], 1e-6)).reshape(-1, 4, 2)
    return np.concatenate([points.min(1), points.max(1)], 1)
