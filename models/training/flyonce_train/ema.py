"""A running average of weights, which generalises better than the last step."""

import copy

import torch
from torch import nn


class Average:
    """Follows a network; young averages follow faster."""

    def __init__(self, network: nn.Module, decay: float = 0.999) -> None:
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        self.decay = decay
        self.steps = 0

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        self.steps += 1
        keep = min(self.decay, (1 + self.steps) / (10 + self.steps))
        theirs, mine = network.state_dict(), self.network.state_dict()
        real = [name for name, value in mine.items() if value.dtype.is_floating_point]
        torch._foreach_lerp_([mine[n] for n in real], [theirs[n] for n in real], 1.0 - keep)
        for name in mine.keys() - set(real):
            mine[name].copy_(theirs[name])
