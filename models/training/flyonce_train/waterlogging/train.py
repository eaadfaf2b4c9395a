"""Trains the waterlogging network on a CPU: `python -m flyonce_train.waterlogging.train --help`."""

import argparse
import csv
import math
import os
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Subset

from .. import letterbox, ranks, scoring
from ..ema import Average
from ..fast_cpu import speed_up_depthwise
from ..losses import water_loss
from ..network import Segmenter
from .data import Item, all_items, held_out, load, prepare
from .draws import Draws
from .geometry import INPUT_WH, Canvas


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


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--datasets", type=Path, default=Path(os.environ.get("FLYONCE_DATASETS", "../shared/datasets")))
    parser.add_argument("--cache", type=Path, required=True, help="folder for decoded pictures")
    parser.add_argument("--checkpoints", type=Path, required=True, help="folder for checkpoints and log.csv")
    parser.add_argument("--weights", type=Path, help="weights to start from (an earlier run's last.pt)")
    parser.add_argument("--held-out", type=float, default=0.0, help="share of scenes kept for thresholds")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--draws", type=int, default=640, help="samples an epoch")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--canvas", default="320x320", help="width x height of a sample, pixels")
    parser.add_argument("--plain", type=float, default=0.0, help="share of samples shown whole, as they are judged")
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--minutes", type=float, default=0.0, help="finish within this time, 0: no limit")
    parser.add_argument("--check-every", type=int, default=8, help="epochs between scores of the held-out part")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def parameter_groups(network: Segmenter) -> list[dict[str, object]]:
    """No decay on norms and biases; the pretrained backbone learns at half the rate."""
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for name, value in network.named_parameters():
        if not value.requires_grad:
            continue
        groups.setdefault((name.startswith("backbone"), value.ndim > 1), []).append(value)
    return [
        {"params": values, "weight_decay": 0.02 if decays else 0.0, "factor": 0.5 if backbone else 1.0}
        for (backbone, decays), values in groups.items()
    ]


def as_input(pictures: torch.Tensor) -> torch.Tensor:
    """RGB (batch, H, W, 3, uint8) as the network wants it; the memory stays channels-last."""
    return ((pictures.float() - 127.0) / 128.0).permute(0, 3, 1, 2)


@torch.no_grad()
def probabilities(network: nn.Module, picture: np.ndarray) -> np.ndarray:
    """The water map on the picture's own grid, as the product makes it."""
    padded, box = letterbox.apply(np.ascontiguousarray(picture[..., :3]), INPUT_WH)
    with torch.autocast("cpu", torch.bfloat16):
        logits = network(as_input(torch.from_numpy(padded)[None]))
    small = torch.sigmoid(logits.float())[0, 0].numpy()
    return letterbox.undo(small, box, INPUT_WH, (picture.shape[1], picture.shape[0]))


def check(network: nn.Module, cache: Path, items: list[Item]) -> scoring.Scores:
    """Scores of the held-out part at a plain operating point (0.5, 1 %)."""
    network.eval()
    counts = []
    for item in items:
        picture = np.asarray(load(cache, item))
        counts.append(scoring.count(probabilities(network, picture), picture[..., 3], 0.5))
    return scoring.pool(counts, 0.01)


@dataclass
class Trainer:
    """Network, running average and optimiser, with the time they have had."""

    plan: Plan
    network: Segmenter
    average: Average
    optimiser: torch.optim.Optimizer
    epoch: int = 0
    seconds: float = 0.0
    mark: float = field(default_factory=time.monotonic)

    def tick(self) -> None:
        """Adds the wall time since the last tick, waits and checks too; the same on every rank."""
        now = time.monotonic()
        self.seconds = ranks.mean(self.seconds + now - self.mark)
        self.mark = now

    def one_epoch(self, loader: DataLoader) -> float:
        """Trains on the loader's samples, fewer where the time is up; the mean loss."""
        self.network.train()
        total, steps = 0.0, 0
        for image, mask in loader:
            self.tick()
            progress = self.plan.progress(self.epoch * self.plan.steps_per_epoch + steps, self.seconds)
            if steps and progress >= 1.0:
                break
            rate = self.plan.rate_at(progress)
            for group in self.optimiser.param_groups:
                group["lr"] = rate * group["factor"]
            total, steps = total + self.one_step(image, mask), steps + 1
        self.tick()
        self.epoch += 1
        return total / steps

    def one_step(self, image: torch.Tensor, mask: torch.Tensor) -> float:
        with torch.autocast("cpu", torch.bfloat16):
            logits = self.network(as_input(image))
        loss = water_loss(logits, mask)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        ranks.average_gradients(self.network)
        nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
        self.optimiser.step()
        self.average.update(self.network)
        return float(loss.detach())

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


def log(path: Path, row: dict[str, object]) -> None:
    new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(row))
        if new:
            writer.writeheader()
        writer.writerow(row)


def build(args: argparse.Namespace) -> Trainer:
    network = Segmenter()
    if args.weights:
        network.load_state_dict(torch.load(args.weights, weights_only=True)["average"])
    network.backbone.freeze_early()
    network = network.to(memory_format=torch.channels_last)
    average = Average(network)
    speed_up_depthwise(network)
    plan = Plan(args.epochs, args.draws, args.batch, args.rate, args.minutes)
    optimiser = torch.optim.AdamW(parameter_groups(network), lr=args.rate)
    trainer = Trainer(plan, network, average, optimiser)
    if (args.checkpoints / "last.pt").exists():
        trainer.resume(args.checkpoints / "last.pt")
    return trainer


def loader_of(draws: Draws, batch: int) -> DataLoader:
    """This rank's part of the draws."""
    part = Subset(draws, range(ranks.rank(), len(draws), ranks.world()))
    return DataLoader(part, batch_size=batch // ranks.world(), num_workers=1, prefetch_factor=3, drop_last=True)


def report(args: argparse.Namespace, trainer: Trainer, loss: float, kept: list[Item]) -> None:
    """One line of log.csv, and the checkpoint."""
    row: dict[str, object] = {"epoch": trainer.epoch, "steps": trainer.average.steps}
    row |= {"loss": round(loss, 4), "seconds": round(trainer.seconds)}
    look = bool(kept) and (trainer.epoch % args.check_every == 0 or trainer.done())
    scores = check(trainer.average.network, args.cache, kept) if look else None
    for name in ("iou", "recall", "false_alarm"):
        row[name] = round(getattr(scores, name), 4) if scores else ""
    log(args.checkpoints / "log.csv", row)
    print(row, flush=True)
    trainer.save(args.checkpoints / "last.pt")


def main() -> None:
    args = arguments()
    ranks.join()
    torch.manual_seed(args.seed)
    args.checkpoints.mkdir(parents=True, exist_ok=True)
    if ranks.rank() == 0:
        prepare(args.datasets, args.cache)
    ranks.wait()
    items = all_items(args.datasets)
    kept = [i for i in items if held_out(i, args.held_out)]
    used = [i for i in items if not held_out(i, args.held_out)]
    width, height = (int(n) for n in args.canvas.split("x"))
    canvas = Canvas((width, height), args.plain)
    trainer = build(args)
    while not trainer.done():
        draws = Draws(args.cache, used, args.seed, trainer.epoch * args.draws, args.draws, canvas)
        loss = trainer.one_epoch(loader_of(draws, args.batch))
        if ranks.rank() == 0:
            report(args, trainer, loss, kept)
    ranks.leave()


if __name__ == "__main__":
    main()
