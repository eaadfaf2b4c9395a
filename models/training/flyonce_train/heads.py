"""Task heads: each reads the neck's maps and nothing else."""

import torch
from torch import Tensor, nn

from .neck import separable


class MaskHead(nn.Module):
    """Logits (batch, 1, H/4, W/4) of a region class."""

    def __init__(self, width: int = 64, prior: float = 0.2) -> None:
        super().__init__()
        self.body = separable(width)
        self.last = nn.Conv2d(width, 1, 1)
        nn.init.normal_(self.last.weight, std=0.01)
        nn.init.constant_(self.last.bias, float(torch.logit(torch.tensor(prior))))

    def forward(self, maps: list[Tensor]) -> Tensor:
        return self.last(self.body(maps[0]))
