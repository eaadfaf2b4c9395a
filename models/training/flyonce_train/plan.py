"""Plans training samples: which pictures, how they are bent, what is drawn into them, and what is known about every place.

A plan is small and made on any core; `paint` turns a batch of plans into pixels on the device that trains.
"""

from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from .geometry import Canvas, Turn, bounds, draw_pose
from .pictures import PLANES, Picture, groups

CELL = 8
"""Side of the cells on which it is known whether boxes of a class are labelled, pixels."""

LEAST_VISIBLE = 0.3
"""Share of a box that must stay in view; what is cut further is neither box nor background."""

MOSAICS = 0.12
PLUMES = 0.16
NOTHING, PUDDLES, PUDDLES_AND_DECOYS, DECOYS, WET_ROAD = range(5)
"""What is drawn into a sample."""

WATER_UNKNOWN, WATER_NONE, WATER_MASK = range(3)
"""What is known of the water in a layer."""


@dataclass
class Blow:
    """A plume blown into a sample: which one (-1: none), its box, and how it is changed."""

    index: int = -1
    box: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0)
    flip: bool = False
    opacity: float = 1.0
    tone: float = 1.0


@dataclass
class Sample:
    """Layers in the order they are painted, boxes (n, 5: plane and corners in pixels) and known cells (3, H/8, W/8)."""

    known: np.ndarray
    layers: list[tuple[int, np.ndarray, tuple[int, int, int, int], int]] = field(default_factory=list)
    boxes: list[tuple[float, ...]] = field(default_factory=list)
    drawing: int = NOTHING
    aerial: bool = False
    plume: Blow = field(default_factory=Blow)

    def forget(self, plane: int, box: np.ndarray) -> None:
        """Marks a rectangle as neither background nor box."""
        x0, y0 = np.floor(box[:2] / CELL).astype(int)
        x1, y1 = np.ceil(box[2:] / CELL).astype(int)
        self.known[plane, max(0, y0) : max(0, y1), max(0, x0) : max(0, x1)] = 0


def _water_of(picture: Picture) -> int:
    if not picture.water_known:
        return WATER_UNKNOWN
    return WATER_MASK if picture.group.startswith("water/") else WATER_NONE


def _turn(picture: Picture) -> Turn:
    if len(picture.boxes):
        return Turn(False, picture.nadir, 3.0)
    return Turn(picture.nadir, False, 12.0 if picture.aerial else 4.0)


