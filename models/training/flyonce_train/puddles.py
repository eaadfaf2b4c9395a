"""Drawn-in puddles (label 1) and things that look like them (label 0): shade, damp ground, wet road."""

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from .dice import Dice
from .filters import blur, grey

COARSE = 96
COLOURS = (
    (120, 95, 70), (150, 122, 92), (185, 162, 136), (205, 190, 170), (105, 105, 100), (150, 160, 170), (60, 62, 60),
    (45, 52, 58), (175, 185, 200), (85, 80, 62),
)  # fmt: skip
"""Mud, reflected cloud, dark clear water, sky, algae."""


def water_patches(picture: np.ndarray, side: int = 96) -> list[np.ndarray]:
    """Up to three squares (side, side, 3) that are water all over, of a picture (H, W, 4) whose last byte is its water mask."""
    wet = (picture[..., 3] == 1).astype(np.uint8)
    inside = cv2.erode(wet, np.ones((side, side), np.uint8), borderValue=0)
    ys, xs = np.nonzero(inside)
    out = []
    for i in np.linspace(0, len(ys) - 1, 3).astype(int) if len(ys) else []:
        y, x = int(ys[i]) - side // 2, int(xs[i]) - side // 2
        patch = picture[y : y + side, x : x + side, :3]
        if patch.shape[:2] == (side, side):
            out.append(patch)
    return out


def noise(dice: Dice, count: int, cells: int, shape: tuple[int, int], octaves: int = 3) -> Tensor:
    """Smooth noise (count, height, width), mean 0."""
    out = torch.zeros(count, 1, *shape, device=dice.device)
    for octave in range(octaves):
        side = cells * 2**octave + 2
        grid = dice.normal(count, 1, side, side)
        out += F.interpolate(grid, size=shape, mode="bicubic", align_corners=False) * 0.5**octave
    return out[:, 0]


def blob(dice: Dice, share: Tensor, flat: Tensor, low: Tensor, shape: tuple[int, int]) -> Tensor:
    """Irregular regions (n, H, W; bool) of about `share` of the canvas; `flat` squeezes them as seen from the ground, where they
    lie `low` in the picture."""
    n = len(share)
    field = noise(dice, n, 2 + int(dice.whole(4, 1)), (COARSE, COARSE))
    reach = (share.sqrt() * dice.uniform(0.7, 1.4, n) * COARSE)[:, None, None]
    cx = dice.uniform(0.1, 0.9, n) * COARSE
    cy = torch.where(low, dice.uniform(0.6, 0.95, n), dice.uniform(0.1, 0.9, n)) * COARSE
    angle = torch.where(low, dice.uniform(-0.3, 0.3, n), dice.uniform(0, np.pi, n))[:, None, None]
    ys, xs = torch.meshgrid(*(torch.arange(COARSE, device=dice.device).float(),) * 2, indexing="ij")
    dx, dy = xs - cx[:, None, None], ys - cy[:, None, None]
    u, v = dx * angle.cos() + dy * angle.sin(), dy * angle.cos() - dx * angle.sin()
    away = ((u / reach) ** 2 + (v / (reach * flat[:, None, None])) ** 2).sqrt()
    score = field * dice.uniform(0.2, 0.5, n, 1, 1) - away
    ranked = score.flatten(1).sort(1).values
    cut = ranked.gather(1, ((1 - share) * (ranked.shape[1] - 1)).long()[:, None])
    return F.interpolate(score[:, None], size=shape, mode="bicubic", align_corners=False)[:, 0] > cut[:, :, None]


def texture(dice: Dice, count: int, patches: Tensor, shape: tuple[int, int]) -> Tensor:
    """Water to fill puddles with (count, 3, H, W): real patches (n, 3, side, side) mirrored over the canvas, or drawn ones."""
    times = dice.uniform(0.5, 2.5, count)[:, None, None]
    ys, xs = torch.meshgrid(*(torch.linspace(-1, 1, n, device=dice.device) for n in shape), indexing="ij")
    turned = dice.whole(2, count)[:, None, None] == 0
    grid = torch.stack([torch.where(turned, xs, ys) * times, torch.where(turned, ys, xs) * times], -1)
    chosen = patches[dice.whole(len(patches), count)]
    real = F.grid_sample(chosen, grid, padding_mode="reflection", align_corners=False)
    colours = torch.tensor(COLOURS, device=dice.device).float()[dice.whole(len(COLOURS), count)]
    base = colours * dice.uniform(0.7, 1.25, count, 1) + 8 * dice.normal(count, 3)
    clouds = noise(dice, count, 2, shape, 2) * dice.uniform(2, 18, count, 1, 1)
    ripple = blur(dice.normal(count, 1, *shape), dice.one(0.8, 3.0))[:, 0] * 3 * dice.uniform(0, 14, count, 1, 1)
    ramp = ys * dice.uniform(-20, 20, count, 1, 1)
    drawn = base[:, :, None, None] + (clouds + ripple + ramp)[:, None]
    return torch.where((dice.uniform(0, 1, count) < 0.55)[:, None, None, None], real, drawn)


