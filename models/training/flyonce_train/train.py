"""Trains the network, on a GPU where there is one: `python -m flyonce_train.train --help`."""

import argparse
import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

import numpy as np
import torch
from torch import Tensor, nn

from . import ranks
from .ahead import Ready, painted
from .asked import Asked, asking
from .bank import Bank
from .box_losses import joint_loss
from .check import check
from .distil import SAY_OF_TRAINED, answers_of, share_at, taught_loss
from .ema import Average
from .fast_cpu import has_bf16, mixed, speed_up_depthwise
from .geometry import INPUT_WH, Canvas
from .heads import cells
from .network import Joint, Pair, teacher
from .paint import Paintbox
from .pictures import SHARES, Picture, all_pictures, held_out
from .plan import Plans, collate
from .run import Pace, Run, loader_of, log, parameter_groups

PHASES = (
    (0.45, Canvas((512, 320), 0.4)),
    (0.85, Canvas((640, 384), 0.4)),
    (1.0, Canvas((640, 384), 0.7, quiet=True)),
)
"""Until which part of the run samples are drawn on which canvas: small ones, then the size at which pictures are judged, and last
pictures as they are judged."""

PHASES_ON = ((0.5, PHASES[1][1]), (1.0, PHASES[2][1]))
"""The same for a run that goes on from trained weights."""

LEARNT = ("backbone.", "pupil.backbone.", "teacher.backbone.")
"""Parts that come with ImageNet weights."""

WITHOUT = ("mosaics", "drawings", "plumes", "behind", "practice", "quiet")
"""What `--without` can leave out, to see what it is worth."""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--datasets", type=Path, default=Path(os.environ.get("FLYONCE_DATASETS", "../shared/datasets")))
    parser.add_argument("--cache", type=Path, required=True, help="folder for decoded pictures")
    parser.add_argument("--practice", type=Path, help="folder of rendered drone views with labelled heaps")
    parser.add_argument("--checkpoints", type=Path, required=True, help="folder for checkpoints and log.csv")
    parser.add_argument("--weights", type=Path, help="narrowed ImageNet weights of `slim`")
    parser.add_argument("--teacher", type=Path, help="ImageNet weights of `teacher_weights`: a larger network learns beside and teaches")
    parser.add_argument("--asked", type=Path, nargs="+", default=[], help="trained networks that teach one that goes on from trained weights; its norms rest")
    parser.add_argument("--held-out", type=float, default=0.1, help="share of scenes kept for thresholds")
    parser.add_argument("--epochs", type=int, default=46)
    parser.add_argument("--draws", type=int, default=6400, help="samples an epoch")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--workers", type=int, default=max(1, min(12, (os.cpu_count() or 2) - 2)))
    parser.add_argument("--freeze", action="store_true", help="keep stem and strides 2 and 4 as they are")
    parser.add_argument("--average", type=float, default=0.999, help="what the running average keeps a step")
    parser.add_argument("--check-every", type=int, default=10, help="epochs between scores of the held-out part")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--without", choices=WITHOUT, nargs="*", default=[], help="for an ablation")
    return parser.parse_args()


