"""What every training run needs: pace, checkpoints, the log, and each rank's part of the samples."""

import csv
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, Subset

from . import ranks
from .ema import Average


@dataclass(frozen=True)
class Plan:
    """Length and pace of one run."""

    epochs: int
    draws: int
    batch: int
    rate: float
    minutes: float

    @property
    def steps_per_epoch(self) -> int:
        return self.draws // self.batch

    def progress(self, step: int, seconds: float) -> float:
        """Part done, 0..1: by steps, or by time where the machine is slower than planned."""
        by_time = seconds / (60.0 * self.minutes) if self.minutes else 0.0
        return min(1.0, max(step / (self.epochs * self.steps_per_epoch), by_time))

    def rate_at(self, progress: float) -> float:
        """Short warm-up, then a cosine to a hundredth."""
        if progress < 0.06:
            return self.rate * max(0.02, progress / 0.06)
        return self.rate * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * (progress - 0.06) / 0.94)))


@dataclass
class Run:
    """Network, running average, optimiser and largest gradient norm, with the time they have had."""

    plan: Plan
    network: nn.Module
    average: Average
    optimiser: torch.optim.Optimizer
    clip: float = 5.0
    epoch: int = 0
    seconds: float = 0.0
    mark: float = field(default_factory=time.monotonic)

    def tick(self) -> None:
        """Adds the wall time since the last tick, waits and checks too; the same on every rank."""
        now = time.monotonic()
        self.seconds = ranks.mean(self.seconds + now - self.mark)
        self.mark = now

    def one_epoch(self, loader: DataLoader, losses: Callable[..., dict[str, torch.Tensor]]) -> dict[str, float]:
        """Trains on the loader's samples, fewer where the time is up; the mean of each loss. "total" is what is minimised."""
        self.network.train()
        sums: dict[str, float] = {}
        steps = 0
        for batch in loader:
            self.tick()
            progress = self.plan.progress(self.epoch * self.plan.steps_per_epoch + steps, self.seconds)
            if steps and progress >= 1.0:
                break
            for group in self.optimiser.param_groups:
                group["lr"] = self.plan.rate_at(progress) * group["factor"]
            for name, value in self.one_step(losses(self.network, *batch)).items():
                sums[name] = sums.get(name, 0.0) + value
            steps += 1
        self.tick()
        self.epoch += 1
        return {name: value / steps for name, value in sums.items()}

    def one_step(self, parts: dict[str, torch.Tensor]) -> dict[str, float]:
        self.optimiser.zero_grad()
        parts["total"].backward()
        ranks.average_gradients(self.network)
        nn.utils.clip_grad_norm_(self.network.parameters(), self.clip)
        self.optimiser.step()
        self.average.update(self.network)
        return {name: float(value.detach()) for name, value in parts.items()}

    def done(self) -> bool:
        return self.plan.progress(self.epoch * self.plan.steps_per_epoch, self.seconds) >= 0.995

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
        state = torch.load(path, weights_only=True)
        self.network.load_state_dict(state["network"])
        self.average.network.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.epoch, self.seconds, self.average.steps = state["epoch"], state["seconds"], state["steps"]


def as_input(pictures: torch.Tensor) -> torch.Tensor:
    """RGB (batch, H, W, 3, uint8) as the network wants it; the memory stays channels-last."""
    return ((pictures.float() - 127.0) / 128.0).permute(0, 3, 1, 2)


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


def loader_of(draws: Dataset, batch: int, collate: Callable | None = None) -> DataLoader:
    """This rank's part of the draws."""
    part = Subset(draws, range(ranks.rank(), len(draws), ranks.world()))  # type: ignore[arg-type]
    return DataLoader(part, batch // ranks.world(), num_workers=1, prefetch_factor=3, drop_last=True, collate_fn=collate)


def log(path: Path, row: dict[str, object]) -> None:
    """One more line of a CSV file."""
    new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(row))
        if new:
            writer.writeheader()
        writer.writerow(row)
