"""Paints the next batch while the device still learns from the last one."""

from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor

from . import ranks
from .geometry import Canvas
from .paint import Paintbox
from .plan import Batch
from .run import as_input


@dataclass
class Ready:
    """Network input (n, 3, H, W), water mask (n, H, W), boxes (n, most, 5) and known cells, as `joint_loss` takes them."""

    image: Tensor
    mask: Tensor
    boxes: Tensor
    known: Tensor


def _paint(batch: Batch, box: Paintbox, canvas: Canvas, seed: int) -> Ready:
    batch = batch.to(box.water.device)
    # Shapes change from batch to batch while painting; there is no time to try kernels for each.
    with torch.backends.cudnn.flags(benchmark=False):
        rgb, mask = box.paint(batch, canvas.size, seed * ranks.world() + ranks.rank(), canvas.quiet)
    return Ready(as_input(rgb), mask, batch.boxes, batch.known)


def painted(batches: Iterable[Batch], box: Paintbox, canvas: Canvas, seed: int) -> Iterator[Ready]:
    """Batches in order, one painted ahead; the first with `seed`, the next with one more.

    On a GPU painting runs on a stream of its own: it often waits for its own numbers, and would leave the device idle.
    """
    side = torch.cuda.Stream() if box.water.is_cuda else None
    last: tuple[Ready, torch.cuda.Event | None] | None = None
    for step, batch in enumerate(batches):
        with torch.cuda.stream(side) if side else nullcontext():
            ready = _paint(batch, box, canvas, seed + step)
        done = side.record_event() if side else None
        if last is not None:
            yield _handed(*last)
        last = ready, done
    if last is not None:
        yield _handed(*last)


def _handed(ready: Ready, done: torch.cuda.Event | None) -> Ready:
    """The learning stream waits for the paint, and its memory is kept until it was used."""
    if done:
        here = torch.cuda.current_stream()
        here.wait_event(done)
        for value in vars(ready).values():
            value.record_stream(here)
    return ready
