"""Turns a batch of plans into pictures, water masks and boxes on the device that trains."""

from dataclasses import dataclass

import torch
from torch import Tensor

from . import colour, plumes, puddles
from .bank import Bank
from .dice import Dice
from .letterbox import PAD
from .pictures import Picture
from .plan import DECOYS, PUDDLES, PUDDLES_AND_DECOYS, WATER_NONE, WATER_UNKNOWN, WET_ROAD, Batch

IGNORE = 255


@dataclass
class Paintbox:
    """The pictures, the plumes cut out of them, and squares of water (n, 3, side, side)."""

    bank: Bank
    plumes: Bank
    water: Tensor

    @classmethod
    def of(cls, bank: Bank, pictures: list[Picture], device: torch.device) -> "Paintbox":
        squares = [s for i, p in enumerate(pictures) if p.wet for s in puddles.water_patches(bank.picture(i))]
        water = torch.stack([torch.from_numpy(s.copy()).permute(2, 0, 1).float() for s in squares])
        cut = plumes.plume_bank(bank, pictures)
        return cls(bank.to(device), cut.to(device), water.to(device))

    def paint(self, batch: Batch, size: tuple[int, int], seed: int, quiet: bool = False) -> tuple[Tensor, Tensor]:
        """RGB (n, 3, H, W; 0..255) and water mask (n, H, W; 0, 1, 255); boxes of blown-in plumes are added to the batch."""
        dice = Dice(seed, self.bank.pixels.device)
        rgb, mask, empty = self._layers(batch, size)
        self._draw(rgb, mask, batch, dice)
        plumes.blow(rgb, mask, batch, self.plumes)
        rgb = colour.augment(rgb, dice, quiet)
        return torch.where(empty[:, None], float(PAD), rgb), mask

    def _layers(self, batch: Batch, size: tuple[int, int]) -> tuple[Tensor, Tensor, Tensor]:
        width, height = size
        n, device = len(batch.known), self.bank.pixels.device
        rgb = torch.full((n, 3, height, width), float(PAD), device=device)
        mask = torch.full((n, height, width), IGNORE, dtype=torch.uint8, device=device)
        empty = torch.ones((n, height, width), dtype=torch.bool, device=device)
        ys = torch.arange(height, device=device)[None, :, None]
        xs = torch.arange(width, device=device)[None, None]
        for order in range(int(batch.order.max()) + 1):
            rows = (batch.order == order).nonzero()[:, 0]
            at, rect, water = batch.sample[rows], batch.rect[rows][..., None, None], batch.water[rows][:, None, None]
            bytes_, nearest, inside = self.bank.sample(batch.picture[rows], batch.matrix[rows], size)
            inside &= (xs >= rect[:, 0]) & (ys >= rect[:, 1]) & (xs < rect[:, 2]) & (ys < rect[:, 3])
            own = torch.where(water == WATER_NONE, 0, nearest)
            own = torch.where(water == WATER_UNKNOWN, IGNORE, own)
            rgb[at] = torch.where(inside[:, None], bytes_[:, :3], rgb[at])
            mask[at] = torch.where(inside, own.to(torch.uint8), mask[at])
            empty[at] &= ~inside
        return rgb, mask, empty

    def _draw(self, rgb: Tensor, mask: Tensor, batch: Batch, dice: Dice) -> None:
        for kinds, draw in (
            ((PUDDLES_AND_DECOYS, DECOYS), lambda x, m, a: puddles.add_decoys(x, m, a, dice)),
            ((PUDDLES, PUDDLES_AND_DECOYS), lambda x, m, a: puddles.add_puddles(x, m, a, self.water, dice)),
            ((WET_ROAD,), lambda x, _m, _a: puddles.wet_road(x, dice)),
        ):
            rows = torch.isin(batch.drawing, torch.tensor(kinds, device=rgb.device)).nonzero()[:, 0]
            if len(rows):
                some_rgb, some_mask = rgb[rows], mask[rows]
                draw(some_rgb, some_mask, batch.aerial[rows])
                rgb[rows], mask[rows] = some_rgb, some_mask
