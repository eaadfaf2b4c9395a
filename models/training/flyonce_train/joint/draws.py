"""Draws training samples: which picture, how it is bent, what is drawn into it, and what is known about every place."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from ..waterlogging import colour, geometry, puddles
from ..waterlogging.data import SHARES as WATER_SHARES
from ..waterlogging.data import water_patches
from .pictures import PLANES, SHARES, Picture, load
from .plumes import Plumes

CELL = 8
"""Side of the cells on which it is known whether boxes of a class are labelled, pixels."""

LEAST_VISIBLE = 0.3
"""Share of a box that must stay in view; what is cut further is neither box nor background."""


@dataclass
class Sample:
    """RGB (H, W, 3), water mask (H, W) of 0, 1, 255, boxes (n, 5: plane and corners in pixels), known (3, H/8, W/8)."""

    rgb: np.ndarray
    mask: np.ndarray
    boxes: np.ndarray
    known: np.ndarray

    def forget(self, plane: int, box: np.ndarray) -> None:
        """Marks a rectangle as neither background nor box."""
        x0, y0 = np.floor(box[:2] / CELL).astype(int)
        x1, y1 = np.ceil(box[2:] / CELL).astype(int)
        self.known[plane, max(0, y0) : max(0, y1), max(0, x0) : max(0, x1)] = 0


def _bounds(boxes: np.ndarray, matrix: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Corners (n, 4) in the canvas around boxes given in shares of a picture of `shape`."""
    if not len(boxes):
        return np.zeros((0, 4))
    scale = np.array([shape[1], shape[0]])
    corners = boxes[:, [1, 2, 3, 2, 3, 4, 1, 4]].reshape(-1, 1, 2) * scale
    moved = cv2.perspectiveTransform(corners.astype(np.float64), matrix).reshape(-1, 4, 2)
    return np.concatenate([moved.min(1), moved.max(1)], 1)


