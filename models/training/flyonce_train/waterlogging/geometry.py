"""Geometric augmentation: scale, place, rotation, small pictures in a bigger canvas, mosaics."""

from dataclasses import dataclass

import cv2
import numpy as np

from ..letterbox import PAD

INPUT_WH = (640, 384)
Size = tuple[int, int]
"""Width and height of the training canvas, pixels."""


@dataclass(frozen=True)
class Pose:
    """How a source picture falls into the training canvas: 3x3 matrix, its scale, and the canvas."""

    matrix: np.ndarray
    scale: float
    size: Size


def _zoom(rng: np.random.Generator, canvas: "Canvas") -> float:
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
class Canvas:
    """What samples are drawn on: the size, and the share of pictures that are shown whole, as they are judged."""

    size: Size = (320, 320)
    plain: float = 0.0


def draw_pose(
    shape: tuple[int, ...], aerial: bool, nadir: bool, canvas: Canvas, rng: np.random.Generator, zoom: float | None = None
) -> Pose:
    """A random pose that keeps a good part of the picture in view."""
    across, down = canvas.size
    height, width = shape[:2]
    scale = min(INPUT_WH[0] / width, INPUT_WH[1] / height) * (zoom or _zoom(rng, canvas))
    stretch = float(np.exp(rng.uniform(-0.15, 0.15)))
    sx, sy = scale * stretch, scale / stretch
    flip = -1.0 if rng.random() < 0.5 else 1.0
    angle = rng.uniform(0, 2 * np.pi) if nadir else np.deg2rad(rng.normal(0, 12 if aerial else 4))
    c, s = np.cos(angle), np.sin(angle)
    centre = np.array([[1, 0, -width / 2], [0, 1, -height / 2], [0, 0, 1]])
    linear = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ np.diag([sx * flip, sy, 1.0])
    free_x = abs(width * sx - across) / 2 + 0.06 * across
    free_y = abs(height * sy - down) / 2 + 0.06 * down
    place = np.eye(3)
    place[:2, 2] = np.array([across, down]) / 2 + rng.uniform(-1, 1, 2) * (free_x, free_y)
    tilt = np.eye(3)
    if rng.random() < 0.3:
        tilt[2, :2] = rng.uniform(-0.0006, 0.0006, 2)
    return Pose(place @ tilt @ linear @ centre, scale, canvas.size)


def warp(picture: np.ndarray, pose: Pose) -> tuple[np.ndarray, np.ndarray]:
    """RGB and mask in the training canvas; outside the picture RGB is the pad and the mask 255."""
    matrix = pose.matrix
    source = np.ascontiguousarray(picture)
    if pose.scale < 0.6:
        shrunk = cv2.resize(source[..., :3], None, fx=pose.scale, fy=pose.scale, interpolation=cv2.INTER_AREA)
        ratio = np.diag([source.shape[1] / shrunk.shape[1], source.shape[0] / shrunk.shape[0], 1.0])
        rgb = _project(shrunk, matrix @ ratio, pose.size, cv2.INTER_LINEAR, (PAD, PAD, PAD))
    else:
        rgb = _project(np.ascontiguousarray(source[..., :3]), matrix, pose.size, cv2.INTER_LINEAR, (PAD, PAD, PAD))
    mask = _project(np.ascontiguousarray(source[..., 3]), matrix, pose.size, cv2.INTER_NEAREST, 255)
    return rgb, mask


def _project(source: np.ndarray, matrix: np.ndarray, size: Size, how: int, border: object) -> np.ndarray:
    return cv2.warpPerspective(
        source, matrix, size, flags=how, borderMode=cv2.BORDER_CONSTANT, borderValue=border
    )


def outside(picture: np.ndarray, pose: Pose) -> np.ndarray:
    """True where the training canvas lies outside the picture."""
    ones = np.ones(picture.shape[:2], np.uint8)
    return _project(ones, pose.matrix, pose.size, cv2.INTER_NEAREST, 0) == 0


def mosaic(parts: list[tuple[np.ndarray, np.ndarray]], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Four canvases reduced into the quarters around a random cross."""
    height, width = parts[0][1].shape
    x, y = (int(v) for v in rng.uniform(0.35, 0.65, 2) * (width, height))
    rgb = np.empty((height, width, 3), np.uint8)
    mask = np.empty((height, width), np.uint8)
    boxes = [(0, 0, x, y), (x, 0, width, y), (0, y, x, height), (x, y, width, height)]
    for (part, part_mask), (x0, y0, x1, y1) in zip(parts, boxes, strict=True):
        size = (x1 - x0, y1 - y0)
        rgb[y0:y1, x0:x1] = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
        mask[y0:y1, x0:x1] = cv2.resize(part_mask, size, interpolation=cv2.INTER_NEAREST)
    return rgb, mask
