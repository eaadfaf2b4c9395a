"""Draws training samples: which picture, how it is bent, what is drawn into it."""

from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from . import colour, geometry, puddles
from .data import SHARES, Item, load, water_bank


class Draws(Dataset[tuple[Tensor, Tensor]]):
    """`count` samples; sample i of a seed is always the same. RGB (H, W, 3, uint8) and mask of 0, 1, 255."""

    def __init__(
        self, cache: Path, items: list[Item], seed: int, first: int, count: int, canvas: geometry.Canvas
    ) -> None:
        self.cache, self.seed, self.first, self.count, self.canvas = cache, seed, first, count, canvas
        self.groups = {name: [i for i in items if i.group == name] for name in SHARES}
        self.bank = water_bank(cache, items)

    def __len__(self) -> int:
        return self.count

    def _pick(self, rng: np.random.Generator, names: tuple[str, ...] = tuple(SHARES)) -> Item:
        weights = np.array([SHARES[n] for n in names])
        group = self.groups[names[int(rng.choice(len(names), p=weights / weights.sum()))]]
        return group[int(rng.integers(len(group)))]

    def _one(self, item: Item, rng: np.random.Generator, zoom: float | None = None) -> tuple[np.ndarray, np.ndarray]:
        picture = np.asarray(load(self.cache, item))
        pose = geometry.draw_pose(picture.shape, item.aerial, item.nadir, self.canvas, rng, zoom)
        rgb, mask = geometry.warp(picture, pose)
        free = geometry.outside(picture, pose)
        if free.mean() > 0.15 and rng.random() < 0.5:
            names = ("aerial_dry", "extra_aerial") if item.aerial else ("ground_dry", "extra_ground")
            ground = self._pick(rng, names)
            other = np.asarray(load(self.cache, ground))
            near = rng.uniform(1.2, 2.0)
            pose = geometry.draw_pose(other.shape, ground.aerial, ground.nadir, self.canvas, rng, near)
            behind, behind_mask = geometry.warp(other, pose)
            rgb[free], mask[free] = behind[free], behind_mask[free]
        self._draw_into(rgb, mask, item, rng)
        return rgb, mask

    def _draw_into(self, rgb: np.ndarray, mask: np.ndarray, item: Item, rng: np.random.Generator) -> None:
        if not item.dry:
            return
        kind = rng.random()
        if kind < (0.45 if item.aerial else 0.18):
            if rng.random() < 0.4:
                puddles.add_decoys(rgb, mask, item.aerial, rng)
            puddles.add_puddles(rgb, mask, self.bank, item.aerial, rng)
        elif kind < 0.58:
            puddles.add_decoys(rgb, mask, item.aerial, rng)
        elif kind < 0.8 and not item.aerial:
            puddles.wet_road(rgb, rng)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        cv2.setNumThreads(0)
        rng = np.random.default_rng((self.seed, self.first + index))
        if rng.random() < 0.1:
            parts = [self._one(self._pick(rng), rng) for _ in range(4)]
            rgb, mask = geometry.mosaic(parts, rng)
        else:
            rgb, mask = self._one(self._pick(rng), rng)
        pad = (mask == 255) & (rgb[..., 0] == 127) & (rgb[..., 1] == 127) & (rgb[..., 2] == 127)
        rgb = colour.augment(rgb, rng)
        rgb[pad] = 127
        return torch.from_numpy(rgb), torch.from_numpy(mask)
