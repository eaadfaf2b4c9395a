"""Geometric augmentation: scale, place, rotation, small pictures in a bigger canvas, mosaics."""

from dataclasses import dataclass

import cv2
import numpy as np

from ..letterbox import PAD

SIDE = 320
INPUT_WH = (640, 384)


@dataclass(frozen=True)
class Pose:
    """How a source picture falls into the training square: 3x3 matrix and its scale."""

    matrix: np.ndarray
    scale: float


def _zoom(rng: np.random.Generator) -> float:
    """Scale relative to the letterboxed size: near 1, closer, or further away."""
    kind = rng.random()
    if kind < 0.35:
        return float(rng.uniform(0.9, 1.15))
    if kind < 0.68:
        return float(np.exp(rng.uniform(np.log(1.15), np.log(2.4))))
    return float(np.exp(rng.uniform(np.log(0.3), np.log(0.9))))


def draw_pose(shape: tuple[int, ...], aerial: bool, nadir: bool, rng: np.random.Generator, zoom: float | None = None) -> Pose:
    """A random pose that keeps a good part of the picture in view."""
    height, width = shape[:2]
    scale = min(INPUT_WH[0] / width, INPUT_WH[1] / height) * (zoom or _zoom(rng))
    stretch = float(np.exp(rng.uniform(-0.15, 0.15)))
    sx, sy = scale * stretch, scale / stretch
    flip = -1.0 if rng.random() < 0.5 else 1.0
    angle = rng.uniform(0, 2 * np.pi) if nadir else np.deg2rad(rng.normal(0, 12 if aerial else 4))
    c, s = np.cos(angle), np.sin(angle)
    centre = np.array([[1, 0, -width / 2], [0, 1, -height / 2], [0, 0, 1]])
    linear = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ np.diag([sx * flip, sy, 1.0])
    free_x = max(0.0, width * sx - SIDE) / 2 + 0.12 * SIDE
    free_y = max(0.0, height * sy - SIDE) / 2 + 0.12 * SIDE
    if width * sx < SIDE:
        free_x = max(free_x, (SIDE - width * sx) / 2)
    if height * sy < SIDE:
        free_y = max(free_y, (SIDE - height * sy) / 2)
    place = np.eye(3)
    place[:2, 2] = SIDE / 2 + rng.uniform(-1, 1, 2) * (free_x, free_y)
    tilt = np.eye(3)
    if rng.random() < 0.3:
        tilt[2, :2] = rng.uniform(-0.0006, 0.0006, 2)
    return Pose(place @ tilt @ linear @ centre, scale)


def warp(picture: np.ndarray, pose: Pose) -> tuple[np.ndarray, np.ndarray]:
    """RGB and mask in the training square; outside the picture RGB is the pad and the mask 255."""
    matrix = pose.matrix
    source = np.ascontiguousarray(picture)
    if pose.scale < 0.6:
        shrunk = cv2.resize(source[..., :3], None, fx=pose.scale, fy=pose.scale, interpolation=cv2.INTER_AREA)
        ratio = np.diag([source.shape[1] / shrunk.shape[1], source.shape[0] / shrunk.shape[0], 1.0])
        rgb = _project(shrunk, matrix @ ratio, cv2.INTER_LINEAR, (PAD, PAD, PAD))
    else:
        rgb = _project(np.ascontiguousarray(source[..., :3]), matrix, cv2.INTER_LINEAR, (PAD, PAD, PAD))
    mask = _project(np.ascontiguousarray(source[..., 3]), matrix, cv2.INTER_NEAREST, 255)
    return rgb, mask


def _project(source: np.ndarray, matrix: np.ndarray, how: int, border: object) -> np.ndarray:
    return cv2.warpPerspective(
        source, matrix, (SIDE, SIDE), flags=how, borderMode=cv2.BORDER_CONSTANT, borderValue=border
    )


def outside(picture: np.ndarray, pose: Pose) -> np.ndarray:
    """True where the training square lies outside the picture."""
    ones = np.ones(picture.shape[:2], np.uint8)
    return _project(ones, pose.matrix, cv2.INTER_NEAREST, 0) == 0


def mosaic(parts: list[tuple[np.ndarray, np.ndarray]], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Four squares reduced into the quarters around a random cross."""
    x, y = (int(v) for v in rng.uniform(0.35, 0.65, 2) * SIDE)
    rgb = np.empty((SIDE, SIDE, 3), np.uint8)
    mask = np.empty((SIDE, SIDE), np.uint8)
    boxes = [(0, 0, x, y), (x, 0, SIDE, y), (0, y, x, SIDE), (x, y, SIDE, SIDE)]
    for (part, part_mask), (x0, y0, x1, y1) in zip(parts, boxes, strict=True):
        size = (x1 - x0, y1 - y0)
        rgb[y0:y1, x0:x1] = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
        mask[y0:y1, x0:x1] = cv2.resize(part_mask, size, interpolation=cv2.INTER_NEAREST)
    return rgb, mask
