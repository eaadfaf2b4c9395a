"""Photometric augmentation: light, weather, optics, sensor and codec."""

import cv2
import numpy as np


def _tone(rgb: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Gains, saturation, contrast and brightness as one 3x4 matrix."""
    saturation, contrast = rng.uniform(0.5, 1.4), rng.uniform(0.7, 1.35)
    mix = (saturation * np.eye(3) + (1 - saturation) / 3) @ np.diag(rng.uniform(0.87, 1.13, 3)) * contrast
    shift = np.full((3, 1), 127 * (1 - contrast) + rng.uniform(-25, 25))
    return np.clip(cv2.transform(rgb, np.hstack([mix, shift])), 0, 255)


def _hue(rgb: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    hsv = cv2.cvtColor(rgb.astype(np.uint8), cv2.COLOR_RGB2HSV)
    turn = int(rng.integers(-14, 15))
    hsv[..., 0] = ((hsv[..., 0].astype(int) + turn) % 180).astype(np.uint8)
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB).astype(np.float32)


def _gamma(rgb: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    table = 255.0 * (np.arange(256) / 255.0) ** float(np.exp(rng.uniform(-0.5, 0.5)))
    return cv2.LUT(np.clip(rgb, 0, 255).astype(np.uint8), table.astype(np.float32))


def _grain(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Sensor noise of deviation 1."""
    return rng.standard_normal(shape, dtype=np.float32)


def _night(rgb: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Darkness with a lamp's glow and sensor noise."""
    height, width = rgb.shape[:2]
    out = rgb * rng.uniform(0.2, 0.5)
    for _ in range(int(rng.integers(0, 4))):
        lamp = np.zeros((height, width), np.float32)
        cv2.circle(lamp, (int(rng.integers(width)), int(rng.integers(height // 2 + 1))), int(rng.integers(2, 7)), 1.0, -1)
        glow = cv2.blur(cv2.blur(lamp, (61, 61)), (61, 61))
        glow /= max(float(glow.max()), 1e-6)
        tint = np.array([1.0, rng.uniform(0.6, 1.0), rng.uniform(0.3, 1.0)], np.float32)
        out = out + rgb * glow[..., None] * tint * rng.uniform(0.3, 0.9) + lamp[..., None] * 255 * tint
    return np.clip(out + _grain(rgb.shape, rng) * rng.uniform(1, 8), 0, 255)


def _haze(rgb: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    depth = np.linspace(1, rng.uniform(0.1, 0.8), rgb.shape[0], dtype=np.float32)[:, None, None]
    amount = depth * rng.uniform(0.15, 0.6)
    return rgb * (1 - amount) + rng.uniform(150, 230) * amount


def _rain(rgb: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    height, width = rgb.shape[:2]
    drops = (rng.random((height, width), dtype=np.float32) > rng.uniform(0.985, 0.998)).astype(np.float32)
    size = int(rng.integers(7, 19))
    kernel = np.zeros((size, size), np.float32)
    lean = int(rng.integers(-size // 3, size // 3 + 1))
    cv2.line(kernel, (size // 2 - lean, 0), (size // 2 + lean, size - 1), 1.0, 1)
    streaks = np.clip(cv2.filter2D(drops, -1, kernel), 0, 1)[..., None]
    return rgb * (1 - streaks * 0.5) + 200 * streaks * 0.5


def _blur(rgb: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    if rng.random() < 0.5:
        return cv2.GaussianBlur(rgb, (0, 0), rng.uniform(0.5, 2.2))
    size = int(rng.integers(3, 11)) | 1
    kernel = np.zeros((size, size), np.float32)
    angle = rng.uniform(0, np.pi)
    end = np.array([np.cos(angle), np.sin(angle)]) * size / 2
    mid = size // 2
    cv2.line(kernel, tuple(int(v) for v in mid - end), tuple(int(v) for v in mid + end), 1.0, 1)
    return cv2.filter2D(rgb, -1, kernel / max(float(kernel.sum()), 1e-6))


def _coarse(rgb: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A poor camera: reduced and enlarged again."""
    height, width = rgb.shape[:2]
    factor = rng.uniform(0.3, 0.8)
    small = cv2.resize(rgb, (int(width * factor), int(height * factor)), interpolation=cv2.INTER_AREA)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)


def _stamp(rgb: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A camera's date line."""
    day = f"{rng.integers(2010, 2030)}-{rng.integers(1, 13):02d}-{rng.integers(1, 29):02d}"
    text = f"{day} {rng.integers(24):02d}:{rng.integers(60):02d} CAM{rng.integers(99)}"
    out = np.clip(rgb, 0, 255).astype(np.uint8)
    at = (int(rng.integers(2, 120)), int(rng.choice([18, rgb.shape[0] - 8])))
    level = int(rng.choice([255, 230, 20]))
    cv2.putText(out, text, at, cv2.FONT_HERSHEY_SIMPLEX, rng.uniform(0.3, 0.7), (level,) * 3, 1)
    return out


def _jpeg(rgb: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    quality = int(rng.integers(12, 75))
    _, data = cv2.imencode(".jpg", np.clip(rgb, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, quality])
    return cv2.imdecode(data, cv2.IMREAD_COLOR).astype(np.float32)


STEPS = (
    (0.75, _tone),
    (0.35, _hue),
    (0.35, _gamma),
    (0.07, _haze),
    (0.08, _night),
    (0.06, _rain),
    (0.18, _blur),
    (0.18, _coarse),
    (0.05, _stamp),
)


def augment(rgb: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A picture (H, W, 3, uint8) as another camera might have taken it."""
    out = rgb.astype(np.float32)
    for chance, step in STEPS:
        if rng.random() < chance:
            out = step(out, rng).astype(np.float32)
    if rng.random() < 0.07:
        out = np.repeat(cv2.cvtColor(out, cv2.COLOR_RGB2GRAY)[..., None], 3, -1)
    if rng.random() < 0.25:
        out = out + _grain(out.shape, rng) * rng.uniform(2, 14)
    if rng.random() < 0.35:
        out = _jpeg(out, rng)
    return np.clip(out, 0, 255).astype(np.uint8)
