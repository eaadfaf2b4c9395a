"""Trains the waterlogging network on a CPU: `python -m flyonce_train.waterlogging.train --help`."""

import argparse
import os
from pathlib import Path

import numpy as np
import torch
from torch import nn

from .. import letterbox, ranks, scoring
from ..ema import Average
from ..fast_cpu import speed_up_depthwise
from ..losses import water_loss
from ..network import Segmenter
from ..run import Plan, Run, as_input, loader_of, log, parameter_groups
from .data import Item, all_items, held_out, load, prepare
from .draws import Draws
from .geometry import INPUT_WH, Canvas


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


def losses(network: nn.Module, image: torch.Tensor, mask: torch.Tensor) -> dict[str, torch.Tensor]:
    with torch.autocast("cpu", torch.bfloat16):
        logits = network(as_input(image))
    return {"total": water_loss(logits, mask)}


def build(args: argparse.Namespace) -> Run:
    network = Segmenter()
    if args.weights:
        network.load_state_dict(torch.load(args.weights, weights_only=True)["average"])
    network.backbone.freeze_early()
    network = network.to(memory_format=torch.channels_last)
    average = Average(network)
    speed_up_depthwise(network)
    plan = Plan(args.epochs, args.draws, args.batch, args.rate, args.minutes)
    optimiser = torch.optim.AdamW(parameter_groups(network, ("backbone.",)), lr=args.rate)
    run = Run(plan, network, average, optimiser)
    if (args.checkpoints / "last.pt").exists():
        run.resume(args.checkpoints / "last.pt")
    return run


def report(args: argparse.Namespace, run: Run, loss: float, kept: list[Item]) -> None:
    """One line of log.csv, and the checkpoint."""
    row: dict[str, object] = {"epoch": run.epoch, "steps": run.average.steps}
    row |= {"loss": round(loss, 4), "seconds": round(run.seconds)}
    look = bool(kept) and (run.epoch % args.check_every == 0 or run.done())
    scores = check(run.average.network, args.cache, kept) if look else None
    for name in ("iou", "recall", "false_alarm"):
        row[name] = round(getattr(scores, name), 4) if scores else ""
    log(args.checkpoints / "log.csv", row)
    print(row, flush=True)
    run.save(args.checkpoints / "last.pt")


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
    run = build(args)
    while not run.done():
        draws = Draws(args.cache, used, args.seed, run.epoch * args.draws, args.draws, canvas)
        loss = run.one_epoch(loader_of(draws, args.batch), losses)["total"]
        if ranks.rank() == 0:
            report(args, run, loss, kept)
    ranks.leave()


if __name__ == "__main__":
    main()
