"""Trains the joint network on a CPU: `python -m flyonce_train.joint.train --help`."""

import argparse
import os
from pathlib import Path

import torch
from torch import Tensor, nn

from .. import ranks
from ..ema import Average
from ..fast_cpu import speed_up_depthwise
from ..heads import cells
from ..network import Joint
from ..run import Plan, Run, as_input, loader_of, log, parameter_groups
from ..waterlogging.geometry import Canvas
from .check import check
from .draws import Draws, collate
from .losses import joint_loss
from .pictures import Picture, all_pictures, held_out, prepare


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--datasets", type=Path, default=Path(os.environ.get("FLYONCE_DATASETS", "../shared/datasets")))
    parser.add_argument("--cache", type=Path, required=True, help="folder for decoded pictures")
    parser.add_argument("--practice", type=Path, help="folder of rendered drone views with labelled heaps")
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


LEARNT = ("backbone.", "neck.", "head.")
"""Parts that the waterlogging network has trained before."""


def start_from(network: Joint, path: Path) -> None:
    """Takes over the averaged weights of another run; parts that it lacks stay as they are."""
    missing, surplus = network.load_state_dict(torch.load(path, weights_only=True)["average"], strict=False)
    if surplus:
        raise ValueError(f"{path} holds weights of another network: {surplus[:3]}")
    fresh = sorted({name.split(".")[0] for name in missing})
    print(f"from {path}; fresh: {fresh}", flush=True)


def build(args: argparse.Namespace) -> Run:
    network = Joint(pretrained=not args.weights)
    if args.weights:
        start_from(network, args.weights)
    network.backbone.freeze_early()
    network = network.to(memory_format=torch.channels_last)
    average = Average(network, 0.998)
    speed_up_depthwise(network)
    plan = Plan(args.epochs, args.draws, args.batch, args.rate, args.minutes)
    optimiser = torch.optim.AdamW(parameter_groups(network, LEARNT), lr=args.rate)
    run = Run(plan, network, average, optimiser, clip=8.0)
    if (args.checkpoints / "last.pt").exists():
        run.resume(args.checkpoints / "last.pt")
    return run


CHECKED = tuple("iou recall false_alarm smoke_ap50 smoke_ap30 flame_ap50 flame_ap30 waste_ap50 waste_ap30".split())


def report(args: argparse.Namespace, run: Run, losses: dict[str, float], kept: list[Picture]) -> None:
    """One line of log.csv, and the checkpoint."""
    run.save(args.checkpoints / "last.pt")
    row: dict[str, object] = {"epoch": run.epoch, "steps": run.average.steps, "seconds": round(run.seconds)}
    row |= {name: round(value, 4) for name, value in losses.items()}
    look = bool(kept) and (run.epoch % args.check_every == 0 or run.done())
    scores = check(run.average.network, args.cache, kept) if look else {}
    row |= {name: round(scores[name], 4) if scores else "" for name in CHECKED}
    log(args.checkpoints / "log.csv", row)
    print(row, flush=True)


def main() -> None:
    args = arguments()
    ranks.join()
    torch.manual_seed(args.seed)
    args.checkpoints.mkdir(parents=True, exist_ok=True)
    pictures = all_pictures(args.datasets, args.practice)
    if ranks.rank() == 0:
        prepare(pictures, args.cache)
    ranks.wait()
    kept = [p for p in pictures if held_out(p, args.held_out)]
    used = [p for p in pictures if not held_out(p, args.held_out)]
    width, height = (int(n) for n in args.canvas.split("x"))
    run = build(args)
    grid = cells(height, width)

    def on_grid(network: nn.Module, image: Tensor, mask: Tensor, boxes: list[Tensor], known: Tensor) -> dict[str, Tensor]:
        with torch.autocast("cpu", torch.bfloat16):
            out = network(as_input(image))
        return joint_loss(out, grid, mask, boxes, known)

    while not run.done():
        canvas = Canvas((width, height), args.plain)
        draws = Draws(args.cache, used, args.seed, run.epoch * args.draws, args.draws, canvas)
        losses = run.one_epoch(loader_of(draws, args.batch, collate), on_grid)
        if ranks.rank() == 0:
            report(args, run, losses, kept)
    ranks.leave()


if __name__ == "__main__":
    main()
