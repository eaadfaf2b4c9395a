"""Trains the joint network on a CPU: `python -m flyonce_train.joint.train --help`."""

import argparse
import os
import time
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Subset

from .. import ranks
from ..ema import Average
from ..fast_cpu import speed_up_depthwise
from ..heads import cells
from ..network import Joint
from ..waterlogging.geometry import Canvas
from ..waterlogging.train import Plan, log
from .check import as_input, check
from .draws import Draws, collate
from .losses import joint_loss
from .pictures import Picture, all_pictures, held_out, prepare


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--datasets", type=Path, default=Path(os.environ.get("FLYONCE_DATASETS", "../shared/datasets")))
    parser.add_argument("--cache", type=Path, required=True, help="folder for decoded pictures")
    parser.add_argument("--checkpoints", type=Path, required=True, help="folder for checkpoints and log.csv")
    parser.add_argument("--weights", type=Path, help="weights to start from; what they lack starts fresh")
    parser.add_argument("--held-out", type=float, default=0.1, help="share of scenes kept for thresholds")
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--draws", type=int, default=960, help="samples an epoch")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--canvas", default="448x320", help="width x height of a sample, pixels")
    parser.add_argument("--plain", type=float, default=0.2, help="share of samples shown whole, as they are judged")
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--minutes", type=float, default=0.0, help="finish within this time, 0: no limit")
    parser.add_argument("--check-every", type=int, default=8, help="epochs between scores of the held-out part")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def parameter_groups(network: nn.Module) -> list[dict[str, object]]:
    """No decay on norms and biases; backbone, neck and mask head, which have learnt before, at half the rate."""
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for name, value in network.named_parameters():
        if value.requires_grad:
            old = name.startswith(("backbone.", "neck.", "head."))
            groups.setdefault((old, value.ndim > 1), []).append(value)
    return [
        {"params": values, "weight_decay": 0.02 if decays else 0.0, "factor": 0.5 if old else 1.0}
        for (old, decays), values in groups.items()
    ]


@dataclass
class Trainer:
    """Network, running average and optimiser, with the time they have had."""

    plan: Plan
    network: Joint
    average: Average
    optimiser: torch.optim.Optimizer
    grid: Tensor
    epoch: int = 0
    seconds: float = 0.0
    mark: float = field(default_factory=time.monotonic)

    def tick(self) -> None:
        """Adds the wall time since the last tick; the same on every rank."""
        now = time.monotonic()
        self.seconds = ranks.mean(self.seconds + now - self.mark)
        self.mark = now

    def one_epoch(self, loader: DataLoader) -> dict[str, float]:
        """Trains on the loader's samples, fewer where the time is up; the mean of each loss."""
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
            for name, value in self.one_step(*batch).items():
                sums[name] = sums.get(name, 0.0) + value
            steps += 1
        self.tick()
        self.epoch += 1
        return {name: value / steps for name, value in sums.items()}

    def one_step(self, image: Tensor, mask: Tensor, boxes: list[Tensor], known: Tensor) -> dict[str, float]:
        with torch.autocast("cpu", torch.bfloat16):
            out = self.network(as_input(image))
        loss, parts = joint_loss(out, self.grid, mask, boxes, known)
        self.optimiser.zero_grad(set_to_none=False)
        loss.backward()
        ranks.average_gradients(self.network)
        nn.utils.clip_grad_norm_(self.network.parameters(), 8.0)
        self.optimiser.step()
        self.average.update(self.network)
        return parts

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


def start_from(network: Joint, path: Path) -> None:
    """Takes over the averaged weights of another run; parts that it lacks stay as they are."""
    missing, surplus = network.load_state_dict(torch.load(path, weights_only=True)["average"], strict=False)
    if surplus:
        raise ValueError(f"{path} holds weights of another network: {surplus[:3]}")
    fresh = sorted({name.split(".")[0] for name in missing})
    print(f"from {path}; fresh: {fresh}", flush=True)


def build(args: argparse.Namespace, size: tuple[int, int]) -> Trainer:
    network = Joint(pretrained=not args.weights)
    if args.weights:
        start_from(network, args.weights)
    network.backbone.freeze_early()
    network = network.to(memory_format=torch.channels_last)
    average = Average(network, 0.998)
    speed_up_depthwise(network)
    plan = Plan(args.epochs, args.draws, args.batch, args.rate, args.minutes)
    optimiser = torch.optim.AdamW(parameter_groups(network), lr=args.rate)
    trainer = Trainer(plan, network, average, optimiser, cells(size[1], size[0]))
    if (args.checkpoints / "last.pt").exists():
        trainer.resume(args.checkpoints / "last.pt")
    return trainer


def loader_of(draws: Draws, batch: int) -> DataLoader:
    """This rank's part of the draws."""
    part = Subset(draws, range(ranks.rank(), len(draws), ranks.world()))
    return DataLoader(
        part, batch // ranks.world(), num_workers=1, prefetch_factor=3, drop_last=True, collate_fn=collate
    )


CHECKED = tuple("iou recall false_alarm smoke_ap50 smoke_ap30 flame_ap50 flame_ap30 waste_ap50 waste_ap30".split())


def report(args: argparse.Namespace, trainer: Trainer, losses: dict[str, float], kept: list[Picture]) -> None:
    """One line of log.csv, and the checkpoint."""
    row: dict[str, object] = {"epoch": trainer.epoch, "steps": trainer.average.steps, "seconds": round(trainer.seconds)}
    row |= {name: round(value, 4) for name, value in losses.items()}
    look = bool(kept) and (trainer.epoch % args.check_every == 0 or trainer.done())
    scores = check(trainer.average.network, args.cache, kept) if look else {}
    row |= {name: round(scores[name], 4) if scores else "" for name in CHECKED}
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
    pictures = all_pictures(args.datasets)
    kept = [p for p in pictures if held_out(p, args.held_out)]
    used = [p for p in pictures if not held_out(p, args.held_out)]
    width, height = (int(n) for n in args.canvas.split("x"))
    trainer = build(args, (width, height))
    while not trainer.done():
        canvas = Canvas((width, height), args.plain)
        draws = Draws(args.cache, used, args.seed, trainer.epoch * args.draws, args.draws, canvas)
        losses = trainer.one_epoch(loader_of(draws, args.batch))
        if ranks.rank() == 0:
            report(args, trainer, losses, kept)
    ranks.leave()


if __name__ == "__main__":
    main()
