"""What every training run needs: pace, checkpoints, the log, and each rank's part of the samples."""

import csv
import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, Subset

from . import ranks
from .ema import Average
from .network import Pair


@dataclass(frozen=True)
class Pace:
    """Length and learning rate of one run."""

    epochs: int
    draws: int
    batch: int
    rate: float

    @property
    def steps_per_epoch(self) -> int:
        return self.draws // self.batch

    def progress(self, step: int) -> float:
        """Part done, 0..1."""
        return min(1.0, step / (self.epochs * self.steps_per_epoch))

    def rate_at(self, progress: float) -> float:
        """Short warm-up, then a cosine to a hundredth."""
        if progress < 0.06:
            return self.rate * max(0.02, progress / 0.06)
        return self.rate * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * (progress - 0.06) / 0.94)))


@dataclass
class Run:
    """Network, running average, optimiser and largest gradient norm, with the time they have had."""

    pace: Pace
    network: nn.Module
    average: Average
    optimiser: torch.optim.Optimizer
    clip: float = 8.0
    epoch: int = 0
    seconds: float = 0.0

    @property
    def progress(self) -> float:
        return self.pace.progress(self.epoch * self.pace.steps_per_epoch)

    def one_epoch(self, batches: Iterable, losses: Callable[[Any, int], dict[str, torch.Tensor]]) -> dict[str, float]:
        """Trains on batches; the mean of each loss. `losses` gets a batch and its step; "total" is minimised."""
        self.network.train()
        began, sums = time.monotonic(), {}
        step = self.epoch * self.pace.steps_per_epoch
        for batch in batches:
            for group in self.optimiser.param_groups:
                group["lr"] = self.pace.rate_at(self.pace.progress(step)) * group["factor"]
            parts = losses(batch, step)
            self._one_step(parts["total"])
            for name, value in parts.items():
                sums[name] = sums.get(name, 0.0) + value.detach()
            step += 1
        out = {name: float(value) / self.pace.steps_per_epoch for name, value in sums.items()}
        self.seconds += time.monotonic() - began
        self.epoch += 1
        return out

    def _one_step(self, total: torch.Tensor) -> None:
        self.optimiser.zero_grad()
        total.backward()
        ranks.average_gradients(self.network)
        for part in parts_of(self.network):
            nn.utils.clip_grad_norm_(part.parameters(), self.clip)
        self.optimiser.step()
        self.average.update(self.network)

    def done(self) -> bool:
        return self.epoch >= self.pace.epochs

    def save(self, path: Path) -> None:
        state = {
            "network": self.network.state_dict(),
            "average": self.average.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "epoch": self.epoch,
            "seconds": self.seconds,
            "steps": self.average.steps,
        }
        torch.save(state, path.with_suffix(".new"))
        path.with_suffix(".new").replace(path)

    def resume(self, path: Path) -> None:
        state = torch.load(path, weights_only=True, map_location="cpu")
        self.network.load_state_dict(state["network"])
        self.average.network.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.epoch, self.seconds, self.average.steps = state["epoch"], state["seconds"], state["steps"]


def parts_of(network: nn.Module) -> list[nn.Module]:
    """Networks that learn side by side: each has its own largest gradient."""
    return [network.pupil, network.teacher] if isinstance(network, Pair) else [network]


def as_input(pictures: torch.Tensor) -> torch.Tensor:
    """RGB (batch, 3, H, W; 0..255) as the network wants it."""
    return ((pictures - 127.0) / 128.0).contiguous(memory_format=torch.channels_last)


def parameter_groups(network: nn.Module, learnt: tuple[str, ...]) -> list[dict[str, object]]:
    """No decay on norms and biases; parts that have `learnt` before (prefixes of names) at half the rate."""
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for name, value in network.named_parameters():
        if value.requires_grad:
            groups.setdefault((name.startswith(learnt), value.ndim > 1), []).append(value)
    return [
        {"params": values, "weight_decay": 0.02 if decays else 0.0, "factor": 0.5 if old else 1.0}
        for (old, decays), values in groups.items()
    ]


def loader_of(draws: Dataset, batch: int, workers: int, collate: Callable) -> DataLoader:
    """This rank's part of the draws."""
    part = Subset(draws, range(ranks.rank(), len(draws), ranks.world()))  # type: ignore[arg-type]
    return DataLoader(
        part, batch // ranks.world(), num_workers=workers, prefetch_factor=3, drop_last=True, collate_fn=collate
    )


def log(path: Path, row: dict[str, object]) -> None:
    """One more line of a CSV file."""
    new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(row))
        if new:
            writer.writeheader()
        writer.writerow(row)
