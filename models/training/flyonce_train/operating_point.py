"""Calibrates the box scores and chooses every threshold on the held-out scenes of the train split.

Platt's logistic fit (1999) of "this box overlaps a true one by 0.3" on the raw logit; the threshold is the lowest at which
no more than the allowed share of pictures without the class alarms, among those of the class's own set (made to be hard) and
among those of the other sets. Water: as the waterlogging recipe says.
"""

import argparse
import json
import os
from pathlib import Path

import numpy as np
import torch

from . import box_scores, scoring
from .bank import decode
from .box_scores import Found
from .check import HEADS, found, look
from .network import Joint
from .pictures import PLANES, Picture, all_pictures, held_out

THRESHOLDS = (0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8)
SHARES = (0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02)
LEAST_RECALL = 0.98
"""Pixel thresholds and smallest shares that are tried for water, and the recall of pictures below which a pair loses."""

ALLOWED_ALARMS = {"smoke": (0.05, 0.04), "flame": (0.05, 0.01), "waste": (0.03, 0.02)}
"""Share of the own set's and of the other sets' pictures. Smoke was never looked for in the other sets: streets there may hold some."""

LEAST_THRESHOLD = {"smoke": 0.25, "flame": 0.25, "waste": 0.55}
"""Below a quarter three of four boxes are wrong. Heaps are looked for in many tiles a frame, and below a half four of five boxes are wrong; one frame of a
real clip without heaps scored 0.51."""

MATCH = 0.3


def platt(logits: np.ndarray, hits: np.ndarray) -> tuple[float, float]:
    """Slope and offset by Newton's method, with Platt's smoothed targets."""
    high, low = (hits.sum() + 1) / (hits.sum() + 2), 1 / ((~hits).sum() + 2)
    target = np.where(hits, high, low)
    x = np.stack([logits, np.ones_like(logits)], 1)
    w = np.array([1.0, 0.0])
    for _ in range(50):
        p = 1 / (1 + np.exp(-x @ w))
        gradient = x.T @ (p - target) + 1e-3 * (w - [1.0, 0.0])
        hessian = (x * (p * (1 - p))[:, None]).T @ x + 1e-3 * np.eye(2)
        w = w - np.linalg.solve(hessian, gradient)
    return float(w[0]), float(w[1])


def reliability(scores: np.ndarray, hits: np.ndarray) -> list[tuple[float, float, int]]:
    """Mean score, share of hits and count in five bins of the score."""
    bins = np.clip((scores * 5).astype(int), 0, 4)
    return [
        (float(scores[bins == b].mean()), float(hits[bins == b].mean()), int((bins == b).sum()))
        for b in range(5)
        if (bins == b).any()
    ]


def boxes_of(seen: list[Found]) -> tuple[np.ndarray, np.ndarray]:
    """Scores and hits of all boxes."""
    scores = np.concatenate([f.scores for f in seen])
    return scores, np.concatenate([box_scores.matches(f, MATCH) for f in seen])


def threshold_of(seen: list[Found], own: list[bool], allowed: tuple[float, float], least: float) -> float:
    """The lowest threshold that keeps alarms on pictures without the class within both allowed shares."""
    for is_own, share in zip((True, False), allowed, strict=True):
        tops = [f.scores.max(initial=0.0) for f, o in zip(seen, own, strict=True) if o == is_own and not len(f.truth)]
        if tops:
            least = max(least, sorted(tops, reverse=True)[int(share * len(tops))] + 0.005)
    return float(min(0.95, least))


Seen = dict[int, list[Found]]
Own = dict[int, list[bool]]


def gather(network: Joint, pictures: list[Picture]) -> tuple[list[list[scoring.Counts]], Seen, Own]:
    """Water counts at every threshold; boxes of every plane where it is labelled or known to be lacking, and from which set."""
    counts: list[list[scoring.Counts]] = []
    own: Own = {0: [], 1: [], 2: []}
    seen: Seen = {0: [], 1: [], 2: []}
    for picture in pictures:
        pixels = decode(picture)
        water, box, rows = look(network, pixels)
        if picture.water_known:
            mask = pixels[..., 3] if picture.group[:5] == "water" else np.zeros(pixels.shape[:2], np.uint8)
            counts.append([scoring.count(water, mask, t) for t in THRESHOLDS])
        for plane in seen:
            if picture.known[plane]:
                truth = picture.boxes[picture.boxes[:, 0] == plane, 1:]
                seen[plane].append(found(rows[plane], box, pixels.shape, truth))
                own[plane].append(picture.group.removeprefix("no_") == ("dumping" if plane == 2 else "fume"))
    return counts, seen, own


def water_point(counts: list[list[scoring.Counts]]) -> tuple[float, float, scoring.Scores]:
    """Pixel threshold and smallest share by IoU, alarms and recall; of equals the middle one."""
    rows = []
    for i, threshold in enumerate(THRESHOLDS):
        for share in SHARES:
            scores = scoring.pool([c[i] for c in counts], share)
            worth = scores.iou - scores.false_alarm - 5.0 * max(0.0, LEAST_RECALL - scores.recall)
            rows.append((worth, threshold, share, scores))
    best = max(row[0] for row in rows)
    equals = [row for row in rows if row[0] == best]
    return equals[len(equals) // 2][1:]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--datasets", type=Path, default=Path(os.environ.get("FLYONCE_DATASETS", "../shared/datasets")))
    parser.add_argument("--weights", type=Path, required=True, help="last.pt of a run")
    parser.add_argument("--held-out", type=float, default=0.1, help="as in training")
    parser.add_argument("--out", type=Path, required=True, help="the JSON file to write")
    args = parser.parse_args()
    kept = [p for p in all_pictures(args.datasets) if held_out(p, args.held_out)]
    network = Joint(pretrained=False)
    network.load_state_dict(torch.load(args.weights, weights_only=True, map_location="cpu")["average"])
    counts, seen, own = gather(network.eval(), kept)
    threshold, share, scores = water_point(counts)
    print(scores.line(f"{threshold} {share}"))
    point: dict[str, object] = {"water": {"threshold": threshold, "min_area_share": share}}
    for name, planes in HEADS.items():
        rows = []
        for plane in planes:
            raw, hits = boxes_of(seen[plane])
            slope, offset = platt(np.log(raw / (1 - raw)), hits)
            for f in seen[plane]:
                f.scores[:] = 1 / (1 + np.exp(-(slope * np.log(f.scores / (1 - f.scores)) + offset)))
            least = threshold_of(seen[plane], own[plane], ALLOWED_ALARMS[PLANES[plane]], LEAST_THRESHOLD[PLANES[plane]])
            recall, alarm = box_scores.alarms(seen[plane], least)
            rows.append({"class": PLANES[plane], "slope": slope, "offset": offset, "threshold": round(least, 3)})
            ap = [box_scores.average_precision(seen[plane], at) for at in (0.5, 0.3)]
            print(PLANES[plane], rows[-1], f"AP50 {ap[0]:.3f} AP30 {ap[1]:.3f} recall {recall:.3f} alarms {alarm:.3f}")
            for mean, share_of_hits, number in reliability(*boxes_of(seen[plane])):
                print(f"  score {mean:.2f}: right {share_of_hits:.2f} of {number}")
        point[name] = rows
    args.out.write_text(json.dumps(point, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
