"""Scores of a water map against a mask: pooled pixels and picture alarms, 255 ignored."""

from dataclasses import dataclass

import numpy as np

IGNORE = 255


@dataclass(frozen=True)
class Counts:
    """Pixels and alarms of one picture at one operating point."""

    hit: int
    false: int
    missed: int
    share: float
    truth: bool


def count(probability: np.ndarray, mask: np.ndarray, threshold: float) -> Counts:
    """Probability and mask on the same grid."""
    valid = mask != IGNORE
    found = (probability > threshold) & valid
    water = mask == 1
    hit = int((found & water).sum())
    seen = int(found.sum())
    share = seen / max(1, int(valid.sum()))
    return Counts(hit, seen - hit, int(water.sum()) - hit, share, bool(water.any()))


def ratio(part: float, whole: float) -> float:
    """NaN where nothing was to be counted."""
    return part / whole if whole else float("nan")


@dataclass(frozen=True)
class Scores:
    """Pooled over pictures. Recall and false alarm are shares of wet and dry pictures."""

    pictures: int
    wet: int
    dry: int
    iou: float
    f1: float
    recall: float
    false_alarm: float

    def line(self, name: str) -> str:
        return (
            f"{name:10s} n={self.pictures:4d} wet={self.wet:4d} dry={self.dry:4d} iou={self.iou:.4f} "
            f"f1={self.f1:.4f} recall={self.recall:.4f} false_alarm={self.false_alarm:.4f}"
        )


def pool(counts: list[Counts], min_area_share: float) -> Scores:
    """An alarm is a water share of at least `min_area_share` of the valid picture."""
    hit = sum(c.hit for c in counts)
    false = sum(c.false for c in counts)
    missed = sum(c.missed for c in counts)
    wet = [c for c in counts if c.truth]
    dry = [c for c in counts if not c.truth]
    return Scores(
        len(counts),
        len(wet),
        len(dry),
        ratio(hit, hit + false + missed),
        ratio(2 * hit, 2 * hit + false + missed),
        ratio(sum(c.share >= min_area_share for c in wet), len(wet)),
        ratio(sum(c.share >= min_area_share for c in dry), len(dry)),
    )
