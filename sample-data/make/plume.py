# SPDX-License-Identifier: Apache-2.0
"""Lays a grey fume plume into a rendered picture: soft puffs in the town frame, projected through the true pose."""
import math

import numpy as np

import poses
import town

PUFFS, LIFE_S = 44, 8.0
GREY = np.array([1.0, 1.02, 1.05])


def puffs(time_s):
    """(town point, radius, opacity, number) of every puff at a time."""
    u0, v0 = town.PLUME_UV
    z0 = float(town.height(u0, v0)) + 10.3
    out = []
    for i in range(PUFFS):
        age = (i / PUFFS + time_s / LIFE_S) % 1.0
        rng = np.random.default_rng(300 + i)
        wobble = rng.uniform(-1, 1, 3) * (0.2 + 1.7 * age)
        at = (u0 + 10.5 * age**1.3 + wobble[0], v0 + 5.0 * age**1.3 + wobble[1], z0 + 14.0 * age**0.8 + wobble[2])
        out.append((np.array(at), 0.65 + 2.7 * age**0.85, 0.95 * (1 - age) ** 0.8 * min(1.0, age * 12), i))
    return out


def texture():
    """A tile of cloudy noise in 0..1, 256 by 256, periodic."""
    rng = np.random.default_rng(90)
    total = np.zeros((256, 256))
    for cells, share in ((4, 1.0), (8, 0.7), (16, 0.45), (32, 0.25)):
        grid = rng.standard_normal((cells, cells))
        s = np.arange(256) / 256 * cells
        i, f = np.floor(s).astype(int), s - np.floor(s)
        f = f * f * (3 - 2 * f)
        a, b = grid[i % cells], grid[(i + 1) % cells]
        rows = a * (1 - f)[:, None] + b * f[:, None]
        total += share * (rows[:, i % cells] * (1 - f)[None, :] + rows[:, (i + 1) % cells] * f[None, :])
    return np.clip(0.5 + total / 3.2, 0, 1)


TEXTURE = texture()


def add(picture, pose, fx_px, time_s):
    """The picture (height, width, 3; 8 bit) with the plume in it."""
    height, width = picture.shape[:2]
    out = picture.astype(np.float32)
    seen = []
    for at, radius, opacity, number in puffs(time_s):
        p = pose.town_from_camera.T @ (at - np.array(pose.uvz))
        if p[0] > 1:
            seen.append((p[0], p, radius, opacity, number))
    for _, p, radius, opacity, number in sorted(seen, key=lambda s: -s[0]):
        x, y, r = width / 2 + fx_px * p[1] / p[0], height / 2 + fx_px * p[2] / p[0], fx_px * radius / p[0]
        x0, x1, y0, y1 = (int(math.floor(q)) for q in (x - 1.7 * r, x + 1.7 * r, y - 1.7 * r, y + 1.7 * r))
        x0, x1, y0, y1 = max(0, x0), min(width, x1), max(0, y0), min(height, y1)
        if x0 >= x1 or y0 >= y1:
            continue
        yy, xx = np.mgrid[y0:y1, x0:x1]
        dx, dy = (xx - x) / r, (yy - y) / r
        cloud = TEXTURE[(dy * 60 + 37 * number).astype(int) % 256, (dx * 60 + 61 * number).astype(int) % 256]
        edge = 1.15 - np.hypot(dx, dy) + 0.9 * (cloud - 0.5)
        alpha = opacity * np.clip(edge / 0.75, 0, 1) ** 1.5
        shade = 182 + 30 * np.clip(0.5 * dx - 0.6 * dy, -1, 1) + 80 * (cloud - 0.5)
        out[y0:y1, x0:x1] = out[y0:y1, x0:x1] * (1 - alpha[..., None]) + (alpha * shade)[..., None] * GREY
    return np.clip(out, 0, 255).astype(np.uint8)
