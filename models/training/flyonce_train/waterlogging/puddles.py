"""Drawn-in puddles (label 1) and things that look like them (label 0): shade, damp ground, wet road."""

import cv2
import numpy as np

COARSE = 96
COLOURS = (
    (120, 95, 70),
    (150, 122, 92),
    (185, 162, 136),
    (205, 190, 170),
    (105, 105, 100),
    (150, 160, 170),
    (60, 62, 60),
    (45, 52, 58),
    (175, 185, 200),
    (85, 80, 62),
)
"""Mud, reflected cloud, dark clear water, sky, algae."""


def _noise(rng: np.random.Generator, cells: int, shape: tuple[int, int], octaves: int = 3) -> np.ndarray:
    """Smooth noise of `shape` (height, width), mean 0."""
    out = np.zeros(shape, np.float32)
    for octave in range(octaves):
        grid = rng.standard_normal((cells * 2**octave + 2,) * 2, dtype=np.float32)
        out += cv2.resize(grid, shape[::-1], interpolation=cv2.INTER_CUBIC) * 0.5**octave
    return out


def blob(rng: np.random.Generator, shape: tuple[int, int], share: float, flat: float, low: bool) -> np.ndarray:
    """An irregular region (bool) of about `share` of `shape`; `flat` squeezes it as seen from the ground."""
    field = _noise(rng, int(rng.integers(2, 6)), (COARSE, COARSE))
    reach = np.sqrt(share) * rng.uniform(0.7, 1.4) * COARSE
    cx = rng.uniform(0.1, 0.9) * COARSE
    cy = rng.uniform(0.6, 0.95) * COARSE if low else rng.uniform(0.1, 0.9) * COARSE
    ys, xs = np.mgrid[0:COARSE, 0:COARSE].astype(np.float32)
    angle = rng.uniform(-0.3, 0.3) if low else rng.uniform(0, np.pi)
    u = (xs - cx) * np.cos(angle) + (ys - cy) * np.sin(angle)
    v = (ys - cy) * np.cos(angle) - (xs - cx) * np.sin(angle)
    score = field * rng.uniform(0.2, 0.5) - np.sqrt((u / reach) ** 2 + (v / (reach * flat)) ** 2)
    cut = float(np.quantile(score, 1.0 - share))
    return cv2.resize(score.astype(np.float32), shape[::-1], interpolation=cv2.INTER_CUBIC) > cut


def _texture(rng: np.random.Generator, shape: tuple[int, int], bank: np.ndarray) -> np.ndarray:
    """Water to fill a puddle with: a real patch stretched over `shape`, or a drawn one."""
    if rng.random() < 0.55:
        patch = bank[int(rng.integers(len(bank)))]
        patch = np.rot90(patch, int(rng.integers(4)))
        times = int(rng.integers(1, 5))
        tiled = np.concatenate([patch, patch[::-1]], 0)
        tiled = np.concatenate([tiled, tiled[:, ::-1]], 1)
        tiled = np.tile(tiled, ((times + 1) // 2, (times + 1) // 2, 1))
        return cv2.resize(tiled, shape[::-1], interpolation=cv2.INTER_AREA).astype(np.float32)
    base = np.float32(COLOURS[int(rng.integers(len(COLOURS)))]) * rng.uniform(0.7, 1.25) + rng.normal(0, 8, 3)
    clouds = _noise(rng, 2, shape, 2)[..., None] * rng.uniform(2, 18)
    ripple = cv2.GaussianBlur(rng.standard_normal(shape, dtype=np.float32), (0, 0), rng.uniform(0.8, 3))
    ramp = np.linspace(-1, 1, shape[0], dtype=np.float32)[:, None, None] * rng.uniform(-20, 20)
    return base + clouds + ripple[..., None] * rng.uniform(0, 14) + ramp


def add_puddles(rgb: np.ndarray, mask: np.ndarray, bank: np.ndarray, aerial: bool, rng: np.random.Generator) -> None:
    """Draws one to four puddles over ground labelled dry, in place."""
    picture = rgb.astype(np.float32)
    for _ in range(int(rng.integers(1, 5 if aerial else 3))):
        share = float(np.exp(rng.uniform(np.log(0.004), np.log(0.15 if aerial else 0.3))))
        flat = rng.uniform(0.3, 1.0) if aerial else rng.uniform(0.12, 0.35)
        region = blob(rng, mask.shape, share, flat, low=not aerial) & (mask == 0)
        edge = cv2.GaussianBlur(region.astype(np.float32), (0, 0), rng.uniform(0.6, 2.0))[..., None]
        if rng.random() < 0.6:
            damp = cv2.GaussianBlur(region.astype(np.float32), (0, 0), rng.uniform(3, 10))[..., None]
            picture *= 1.0 - rng.uniform(0.1, 0.45) * np.clip(damp * 2, 0, 1)
        water = _texture(rng, mask.shape, bank).astype(np.float32)
        if rng.random() < 0.4:
            shade = cv2.GaussianBlur(picture, (0, 0), rng.uniform(2, 8))[::-1 if rng.random() < 0.5 else 1]
            water = water * 0.7 + shade * 0.3
        picture = picture * (1 - edge * rng.uniform(0.8, 1.0)) + water * edge
        mask[region] = 1
    rgb[...] = np.clip(picture, 0, 255).astype(np.uint8)


def add_decoys(rgb: np.ndarray, mask: np.ndarray, aerial: bool, rng: np.random.Generator) -> None:
    """Shades, damp patches and repairs that are not water, in place, inside the picture only."""
    picture = rgb.astype(np.float32)
    for _ in range(int(rng.integers(1, 4))):
        share = float(np.exp(rng.uniform(np.log(0.01), np.log(0.25))))
        region = blob(rng, mask.shape, share, rng.uniform(0.2, 1.0), low=not aerial) & (mask != 255)
        edge = cv2.GaussianBlur(region.astype(np.float32), (0, 0), rng.uniform(0.6, 6.0))[..., None]
        kind = rng.random()
        factor = rng.uniform(0.4, 0.8) if kind < 0.75 else rng.uniform(1.15, 1.5)
        picture *= 1.0 + edge * (factor - 1.0)
        if kind < 0.3:
            tone = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[..., None]
            picture = picture * (1 - edge * 0.5) + tone * edge * 0.5
    rgb[...] = np.clip(picture, 0, 255).astype(np.uint8)


def wet_road(rgb: np.ndarray, rng: np.random.Generator) -> None:
    """Darkens the lower part and adds long blurred reflections, as on open wet asphalt, in place."""
    picture = rgb.astype(np.float32)
    height = rgb.shape[0]
    horizon = rng.uniform(0.35, 0.6) * height
    rows = np.arange(height, dtype=np.float32)
    ramp = np.clip((rows - horizon) / 40.0, 0, 1)[:, None]
    field = np.clip(0.6 + 0.4 * _noise(rng, 3, rgb.shape[:2]), 0, 1) * ramp
    source = np.clip(2 * horizon - rows, 0, height - 1).astype(int)
    mirror = cv2.blur(picture[source], (int(rng.integers(3, 9)), int(rng.integers(41, 101))))
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[..., None]
    wet = (picture * 0.6 + grey * 0.4) * rng.uniform(0.5, 0.8)
    wet += mirror * rng.uniform(0.1, 0.35)
    amount = field[..., None]
    rgb[...] = np.clip(picture * (1 - amount) + wet * amount, 0, 255).astype(np.uint8)
