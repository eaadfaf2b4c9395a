# SPDX-License-Identifier: Apache-2.0
"""Tones the red tile roofs of a rendered picture to slate; the roofs are found by projecting the town's houses."""
import numpy as np
from PIL import Image, ImageDraw

import town

HOUSES = [b for b in town.buildings() if b.roof == "gable"]
EAVES_M = 0.6


def corners(b):
    """Eaves and ridge of a hipped roof, town frame."""
    ground = min(float(town.height(b.u_m + x * b.half_u_m, b.v_m + y * b.half_v_m)) for x in (-1, 1) for y in (-1, 1))
    top = ground + b.height_m
    out = [(b.u_m + x * (b.half_u_m + EAVES_M), b.v_m + y * (b.half_v_m + EAVES_M), top) for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
    return np.array(out), np.array([b.u_m, b.v_m, top + 0.55 * min(b.half_u_m, b.half_v_m)])


def tone(picture, pose, fx_px):
    """The picture (height, width, 3; 8 bit) with its red roofs in slate grey."""
    height, width = picture.shape[:2]
    mask = Image.new("L", (width, height))
    draw = ImageDraw.Draw(mask)
    for b in HOUSES:
        eaves, ridge = corners(b)
        rel = (np.vstack([eaves, [ridge]]) - np.array(pose.uvz)) @ pose.town_from_camera
        if (rel[:, 0] < 1).any():
            continue
        px = [(width / 2 + fx_px * r[1] / r[0], height / 2 + fx_px * r[2] / r[0]) for r in rel]
        draw.polygon(px[:4], fill=1)
        for i in range(4):
            draw.polygon([px[i], px[(i + 1) % 4], px[4]], fill=1)
        draw.line(px[:4] + px[:1], fill=1, width=9)
    p = picture.astype(np.float32)
    ratio = p[..., 0] / np.maximum(p[..., 1], 1)
    red = np.clip((ratio - 1.22) / 0.16, 0, 1) * np.clip((3.0 - ratio) / 0.4, 0, 1) * np.asarray(mask)
    grey = p.mean(-1, keepdims=True) * np.array([0.76, 0.79, 0.83])
    return np.clip(p + red[..., None] * (grey - p), 0, 255).astype(np.uint8)
