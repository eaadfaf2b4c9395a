"""Chooses pixel threshold and smallest share on the held-out scenes of the train split."""

import argparse
import os
from pathlib import Path

import numpy as np
import onnxruntime as ort

from .. import letterbox, scoring
from .data import Item, all_items, held_out, load, prepare
from .geometry import INPUT_WH

THRESHOLDS = (0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8)
SHARES = (0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02)
LEAST_RECALL = 0.98


def maps(session: ort.InferenceSession, cache: Path, items: list[Item]) -> list[list[scoring.Counts]]:
    """Counts of every picture at every threshold."""
    out = []
    for item in items:
        picture = np.asarray(load(cache, item))
        padded, box = letterbox.apply(np.ascontiguousarray(picture[..., :3]), INPUT_WH)
        image = ((padded.astype(np.float32) - 127.0) / 128.0).transpose(2, 0, 1)[None]
        small = np.asarray(session.run(None, {"image": np.ascontiguousarray(image)})[0])[0, 0]
        whole = letterbox.undo(small, box, INPUT_WH, (picture.shape[1], picture.shape[0]))
        out.append([scoring.count(whole, picture[..., 3], t) for t in THRESHOLDS])
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--datasets", type=Path, default=Path(os.environ.get("FLYONCE_DATASETS", "../shared/datasets")))
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--onnx", type=Path, required=True)
    parser.add_argument("--held-out", type=float, required=True, help="as in training")
    args = parser.parse_args()
    prepare(args.datasets, args.cache)
    items = [i for i in all_items(args.datasets) if held_out(i, args.held_out)]
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    counts = maps(ort.InferenceSession(args.onnx, options, providers=["CPUExecutionProvider"]), args.cache, items)
    best: tuple[float, float, float] | None = None
    for i, threshold in enumerate(THRESHOLDS):
        for share in SHARES:
            scores = scoring.pool([c[i] for c in counts], share)
            print(scores.line(f"{threshold} {share}"))
            worth = scores.iou - scores.false_alarm - 5.0 * max(0.0, LEAST_RECALL - scores.recall)
            if best is None or worth > best[0]:
                best = (worth, threshold, share)
    for item, c in zip(items, counts, strict=True):
        if best and (c[THRESHOLDS.index(best[1])].share >= best[2]) == item.dry:
            print("wrong at the chosen point:", item.key, round(c[THRESHOLDS.index(best[1])].share, 4))
    print("chosen threshold and min_area_share:", best and best[1:])


if __name__ == "__main__":
    main()
