"""Draws the golden picture of the waterlogging pack: a street with a puddle, from nothing but arithmetic."""

import cv2
import numpy as np

SIZE = (384, 640)
HOUSES = (
    (0, 150, 120, (150, 120, 95)),
    (170, 120, 90, (175, 165, 150)),
    (470, 170, 135, (120, 110, 118)),
)
"""Left edge, width, height above the ground line, colour."""


def noise(rng: np.random.Generator, cells: int, level: float) -> np.ndarray:
    grid = rng.normal(0, level, (cells, cells * 5 // 3)).astype(np.float32)
    return cv2.resize(grid, SIZE[::-1], interpolation=cv2.INTER_CUBIC)


def draw() -> np.ndarray:
    """RGB (384, 640, 3)."""
    rng = np.random.default_rng(7)
    rows = np.arange(SIZE[0], dtype=np.float32)[:, None, None] / SIZE[0]
    picture = np.array([150, 175, 205], np.float32) + rows * 60 + noise(rng, 6, 6)[..., None]
    ground = np.array([108, 104, 100], np.float32) + noise(rng, 96, 9)[..., None] + noise(rng, 8, 5)[..., None]
    picture[150:] = ground[150:]
    for x, width, height, colour in HOUSES:
        grain = noise(rng, 30, 5)[150 - height : 165, x : x + width, None]
        picture[150 - height : 165, x : x + width] = np.array(colour, np.float32) + grain
        for wx in range(x + 12, x + width - 18, 28):
            picture[160 - height : 185 - height, wx : wx + 14] = (60, 68, 80)
    water = picture[::-1] * 0.55 + np.array([60, 52, 40], np.float32) + noise(rng, 60, 4)[..., None]
    water = cv2.GaussianBlur(np.roll(water, -84, axis=0), (0, 0), 2.0)
    shape = np.zeros(SIZE, np.uint8)
    cv2.ellipse(shape, (330, 285), (230, 62), 4, 0, 360, 255, -1)
    cv2.ellipse(shape, (180, 320), (110, 34), -8, 0, 360, 255, -1)
    edge = cv2.GaussianBlur(shape.astype(np.float32) / 255, (0, 0), 1.5)[..., None]
    picture = picture * (1 - edge) + water * edge
    cv2.rectangle(picture, (250, 205), (345, 262), (160, 40, 36), -1)
    cv2.rectangle(picture, (265, 185), (330, 207), (60, 70, 82), -1)
    return np.clip(picture, 0, 255).astype(np.uint8)