class Draws(Dataset[tuple[Tensor, Tensor, Tensor, Tensor]]):
    """`count` samples; sample i of a seed is always the same."""

    def __init__(
        self, cache: Path, pictures: list[Picture], seed: int, first: int, count: int, canvas: geometry.Canvas
    ) -> None:
        self.cache, self.seed, self.first, self.count, self.canvas = cache, seed, first, count, canvas
        self.groups: dict[str, list[Picture]] = {}
        for picture in pictures:
            self.groups.setdefault(picture.group, []).append(picture)
        for view in ("ground", "aerial"):
            self.groups[f"water/extra_{view}"] = [
                p for p in pictures if p.water_known and p.group[:5] != "water" and p.aerial == (view == "aerial")
            ]
        self.bank = self._water_bank(pictures)
        self.plumes = Plumes([p for p in pictures if p.group == "fume" and p.mask], cache)

    def _water_bank(self, pictures: list[Picture], side: int = 96) -> np.ndarray:
        patches: list[np.ndarray] = []
        for picture in pictures:
            if picture.group in ("water/ground_wet", "water/aerial_wet", "water/nadir_flood"):
                patches += water_patches(np.asarray(load(self.cache, picture)), side)
        return np.stack(patches)

    def __len__(self) -> int:
        return self.count

    def _from(self, name: str, rng: np.random.Generator) -> Picture:
        group = self.groups[name]
        return group[int(rng.integers(len(group)))]

    def _pick(self, rng: np.random.Generator) -> Picture:
        shares = {name: share for name, share in SHARES.items() if name == "water" or self.groups.get(name)}
        weights = np.array(list(shares.values()))
        name = str(rng.choice(list(shares), p=weights / weights.sum()))
        if name == "water":
            weights = np.array(list(WATER_SHARES.values()))
            name = "water/" + str(rng.choice(list(WATER_SHARES), p=weights / weights.sum()))
        return self._from(name, rng)

    def _warped(self, picture: Picture, rng: np.random.Generator, zoom: float | None = None) -> tuple[Sample, np.ndarray]:
        """The picture on the canvas, and where the canvas shows nothing of it."""
        pixels = np.asarray(load(self.cache, picture))
        boxes = picture.boxes
        if picture.nadir and len(boxes) and rng.random() < 0.75:
            pixels, boxes = _quarter_turn(pixels, boxes, int(rng.integers(1, 4)))
        turns = picture.nadir and not len(boxes)
        pose = geometry.draw_pose(pixels.shape, picture.aerial and not len(boxes), turns, self.canvas, rng, zoom)
        rgb, mask = geometry.warp(pixels, pose)
        free = geometry.outside(pixels, pose)
        if not picture.water_known:
            mask[:] = 255
        elif picture.group[:5] != "water":
            mask[~free] = 0
        known = np.ones((len(PLANES), rgb.shape[0] // CELL, rgb.shape[1] // CELL), np.uint8)
        small = free[CELL // 2 :: CELL, CELL // 2 :: CELL]
        for plane, is_known in enumerate(picture.known):
            known[plane] = small | is_known
        sample = Sample(rgb, mask, np.zeros((0, 5)), known)
        self._place_boxes(sample, boxes, _bounds(boxes, pose.matrix, pixels.shape[:2]))
        return sample, free

    @staticmethod
    def _place_boxes(sample: Sample, boxes: np.ndarray, bounds: np.ndarray) -> None:
        height, width = sample.mask.shape
        for row, whole in zip(boxes, bounds, strict=True):
            cut = np.clip(whole, 0, [width, height, width, height])
            size, full = cut[2:] - cut[:2], whole[2:] - whole[:2]
            if size.min() <= 0:
                continue
            if size.prod() < LEAST_VISIBLE * full.prod() or size.min() < 4:
                sample.forget(int(row[0]), cut)
                continue
            sample.boxes = np.vstack([sample.boxes, [row[0], *cut]])

    def _one(self, picture: Picture, rng: np.random.Generator) -> Sample:
        sample, free = self._warped(picture, rng)
        if free.mean() > 0.15 and rng.random() < 0.5:
            self._set_behind(sample, free, picture, rng)
        self._draw_into(sample, picture, rng)
        if sample.known[0].all() and not picture.nadir and not (sample.boxes[:, 0] == 0).any() and rng.random() < 0.16:
            box = self.plumes.paste(sample.rgb, rng)
            if box is not None:
                sample.boxes = np.vstack([sample.boxes, [0, *box]])
                sample.mask[sample.mask == 1] = 255
        return sample

    def _set_behind(self, sample: Sample, free: np.ndarray, picture: Picture, rng: np.random.Generator) -> None:
        """Fills the empty part of the canvas with a picture that lacks what the picture may hold."""
        if picture.aerial:
            names = ("water/aerial_dry", "water/extra_aerial")
        elif picture.group == "dumping":
            names = ("no_dumping",)
        else:
            names = ("water/ground_dry", "water/extra_ground", "no_dumping")
        names = tuple(n for n in names if self.groups.get(n))
        clean = [p for p in (self._from(str(rng.choice(names)), rng) for _ in range(6)) if not len(p.boxes)]
        if not clean:
            return
        other, hole = self._warped(clean[0], rng, rng.uniform(1.2, 2.0))
        sample.rgb[free], sample.mask[free] = other.rgb[free], other.mask[free]
        small = free[CELL // 2 :: CELL, CELL // 2 :: CELL]
        sample.known[:, small] = other.known[:, small]
        free &= hole

    def _draw_into(self, sample: Sample, picture: Picture, rng: np.random.Generator) -> None:
        """Puddles and what looks like them; only where water is labelled and no box is hurt."""
        if len(picture.boxes) or not picture.water_known or (sample.mask == 1).any():
            return
        kind = rng.random()
        rgb, mask = sample.rgb, sample.mask
        if kind < (0.45 if picture.aerial else 0.18):
            if rng.random() < 0.4:
                puddles.add_decoys(rgb, mask, picture.aerial, rng)
            puddles.add_puddles(rgb, mask, self.bank, picture.aerial, rng)
        elif kind < 0.58:
            puddles.add_decoys(rgb, mask, picture.aerial, rng)
        elif kind < 0.8 and not picture.aerial:
            puddles.wet_road(rgb, rng)

    def _mosaic(self, rng: np.random.Generator) -> Sample:
        """Four samples reduced into the quarters around a cross on the cells of the canvas."""
        parts = [self._one(self._pick(rng), rng) for _ in range(4)]
        height, width = parts[0].mask.shape
        x, y = (CELL * round(v / CELL) for v in rng.uniform(0.35, 0.65, 2) * (width, height))
        out = Sample(np.empty_like(parts[0].rgb), np.empty_like(parts[0].mask), np.zeros((0, 5)), parts[0].known.copy())
        for part, (x0, y0, x1, y1) in zip(
            parts, [(0, 0, x, y), (x, 0, width, y), (0, y, x, height), (x, y, width, height)], strict=True
        ):
            size = (x1 - x0, y1 - y0)
            out.rgb[y0:y1, x0:x1] = cv2.resize(part.rgb, size, interpolation=cv2.INTER_AREA)
            out.mask[y0:y1, x0:x1] = cv2.resize(part.mask, size, interpolation=cv2.INTER_NEAREST)
            cells = (size[0] // CELL, size[1] // CELL)
            for plane in range(len(PLANES)):
                out.known[plane, y0 // CELL : y1 // CELL, x0 // CELL : x1 // CELL] = cv2.resize(
                    part.known[plane], cells, interpolation=cv2.INTER_NEAREST
                )
            ratio = np.array([size[0] / width, size[1] / height] * 2)
            moved = part.boxes[:, 1:] * ratio + [x0, y0, x0, y0]
            large = (moved[:, 2:] - moved[:, :2]).min(1) >= 4 if len(moved) else np.zeros(0, bool)
            out.boxes = np.vstack([out.boxes, np.hstack([part.boxes[:, :1], moved])[large]])
        return out

    def sample(self, index: int) -> Sample:
        rng = np.random.default_rng((self.seed, self.first + index))
        sample = self._mosaic(rng) if rng.random() < 0.12 else self._one(self._pick(rng), rng)
        pad = (sample.mask == 255) & (sample.rgb == 127).all(-1)
        sample.rgb = colour.augment(sample.rgb, rng)
        sample.rgb[pad] = 127
        return sample

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        cv2.setNumThreads(0)
        sample = self.sample(index)
        boxes = torch.from_numpy(sample.boxes.astype(np.float32))
        return torch.from_numpy(sample.rgb), torch.from_numpy(sample.mask), boxes, torch.from_numpy(sample.known)


def _quarter_turn(pixels: np.ndarray, boxes: np.ndarray, times: int) -> tuple[np.ndarray, np.ndarray]:
    """Picture and boxes turned left by `times` quarters."""
    for _ in range(times):
        pixels = np.rot90(pixels)
        plane, x0, y0, x1, y1 = boxes.T
        boxes = np.stack([plane, y0, 1 - x1, y1, 1 - x0], 1)
    return np.ascontiguousarray(pixels), boxes


def collate(samples: list[tuple[Tensor, Tensor, Tensor, Tensor]]) -> tuple[Tensor, Tensor, list[Tensor], Tensor]:
    rgb, mask, boxes, known = zip(*samples, strict=True)
    return torch.stack(rgb), torch.stack(mask), list(boxes), torch.stack(known)