class Plans(Dataset[Sample]):
    """`count` samples; sample i of a seed is always the same. `sizes` and `plume_sizes` (n, 2) are widths and heights in pixels."""

    def __init__(
        self, pictures: list[Picture], sizes: np.ndarray, plume_sizes: np.ndarray, seed: int, first: int, count: int,
        canvas: Canvas, shares: dict[str, float], without: set[str] = frozenset(),  # type: ignore[assignment]
    ) -> None:  # fmt: skip
        self.pictures, self.sizes, self.plume_sizes = pictures, sizes, plume_sizes
        self.seed, self.first, self.count, self.canvas = seed, first, count, canvas
        self.groups, self.without = groups(pictures), without
        self.shares = {name: share for name, share in shares.items() if self.groups.get(name)}

    def __len__(self) -> int:
        return self.count

    def _from(self, names: list[str], weights: np.ndarray | None, rng: np.random.Generator) -> int:
        group = self.groups[str(rng.choice(names, p=weights))]
        return group[int(rng.integers(len(group)))]

    def _pick(self, rng: np.random.Generator) -> int:
        weights = np.array(list(self.shares.values()))
        return self._from(list(self.shares), weights / weights.sum(), rng)

    def _pose(self, index: int, rng: np.random.Generator, zoom: float | None = None) -> np.ndarray:
        width, height = (int(v) for v in self.sizes[index])
        return draw_pose((width, height), _turn(self.pictures[index]), self.canvas, rng, zoom)

    def _covers(self, index: int, matrix: np.ndarray) -> np.ndarray:
        """Cells (H/8, W/8) whose middle shows the picture."""
        across, down = (n // CELL for n in self.canvas.size)
        ys, xs = np.meshgrid((np.arange(down) + 0.5) * CELL, (np.arange(across) + 0.5) * CELL, indexing="ij")
        points = np.linalg.inv(matrix) @ np.stack([xs.ravel(), ys.ravel(), np.ones(xs.size)])
        depth = np.maximum(points[2], 1e-6)
        x, y = points[0] / depth, points[1] / depth
        width, height = self.sizes[index]
        return ((x >= 0) & (y >= 0) & (x < width) & (y < height)).reshape(down, across)

    def _add(self, sample: Sample, index: int, matrix: np.ndarray, rect: tuple[int, int, int, int]) -> None:
        """One picture in a rectangle of the canvas, over what is there."""
        picture = self.pictures[index]
        covers = self._covers(index, matrix)
        x0, y0, x1, y1 = (n // CELL for n in rect)
        part = covers[y0:y1, x0:x1]
        for plane, is_known in enumerate(picture.known):
            sample.known[plane, y0:y1, x0:x1][part] = is_known
        sample.layers.append((index, np.linalg.inv(matrix), rect, _water_of(picture)))
        if not len(picture.boxes):
            return
        width, height = self.sizes[index]
        corners = picture.boxes[:, 1:] * [width, height, width, height]
        for plane, whole in zip(picture.boxes[:, 0], bounds(corners, matrix), strict=True):
            cut = np.concatenate([np.clip(whole[:2], rect[:2], rect[2:]), np.clip(whole[2:], rect[:2], rect[2:])])
            size, full = cut[2:] - cut[:2], whole[2:] - whole[:2]
            if size.min() <= 0:
                continue
            if size.prod() < LEAST_VISIBLE * full.prod() or size.min() < 4:
                sample.forget(int(plane), cut)
            else:
                sample.boxes.append((plane, *cut))

    def _empty(self) -> Sample:
        across, down = self.canvas.size
        return Sample(np.ones((len(PLANES), down // CELL, across // CELL), np.uint8))

    def _one(self, rng: np.random.Generator) -> Sample:
        sample, whole = self._empty(), (0, 0, *self.canvas.size)
        index = self._pick(rng)
        picture, matrix = self.pictures[index], self._pose(index, rng)
        if "behind" not in self.without and (~self._covers(index, matrix)).mean() > 0.15 and rng.random() < 0.5:
            behind = self._behind(picture, rng)
            if behind is not None:
                self._add(sample, behind, self._pose(behind, rng, rng.uniform(1.2, 2.0)), whole)
        self._add(sample, index, matrix, whole)
        sample.aerial = picture.aerial
        if "drawings" not in self.without:
            sample.drawing = self._drawing(picture, rng)
        smoke = picture.nadir or "plumes" in self.without or any(box[0] == 0 for box in sample.boxes)
        if sample.known[0].all() and not smoke and rng.random() < PLUMES:
            sample.plume = self._blow(rng)
        return sample

    def _behind(self, picture: Picture, rng: np.random.Generator) -> int | None:
        """A picture to fill the empty part of the canvas with, which lacks what this one may hold."""
        if picture.aerial:
            names = ["water/aerial_dry", "water/extra_aerial"]
        elif picture.group == "dumping":
            names = ["no_dumping"]
        else:
            names = ["water/ground_dry", "water/extra_ground", "no_dumping"]
        names = [n for n in names if self.groups.get(n)]
        for _ in range(6):
            index = self._from(names, None, rng)
            if not len(self.pictures[index].boxes):
                return index
        return None

    @staticmethod
    def _drawing(picture: Picture, rng: np.random.Generator) -> int:
        """Puddles and what looks like them; only where water is labelled and none is, and no box is hurt."""
        if len(picture.boxes) or not picture.water_known or picture.wet:
            return NOTHING
        kind = rng.random()
        if kind < (0.45 if picture.aerial else 0.18):
            return PUDDLES_AND_DECOYS if rng.random() < 0.4 else PUDDLES
        if kind < 0.58:
            return DECOYS
        return WET_ROAD if kind < 0.8 and not picture.aerial else NOTHING

    def _blow(self, rng: np.random.Generator) -> Blow:
        index = int(rng.integers(len(self.plume_sizes)))
        across, down = self.canvas.size
        side = float(np.exp(rng.uniform(np.log(20), np.log(0.6 * down))))
        width, height = np.maximum(6, self.plume_sizes[index] * side / self.plume_sizes[index].max())
        x, y = rng.uniform(0, max(1, across - width)), rng.uniform(0, max(1, down - height))
        tone = rng.uniform(0.25, 0.7) if rng.random() < 0.3 else 1.0
        box = (x, y, min(across, x + width), min(down, y + height))
        return Blow(index, box, bool(rng.random() < 0.5), float(rng.uniform(0.7, 1.0)), float(tone))

    def _mosaic(self, rng: np.random.Generator) -> Sample:
        """Four pictures reduced into the quarters around a cross on the cells of the canvas."""
        sample = self._empty()
        width, height = self.canvas.size
        x, y = (CELL * round(v / CELL) for v in rng.uniform(0.35, 0.65, 2) * (width, height))
        for x0, y0, x1, y1 in ((0, 0, x, y), (x, 0, width, y), (0, y, x, height), (x, y, width, height)):
            index = self._pick(rng)
            into = np.array([[(x1 - x0) / width, 0, x0], [0, (y1 - y0) / height, y0], [0, 0, 1]])
            self._add(sample, index, into @ self._pose(index, rng), (x0, y0, x1, y1))
        return sample

    def __getitem__(self, at: int) -> Sample:
        rng = np.random.default_rng((self.seed, self.first + at))
        whole = self.canvas.quiet or "mosaics" in self.without
        return self._mosaic(rng) if not whole and rng.random() < MOSAICS else self._one(rng)


@dataclass
class Batch:
    """Plans side by side. Layers: sample, order, picture, matrix (picture pixels from canvas pixels), rectangle, water. Boxes
    (batch, most, 5) with plane -1 where there is none; known (batch, 3, H/8, W/8); plumes: index, box, change (flip, opacity, tone)."""

    sample: Tensor
    order: Tensor
    picture: Tensor
    matrix: Tensor
    rect: Tensor
    water: Tensor
    boxes: Tensor
    known: Tensor
    drawing: Tensor
    aerial: Tensor
    plume: Tensor
    plume_box: Tensor
    plume_change: Tensor

    def to(self, device: torch.device) -> "Batch":
        return Batch(*(getattr(self, name).to(device, non_blocking=True) for name in self.__dataclass_fields__))


def collate(samples: list[Sample]) -> Batch:
    layers = [(i, k, *layer) for i, s in enumerate(samples) for k, layer in enumerate(s.layers)]
    sample, order, picture, matrix, rect, water = zip(*layers, strict=True)
    most = max(len(s.boxes) + 1 for s in samples)  # one is kept free for a plume
    boxes = np.full((len(samples), most, 5), -1.0, np.float32)
    for i, s in enumerate(samples):
        if s.boxes:
            boxes[i, : len(s.boxes)] = s.boxes
    plumes = [s.plume for s in samples]
    return Batch(
        torch.tensor(sample), torch.tensor(order), torch.tensor(picture), torch.from_numpy(np.stack(matrix)),
        torch.tensor(rect), torch.tensor(water), torch.from_numpy(boxes),
        torch.from_numpy(np.stack([s.known for s in samples])), torch.tensor([s.drawing for s in samples]),
        torch.tensor([s.aerial for s in samples]), torch.tensor([p.index for p in plumes]),
        torch.tensor([p.box for p in plumes]), torch.tensor([(p.flip, p.opacity, p.tone) for p in plumes]),
    )  # fmt: skip