def alone(folder: Path) -> TextIO:
    """Holds the folder for this run; two runs in one folder would overwrite each other's checkpoints."""
    lock = (folder / "lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise SystemExit(f"another run writes to {folder}") from None
    return lock


def start_from(network: Joint, path: Path) -> None:
    """Takes over averaged weights; parts that they lack stay as they are."""
    missing, surplus = network.load_state_dict(torch.load(path, weights_only=True, map_location="cpu")["average"], strict=False)
    if surplus:
        raise ValueError(f"{path} holds weights of another network: {surplus[:3]}")
    print(f"from {path}; fresh: {sorted({name.split('.')[0] for name in missing})}", flush=True)


def networks(args: argparse.Namespace) -> nn.Module:
    """The network that ships, with its teacher where there is one."""
    network = Joint(pretrained=False)
    if args.weights:
        start_from(network, args.weights)
    if args.freeze:
        network.backbone.freeze_early()
    network.norms_rest = bool(args.asked)
    if not args.teacher:
        return network
    larger = teacher(pretrained=False)
    start_from(larger, args.teacher)
    return Pair(network, larger)


def build(args: argparse.Namespace, device: torch.device) -> Run:
    network = networks(args).to(device, memory_format=torch.channels_last)
    average = Average(network, args.average)
    if device.type == "cpu" and has_bf16(device):
        speed_up_depthwise(network)
    optimiser = torch.optim.AdamW(parameter_groups(network, LEARNT), lr=args.rate, fused=device.type == "cuda")
    run = Run(Pace(args.epochs, args.draws, args.batch, args.rate), network, average, optimiser)
    if (args.checkpoints / "last.pt").exists():
        run.resume(args.checkpoints / "last.pt")
    return run


Losses = Callable[[Ready, int], dict[str, Tensor]]
"""Of a painted batch and its step."""


def losses_with(ask: Asked, run: Run, grid: Tensor) -> Losses:
    """Learns from the labels and from trained networks."""

    def by_both(batch: Ready, _step: int) -> dict[str, Tensor]:
        with mixed(grid.device):
            out = run.network(batch.image)
        parts = joint_loss(out, grid, batch.mask, batch.boxes, batch.known)
        parts["taught"] = taught_loss(out, ask(batch.image), grid)
        parts["total"] = (1.0 - SAY_OF_TRAINED) * parts["total"] + SAY_OF_TRAINED * parts["taught"]
        return parts

    return by_both


def losses_of(run: Run, grid: Tensor) -> Losses:
    """On a canvas with these cells; with a teacher beside, both learn from the labels, the pupil from both."""

    def by_labels(batch: Ready, _step: int) -> dict[str, Tensor]:
        with mixed(grid.device):
            out = run.network(batch.image)
        return joint_loss(out, grid, batch.mask, batch.boxes, batch.known)

    def by_both(batch: Ready, step: int) -> dict[str, Tensor]:
        with mixed(grid.device):
            out, taught = run.network(batch.image)
        parts = joint_loss(out, grid, batch.mask, batch.boxes, batch.known)
        larger = joint_loss(taught, grid, batch.mask, batch.boxes, batch.known)
        parts |= {f"teacher_{name}": part for name, part in larger.items()}
        say = share_at(run.pace.progress(step))
        parts["taught"] = parts["total"] * 0.0
        if say > 0.0:
            with torch.no_grad(), mixed(grid.device):
                answers = run.average.network.teacher(batch.image)
            parts["taught"] = taught_loss(out, answers_of(answers, grid), grid)
        parts["total"] = (1.0 - say) * parts["total"] + say * parts["taught"] + larger["total"]
        return parts

    return by_both if isinstance(run.network, Pair) else by_labels


CHECKED = tuple("iou recall false_alarm smoke_ap50 smoke_ap30 flame_ap50 flame_ap30 waste_ap50 waste_ap30".split())


def _scores(network: nn.Module, kept: list[tuple[Picture, np.ndarray]], prefix: str) -> dict[str, object]:
    scores = check(network, kept) if kept else {}
    return {prefix + name: round(scores[name], 4) if scores else "" for name in CHECKED}


def report(args: argparse.Namespace, run: Run, losses: dict[str, float], kept: list[tuple[Picture, np.ndarray]]) -> None:
    """One line of log.csv, and the checkpoint."""
    run.save(args.checkpoints / "last.pt")
    row: dict[str, object] = {"epoch": run.epoch, "steps": run.average.steps, "seconds": round(run.seconds)}
    row |= {name: round(value, 4) for name, value in losses.items()}
    look = bool(kept) and (run.epoch % args.check_every == 0 or run.done())
    judged = run.average.network
    if isinstance(judged, Pair):
        torch.save({"average": judged.pupil.state_dict()}, args.checkpoints / "pupil.pt")
        row |= _scores(judged.teacher, kept if look else [], "teacher_")
        judged = judged.pupil
    row |= _scores(judged, kept if look else [], "")
    log(args.checkpoints / "log.csv", row)
    print(row, flush=True)


def canvas_at(progress: float, without: list[str], goes_on: bool) -> Canvas:
    canvas = next(canvas for until, canvas in (PHASES_ON if goes_on else PHASES) if progress < until)
    return PHASES[1][1] if canvas.quiet and "quiet" in without else canvas


def main() -> None:
    args = arguments()
    ranks.join()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(args.seed)
    torch.backends.cudnn.benchmark = True
    args.checkpoints.mkdir(parents=True, exist_ok=True)
    pictures = all_pictures(args.datasets, None if "practice" in args.without else args.practice)
    if ranks.rank() == 0:
        lock = alone(args.checkpoints)
        Bank.load(pictures, args.cache)
    ranks.wait()
    whole = Bank.load(pictures, args.cache)
    kept = [(p, whole.picture(i)) for i, p in enumerate(pictures) if held_out(p, args.held_out)]
    used = [i for i, p in enumerate(pictures) if not held_out(p, args.held_out)]
    pictures = [pictures[i] for i in used]
    bank = Bank(whole.pixels, whole.offset[:, used], whole.size[:, used])
    box = Paintbox.of(bank, pictures, device)
    sizes, plume_sizes = bank.size[0].numpy(), box.plumes.size[0].cpu().numpy()
    run = build(args, device)
    ask = asking(args.asked, cells(INPUT_WH[1], INPUT_WH[0]).to(device)) if args.asked else None

    while not run.done():
        canvas = canvas_at(run.progress, args.without, bool(args.asked))
        plans = Plans(
            pictures, sizes, plume_sizes, args.seed, run.epoch * args.draws, args.draws, canvas, SHARES, set(args.without)
        )
        grid = cells(canvas.size[1], canvas.size[0]).to(device)
        first = run.epoch * run.pace.steps_per_epoch
        batches = painted(loader_of(plans, args.batch, args.workers, collate), box, canvas, args.seed * 1_000_003 + first)
        losses = run.one_epoch(batches, losses_with(ask, run, grid) if ask else losses_of(run, grid))
        if ranks.rank() == 0:
            report(args, run, losses, kept)
    if ranks.rank() == 0:
        lock.close()
    ranks.leave()


if __name__ == "__main__":
    main()