def add_puddles(rgb: Tensor, mask: Tensor, aerial: Tensor, patches: Tensor, dice: Dice) -> None:
    """Draws one to four puddles over ground labelled dry, in place: rgb (n, 3, H, W; 0..255), mask (n, H, W)."""
    n, shape = len(rgb), (rgb.shape[2], rgb.shape[3])
    times = torch.where(aerial, 1 + dice.whole(4, n), 1 + dice.whole(2, n))
    for i in range(int(times.max()) if n else 0):
        most = torch.where(aerial, 0.15, 0.3)
        share = 0.004 * (most / 0.004) ** dice.uniform(0, 1, n)
        flat = torch.where(aerial, dice.uniform(0.3, 1.0, n), dice.uniform(0.12, 0.35, n))
        region = blob(dice, share, flat, ~aerial, shape) & (mask == 0) & (times > i)[:, None, None]
        soft = region[:, None].float()
        edge = blur(soft, dice.one(0.6, 2.0))
        damp = (2 * blur(soft, dice.one(3.0, 10.0))).clamp(max=1.0)
        rgb *= 1.0 - damp * dice.uniform(0.1, 0.45, n, 1, 1, 1) * (dice.uniform(0, 1, n, 1, 1, 1) < 0.6)
        water = texture(dice, n, patches, shape)
        mirrored = 0.3 * (dice.uniform(0, 1, n, 1, 1, 1) < 0.4)
        water = water * (1 - mirrored) + blur(rgb, dice.one(2.0, 8.0)).flip(2) * mirrored
        rgb += (water - rgb) * edge * dice.uniform(0.8, 1.0, n, 1, 1, 1)
        mask[region] = 1
    rgb.clamp_(0, 255)


def add_decoys(rgb: Tensor, mask: Tensor, aerial: Tensor, dice: Dice) -> None:
    """Shades, damp patches and repairs that are not water, in place, inside the picture only."""
    n, shape = len(rgb), (rgb.shape[2], rgb.shape[3])
    times = 1 + dice.whole(3, n)
    for i in range(int(times.max()) if n else 0):
        share = dice.log_uniform(0.01, 0.25, n)
        region = blob(dice, share, dice.uniform(0.2, 1.0, n), ~aerial, shape) & (mask != 255) & (times > i)[:, None, None]
        edge = blur(region[:, None].float(), dice.one(0.6, 6.0))
        kind = dice.uniform(0, 1, n)[:, None, None, None]
        factor = torch.where(kind < 0.75, dice.uniform(0.4, 0.8, n, 1, 1, 1), dice.uniform(1.15, 1.5, n, 1, 1, 1))
        rgb *= 1.0 + edge * (factor - 1.0)
        rgb += (grey(rgb) - rgb) * edge * 0.5 * (kind < 0.3)
    rgb.clamp_(0, 255)


def wet_road(rgb: Tensor, dice: Dice) -> None:
    """Darkens the lower part and adds long blurred reflections, as on open wet asphalt, in place."""
    n, height = len(rgb), rgb.shape[2]
    horizon = dice.uniform(0.35, 0.6, n, 1) * height
    rows = torch.arange(height, device=rgb.device).float()[None]
    ramp = ((rows - horizon) / 40.0).clamp(0, 1)[:, :, None]
    amount = (0.6 + 0.4 * noise(dice, n, 3, (height, rgb.shape[3]))).clamp(0, 1) * ramp
    source = (2 * horizon - rows).clamp(0, height - 1).long()
    mirror = rgb.gather(2, source[:, None, :, None].expand_as(rgb))
    mirror = F.avg_pool2d(mirror, (71, 5), 1, (35, 2), count_include_pad=False)
    wet = (rgb * 0.6 + grey(rgb) * 0.4) * dice.uniform(0.5, 0.8, n, 1, 1, 1) + mirror * dice.uniform(0.1, 0.35, n, 1, 1, 1)
    rgb += (wet - rgb) * amount[:, None]
    rgb.clamp_(0, 255)
