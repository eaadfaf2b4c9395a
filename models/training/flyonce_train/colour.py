"""Photometric augmentation of a batch (n, 3, H, W; 0..255): light, weather, optics, sensor and codec."""

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from .dice import Dice
from .filters import cosines, each, grey, streaks


def _tone(rgb: Tensor, dice: Dice, strength: float) -> Tensor:
    """Gains, saturation, hue, contrast and brightness as one matrix a picture."""
    n = len(rgb)
    saturation = 1 + strength * (dice.uniform(-0.5, 0.4, n))
    contrast = 1 + strength * dice.uniform(-0.3, 0.35, n)
    gains = torch.diag_embed(1 + strength * dice.uniform(-0.13, 0.13, n, 3))
    eye = torch.eye(3, device=rgb.device)
    mix = saturation[:, None, None] * eye + (1 - saturation)[:, None, None] / 3
    mix = mix @ _turn_hue(strength * dice.uniform(-0.45, 0.45, n) * (dice.uniform(0, 1, n) < 0.4)) @ gains * contrast[:, None, None]
    shift = 127 * (1 - contrast) + strength * dice.uniform(-25, 25, n)
    out = torch.einsum("nij,njhw->nihw", mix, rgb) + shift[:, None, None, None]
    return out.clamp(0, 255)


def _turn_hue(angle: Tensor) -> Tensor:
    """Rotations (n, 3, 3) about the grey axis (Rodrigues)."""
    k = torch.tensor([[0, -1.0, 1], [1, 0, -1], [-1, 1, 0]], device=angle.device) / 3**0.5
    eye = torch.eye(3, device=angle.device)
    return eye + angle.sin()[:, None, None] * k + (1 - angle.cos())[:, None, None] * (k @ k)


def _gamma(rgb: Tensor, dice: Dice) -> Tensor:
    return 255.0 * (rgb.clamp(0, 255) / 255.0 + 1e-6) ** dice.uniform(-0.5, 0.5, len(rgb), 1, 1, 1).exp()


def _night(rgb: Tensor, dice: Dice) -> Tensor:
    """Darkness with the glow of up to three lamps, and sensor noise."""
    n, _, height, width = rgb.shape
    out = rgb * dice.uniform(0.2, 0.5, n, 1, 1, 1)
    ys = torch.arange(height, device=rgb.device).float()[None, :, None]
    xs = torch.arange(width, device=rgb.device).float()[None, None]
    for _ in range(3):
        lit = (dice.uniform(0, 1, n, 1, 1) < 0.5).float()
        away = (xs - dice.uniform(0, width, n, 1, 1)) ** 2 + (ys - dice.uniform(0, height / 2, n, 1, 1)) ** 2
        tint = torch.stack([torch.ones(n, device=rgb.device), dice.uniform(0.6, 1, n), dice.uniform(0.3, 1, n)], 1)[..., None, None]
        glow = (torch.exp(-away / (2 * 45.0**2)) * lit)[:, None]
        lamp = (away < dice.uniform(2, 7, n, 1, 1) ** 2).float()[:, None] * lit[:, None]
        out = out + (rgb * glow * dice.uniform(0.3, 0.9, n, 1, 1, 1) + 255 * lamp) * tint
    return (out + dice.normal(*rgb.shape) * dice.uniform(1, 8, n, 1, 1, 1)).clamp(0, 255)


def _haze(rgb: Tensor, dice: Dice) -> Tensor:
    n = len(rgb)
    down = torch.linspace(0, 1, rgb.shape[2], device=rgb.device)[None, None, :, None]
    depth = 1 + (dice.uniform(0.1, 0.8, n, 1, 1, 1) - 1) * down
    amount = depth * dice.uniform(0.15, 0.6, n, 1, 1, 1)
    return rgb * (1 - amount) + dice.uniform(150, 230, n, 1, 1, 1) * amount


def _rain(rgb: Tensor, dice: Dice) -> Tensor:
    n, _, height, width = rgb.shape
    drops = (dice.uniform(0, 1, n, 1, height, width) > dice.uniform(0.985, 0.998, n, 1, 1, 1)).float()
    length = dice.uniform(7, 18, n)
    lines = streaks(length, np.pi / 2 + dice.uniform(-0.35, 0.35, n), 19) * length[:, None, None]
    veil = each(drops, lines).clamp(0, 1) * 0.5
    return rgb * (1 - veil) + 200 * veil


def _blur(rgb: Tensor, dice: Dice) -> Tensor:
    """Out of focus, or moved."""
    n = len(rgb)
    at = torch.arange(-6, 7, device=rgb.device).float()
    sigma = dice.uniform(0.5, 2.2, n, 1)
    bell = torch.exp(-0.5 * (at / sigma) ** 2)
    bell = bell / bell.sum(1, keepdim=True)
    moved = streaks(dice.uniform(3, 11, n), dice.uniform(0, np.pi, n), 13)
    still = (dice.uniform(0, 1, n) < 0.5)[:, None, None]
    return each(rgb, torch.where(still, bell[:, :, None] * bell[:, None], moved))


