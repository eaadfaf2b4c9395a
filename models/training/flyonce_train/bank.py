"""Decoded pictures in one block of memory, at three sizes, sampled through homographies on the device that trains."""

import multiprocessing
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from .pictures import Picture

LEVELS = 3
"""Full, half and quarter size: what is shown small is taken from a small copy, so that nothing flickers."""


def decode(picture: Picture) -> np.ndarray:
    """(H, W, 4, uint8): RGB, and the mask of the picture's own set; a dry picture's is 0."""
    bgr = cv2.imread(str(picture.image), cv2.IMREAD_COLOR)
    if bgr is None:
        raise FileNotFoundError(picture.image)
    mask = np.zeros(bgr.shape[:2], np.uint8)
    if picture.mask is not None:
        mask = cv2.imread(str(picture.mask), cv2.IMREAD_GRAYSCALE)
        if mask is None or mask.shape != bgr.shape[:2]:
            raise ValueError(f"mask of {picture.key} is missing or of another size")
    return np.dstack([cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), mask])


def pyramid(pixels: np.ndarray) -> list[np.ndarray]:
    """The picture halved and halved again; masks by nearest neighbour."""
    out = [pixels]
    for _ in range(LEVELS - 1):
        size = (max(1, out[-1].shape[1] // 2), max(1, out[-1].shape[0] // 2))
        rgb = cv2.resize(np.ascontiguousarray(out[-1][..., :3]), size, interpolation=cv2.INTER_AREA)
        mask = cv2.resize(np.ascontiguousarray(out[-1][..., 3]), size, interpolation=cv2.INTER_NEAREST)
        out.append(np.dstack([rgb, mask]))
    return out


@dataclass
class Bank:
    """Pixels (n, int32: RGB and mask, a byte each) of all pictures; offset (level, picture) and width, height (level, picture, 2)."""

    pixels: Tensor
    offset: Tensor
    size: Tensor

    @classmethod
    def of(cls, pictures: list[np.ndarray]) -> "Bank":
        """Pictures (H, W, 4, uint8)."""
        flat, offset, size, at = [], [], [], 0
        for level in zip(*(pyramid(p) for p in pictures), strict=True):
            offset.append([])
            size.append([])
            for part in level:
                offset[-1].append(at)
                size[-1].append([part.shape[1], part.shape[0]])
                flat.append(np.ascontiguousarray(part).reshape(-1).view(np.int32))
                at += len(flat[-1])
        return cls(torch.from_numpy(np.concatenate(flat)), torch.tensor(offset), torch.tensor(size))

    @classmethod
    def load(cls, pictures: list[Picture], cache: Path) -> "Bank":
        """Decodes the pictures, or reads what an earlier run left in `cache`; the file is mapped, not read whole."""
        names = cache / "bank.txt"
        listed = "\n".join(p.key for p in pictures)
        if not names.exists() or names.read_text(encoding="utf-8") != listed:
            cache.mkdir(parents=True, exist_ok=True)
            with multiprocessing.Pool() as pool:
                whole = cls.of(pool.map(decode, pictures, 16))
            np.save(cache / "bank.npy", whole.pixels.numpy())
            np.savez(cache / "bank.npz", offset=whole.offset.numpy(), size=whole.size.numpy())
            names.write_text(listed, encoding="utf-8")
        table = np.load(cache / "bank.npz")
        pixels = torch.from_numpy(np.load(cache / "bank.npy", mmap_mode="c"))
        return cls(pixels, torch.from_numpy(table["offset"]), torch.from_numpy(table["size"]))

    def to(self, device: torch.device) -> "Bank":
        return Bank(self.pixels.to(device), self.offset.to(device), self.size.to(device))

    def picture(self, index: int) -> np.ndarray:
        """One whole picture (H, W, 4, uint8)."""
        width, height = self.size[0, index].tolist()
        at = int(self.offset[0, index])
        return self.pixels[at : at + width * height].cpu().numpy().view(np.uint8).reshape(height, width, 4)

    def sample(self, index: Tensor, matrix: Tensor, size: tuple[int, int]) -> tuple[Tensor, Tensor, Tensor]:
        """Pictures `index` (n) seen through `matrix` (n, 3, 3: picture pixels from canvas pixels), canvas width and height.

        Out: the four bytes, bilinear (n, 4, H, W, float), the last one nearest (n, H, W, uint8), and where a picture is (n, H, W).
        """
        width, height = size
        device = self.pixels.device
        ys, xs = torch.meshgrid(
            torch.arange(height, device=device) + 0.5, torch.arange(width, device=device) + 0.5, indexing="ij"
        )
        points = torch.stack([xs, ys, torch.ones_like(xs)]).reshape(3, -1)
        moved = matrix.float() @ points
        depth = moved[:, 2].clamp(min=1e-6)
        whole = self.size[0, index].float()
        x, y = moved[:, 0] / depth, moved[:, 1] / depth
        inside = (x >= 0) & (y >= 0) & (x < whole[:, :1]) & (y < whole[:, 1:])
        level = self._level(matrix)
        of_level = self.size[level, index].float()
        ratio = of_level / whole
        bytes_, nearest = self._read(level, index, x * ratio[:, :1] - 0.5, y * ratio[:, 1:] - 0.5)
        shape = (len(index), height, width)
        return bytes_.permute(0, 2, 1).reshape(len(index), 4, height, width), nearest.reshape(shape), inside.reshape(shape)

    @staticmethod
    def _level(matrix: Tensor) -> Tensor:
        """The copy that is nearest in size: 1 from 1.5 picture pixels a canvas pixel on, 2 from 3."""
        spacing = torch.linalg.det(matrix[:, :2, :2].float()).abs().sqrt() / matrix[:, 2, 2].float().abs().clamp(min=1e-6)
        return (spacing > 1.5).long() + (spacing > 3.0).long()

    def _read(self, level: Tensor, index: Tensor, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Bytes at x, y (n, points): bilinear (n, points, 4), and the mask of the nearest pixel (n, points)."""
        size, offset = self.size[level, index], self.offset[level, index][:, None]
        last_x, last_y = size[:, :1] - 1, size[:, 1:] - 1
        x0, y0 = x.floor(), y.floor()
        fx, fy = (x - x0)[..., None], (y - y0)[..., None]
        x0, y0 = x0.long(), y0.long()

        def at(dx: int, dy: int) -> Tensor:
            row = (y0 + dy).clamp(min=0).minimum(last_y)
            column = (x0 + dx).clamp(min=0).minimum(last_x)
            return self.pixels[offset + row * size[:, :1] + column].view(torch.uint8).reshape(*x.shape, 4)

        taps = [at(0, 0), at(1, 0), at(0, 1), at(1, 1)]
        top = taps[0] + (taps[1].float() - taps[0].float()) * fx
        low = taps[2] + (taps[3].float() - taps[2].float()) * fx
        right, below = fx[..., 0] > 0.5, fy[..., 0] > 0.5
        upper = torch.where(right, taps[1][..., 3], taps[0][..., 3])
        lower = torch.where(right, taps[3][..., 3], taps[2][..., 3])
        return top + (low - top) * fy, torch.where(below, lower, upper)


