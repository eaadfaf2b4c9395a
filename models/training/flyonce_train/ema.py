"""A running average of weights, which generalises better than the last step."""

import copy

import torch
from torch import nn


class Average:
    """Follows a network; young averages follow faster."""

    def __init__(self, network: nn.Module, decay: float = 0.995) -> None:
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        self.decay = decay
        self.steps = 0

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        self.steps += 1
        keep = min(self.decay, (1 + self.steps) / (10 + self.steps))
        theirs = network.state_dict()
        for name, mine in self.network.state_dict().items():
            if mine.dtype.is_floating_point:
                mine.lerp_(theirs[name].float(), 1.0 - keep)
            else:
                mine.copy_(theirs[name])