def _coarse(rgb: Tensor, dice: Dice) -> Tensor:
    """A poor camera: reduced and enlarged again."""
    factor = dice.one(0.3, 0.8)
    small = F.interpolate(rgb, scale_factor=factor, mode="area")
    return F.interpolate(small, size=rgb.shape[2:], mode="bilinear", align_corners=False)


def _stamp(rgb: Tensor, dice: Dice) -> Tensor:
    """A camera's date line."""
    _, _, height, width = rgb.shape
    for picture in rgb:
        rng = np.random.default_rng(int(dice.whole(2**31, 1)))
        day = f"{rng.integers(2010, 2030)}-{rng.integers(1, 13):02d}-{rng.integers(1, 29):02d}"
        text = f"{day} {rng.integers(24):02d}:{rng.integers(60):02d} CAM{rng.integers(99)}"
        sheet = np.zeros((height, width), np.uint8)
        at = (int(rng.integers(2, 120)), int(rng.choice([18, height - 8])))
        cv2.putText(sheet, text, at, cv2.FONT_HERSHEY_SIMPLEX, rng.uniform(0.3, 0.7), 1, 1)
        picture[:, torch.from_numpy(sheet).to(rgb.device) > 0] = float(rng.choice([255, 230, 20]))
    return rgb


LUMA = torch.tensor([
    [16, 11, 10, 16, 24, 40, 51, 61], [12, 12, 14, 19, 26, 58, 60, 55], [14, 13, 16, 24, 40, 57, 69, 56],
    [14, 17, 22, 29, 51, 87, 80, 62], [18, 22, 37, 56, 68, 109, 103, 77], [24, 35, 55, 64, 81, 104, 113, 92],
    [49, 64, 78, 87, 103, 121, 120, 101], [72, 92, 95, 98, 112, 100, 103, 99],
]).float()  # fmt: skip
"""Example luminance quantisation table, ITU-T T.81 table K.1; colour uses its mean slope here as well."""


def _jpeg(rgb: Tensor, dice: Dice) -> Tensor:
    """Blocks of 8 x 8 in YCbCr, quantised as JPEG does at quality 12 to 75; colour at half size."""
    n = len(rgb)
    quality = dice.uniform(12, 75, n)
    scale = torch.where(quality < 50, 50 / quality, 2 - quality / 50)[:, None, None, None, None]
    y = grey(rgb)
    colour = torch.cat([(rgb[:, 2:] - y) * 0.564, (rgb[:, :1] - y) * 0.713], 1)
    small = F.avg_pool2d(colour, 2)
    y = _blocks(y - 128, scale) + 128
    colour = F.interpolate(_blocks(small, scale * 1.5), size=rgb.shape[2:], mode="nearest")
    cb, cr = colour[:, :1], colour[:, 1:]
    return torch.cat([y + 1.402 * cr, y - 0.344 * cb - 0.714 * cr, y + 1.772 * cb], 1)


def _blocks(plane: Tensor, scale: Tensor) -> Tensor:
    n, c, height, width = plane.shape
    table, basis = LUMA.to(plane.device) * scale, cosines().to(plane.device)
    blocks = plane.reshape(n, c, height // 8, 8, width // 8, 8).permute(0, 1, 2, 4, 3, 5).reshape(n, -1, 1, 8, 8)
    turned = basis @ blocks @ basis.T
    back = basis.T @ ((turned / table).round() * table) @ basis
    return back.reshape(n, c, height // 8, width // 8, 8, 8).permute(0, 1, 2, 4, 3, 5).reshape(plane.shape)


def _grain(rgb: Tensor, dice: Dice) -> Tensor:
    return rgb + dice.normal(*rgb.shape) * dice.uniform(2, 14, len(rgb), 1, 1, 1)


STEPS = (
    (0.35, _gamma), (0.07, _haze), (0.08, _night), (0.06, _rain), (0.18, _blur), (0.09, _coarse), (0.09, _coarse),
    (0.05, _stamp), (0.07, lambda rgb, dice: grey(rgb).expand_as(rgb)), (0.25, _grain), (0.35, _jpeg),
)  # fmt: skip


def augment(rgb: Tensor, dice: Dice, quiet: bool = False) -> Tensor:
    """Pictures as other cameras might have taken them, in place; quiet: light and colour only, and little of it."""
    chosen = dice.some(0.75, len(rgb))
    rgb[chosen] = _tone(rgb[chosen], dice, 0.5 if quiet else 1.0)
    for chance, step in () if quiet else STEPS:
        chosen = dice.some(chance, len(rgb))
        if len(chosen):
            rgb[chosen] = step(rgb[chosen], dice).clamp(0, 255)
    return rgb.clamp_(0, 255)
