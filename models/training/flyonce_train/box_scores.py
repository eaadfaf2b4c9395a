"""Average precision of boxes, for watching a run; the figures that are published come from `flyonce eval`."""

from dataclasses import dataclass

import cv2
import numpy as np


@dataclass(frozen=True)
class Found:
    """One class in one picture: boxes (n, 4) with scores (n), and the true boxes (m, 4), in pixels of the picture."""

    boxes: np.ndarray
    scores: np.ndarray
    truth: np.ndarray


def suppress(boxes: np.ndarray, scores: np.ndarray, floor: float = 0.01, overlap: float = 0.5) -> np.ndarray:
    """Indices kept by non-maximum suppression, best first, at most 100."""
    size = boxes[:, 2:] - boxes[:, :2]
    kept = cv2.dnn.NMSBoxes(np.hstack([boxes[:, :2], size]).tolist(), scores.tolist(), floor, overlap, top_k=300)
    return np.asarray(kept, dtype=int).reshape(-1)[:100]


def overlaps(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """IoU of boxes a (n, 4) with boxes b (m, 4)."""
    both = np.clip(np.minimum(a[:, None, 2:], b[None, :, 2:]) - np.maximum(a[:, None, :2], b[None, :, :2]), 0, None).prod(-1)
    areas = [(x[:, 2:] - x[:, :2]).prod(-1) for x in (a, b)]
    return both / np.maximum(areas[0][:, None] + areas[1][None] - both, 1e-9)


def matches(found: Found, least: float) -> np.ndarray:
    """Whether each box, best first, is the first to hit a true box at this IoU."""
    out = np.zeros(len(found.scores), bool)
    if not len(found.truth) or not len(found.scores):
        return out
    table = overlaps(found.boxes, found.truth)
    free = np.ones(len(found.truth), bool)
    for i in np.argsort(-found.scores, kind="stable"):
        best = np.where(free, table[i], -1.0)
        j = int(best.argmax())
        if best[j] >= least:
            free[j], out[i] = False, True
    return out


def average_precision(pictures: list[Found], least: float) -> float:
    """101-point interpolated, over all pictures."""
    scores = np.concatenate([p.scores for p in pictures])
    hits = np.concatenate([matches(p, least) for p in pictures])[np.argsort(-scores, kind="stable")]
    true = sum(len(p.truth) for p in pictures)
    if not true or not len(hits):
        return float("nan") if not true else 0.0
    recall = np.cumsum(hits) / true
    precision = np.maximum.accumulate((np.cumsum(hits) / np.arange(1, len(hits) + 1))[::-1])[::-1]
    at = np.searchsorted(recall, np.linspace(0, 1, 101), side="left")
    return float(np.mean([precision[i] if i < len(precision) else 0.0 for i in at]))


def alarms(pictures: list[Found], threshold: float) -> tuple[float, float]:
    """Shares of pictures with the class, and without it, that hold a box over the threshold."""
    has = np.array([bool(len(p.truth)) for p in pictures])
    alarm = np.array([bool((p.scores >= threshold).any()) for p in pictures])
    return float(alarm[has].mean()), float(alarm[~has].mean())
