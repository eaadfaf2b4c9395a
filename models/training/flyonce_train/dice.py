"""Random numbers for a batch, on its device."""

import torch
from torch import Tensor


class Dice:
    """Draws from one seeded generator."""

    def __init__(self, seed: int, device: torch.device) -> None:
        self.device = device
        self.generator = torch.Generator(device).manual_seed(seed)

    def uniform(self, low: float, high: float, *shape: int) -> Tensor:
        return low + (high - low) * torch.rand(shape, generator=self.generator, device=self.device)

    def log_uniform(self, low: float, high: float, *shape: int) -> Tensor:
        ends = torch.tensor([low, high]).log().tolist()
        return self.uniform(ends[0], ends[1], *shape).exp()

    def normal(self, *shape: int) -> Tensor:
        return torch.randn(shape, generator=self.generator, device=self.device)

    def whole(self, below: int, *shape: int) -> Tensor:
        return torch.randint(below, shape, generator=self.generator, device=self.device)

    def some(self, chance: float, count: int) -> Tensor:
        """Indices of those of `count` that are chosen."""
        return (torch.rand(count, generator=self.generator, device=self.device) < chance).nonzero()[:, 0]

    def one(self, low: float, high: float) -> float:
        return float(self.uniform(low, high, 1))
