"""Writes the shared model (FP32 and INT8) and the cards of the three packs that use it."""

import argparse
import hashlib
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from . import export, letterbox
from .box_scores import suppress
from .cards import CARDS, CLASSES, NMS_IOU, card
from .geometry import INPUT_WH

SCORED = {"waterlogging": ("iou", "f1"), "fume": ("ap50", "ap30", "ap"), "dumping": ("ap50", "ap30", "ap")}
LEAST_POSITIVES = 5
"""A slice with fewer positive pictures is not called the weakest."""


def as_tensor(rgb: np.ndarray) -> np.ndarray:
    padded, _ = letterbox.apply(rgb, INPUT_WH)
    return np.ascontiguousarray(((padded.astype(np.float32) - 127.0) / 128.0).transpose(2, 0, 1)[None])


def calibration_pictures(datasets: Path, count: int = 120) -> Iterator[np.ndarray]:
    """Train pictures of all sets."""
    files = sorted(f for f in datasets.glob("*/train/images/*.jpg") if not f.name.startswith(("cv_", "cst_")))
    for i in np.random.default_rng(1).choice(len(files), count, replace=False):
        yield as_tensor(cv2.cvtColor(cv2.imread(str(files[i])), cv2.COLOR_BGR2RGB))


def golden(model: Path, name: str, picture: Path, point: dict) -> dict[str, object]:
    """What the model sees in the pack's golden picture, as the card states it."""
    bgr = cv2.imread(str(picture))
    if bgr is None:
        raise SystemExit(f"{picture} is missing: a pack needs a picture of 640 px width to prove itself with")
    rgb = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
    box = letterbox.fit((rgb.shape[1], rgb.shape[0]), INPUT_WH)
    out = np.asarray(export.session(model).run([CARDS[name]["output"]], {"image": as_tensor(rgb)})[0])[0]
    if name == "waterlogging":
        top, left = box.top_px // 4, box.left_px // 4
        inner = out[0, top : top + box.height_px // 4, left : left + box.width_px // 4]
        share = float((inner >= point["water"]["threshold"]).mean())
        return {"mean_probability": float(inner.mean()), "positive_share": share, "tolerance": 0.005}
    found = []
    for i, row in enumerate(point[name]):
        scores = out[:, 4 + i]
        for k in suppress(out[:, :4], scores, row["threshold"], NMS_IOU[name]):
            corners = np.clip(out[k, :4] - [box.left_px, box.top_px] * 2, 0, [rgb.shape[1], rgb.shape[0]] * 2)
            found.append((float(scores[k]), CLASSES[name][i], [round(float(v), 1) for v in corners]))
    if not found:
        raise SystemExit(f"{model.name}: the {name} pack sees nothing in {picture}; give its folder a golden.png in which it does")
    score, label, corners = max(found)
    best = {"class": label, "score": round(score, 4), "corners_px": corners}
    return {"boxes": len(found), "best": best, "tolerance": 0.01, "tolerance_px": 1.0}


def evaluate(program: Path, pack: Path, datasets: Path, precision: str) -> dict:
    """What `flyonce eval --json` prints for the val split."""
    command = [program, "eval", "--pack", pack, "--data", datasets / pack.name / "val", "--precision", precision, "--json"]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def weakest(scored: dict, name: str) -> str:
    """The worst slice or view with enough positives, in words."""
    figure = SCORED[name][0]
    rows = {**scored.get("slices", {}), **{f"view {k}": v for k, v in scored.get("views", {}).items()}}
    rows = {k: v for k, v in rows.items() if v.get(figure) is not None and v.get("positives", 0) >= LEAST_POSITIVES}
    if not rows:
        return "no slice has enough pictures"
    worst = min(rows, key=lambda k: rows[k][figure])
    return f"{worst}: {figure} {rows[worst][figure]:.3f} ({rows[worst]['images']} pictures)"


def scores(scored: dict | None, name: str) -> dict[str, object]:
    """The [scores] of a card."""
    keys = (*SCORED[name], "recall", "false_alarm")
    out: dict[str, object] = {"split": "val", "data": name}
    out |= {key: round(scored[key], 4) if scored else 0.0 for key in keys}
    out["weakest_slice"] = weakest(scored, name) if scored else "not scored"
    return out | {"command": f"flyonce eval --pack models/packs/{name} --data DIR"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--datasets", type=Path, default=Path(os.environ.get("FLYONCE_DATASETS", "../shared/datasets")))
    parser.add_argument("--weights", type=Path, required=True, help="last.pt of a run")
    parser.add_argument("--point", type=Path, required=True, help="JSON of operating_point")
    parser.add_argument("--packs", type=Path, required=True, help="folder of the packs")
    parser.add_argument("--version", required=True)
    parser.add_argument("--program", type=Path, help="flyonce, which scores the packs; without it they stay unscored")
    args = parser.parse_args()
    point = json.loads(args.point.read_text(encoding="utf-8"))
    network = export.load(args.weights, args.point)
    shared = args.packs / "shared"
    shared.mkdir(exist_ok=True)
    models = {"fp32": shared / "model.onnx", "int8": shared / "model.int8.onnx"}
    export.write(network, models["fp32"])
    apart = export.largest_difference(network, models["fp32"])
    if apart > export.TOLERANCE:
        raise SystemExit(f"ONNX Runtime differs from PyTorch by {apart}")
    export.quantise(models["fp32"], models["int8"], calibration_pictures(args.datasets))
    sums = {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in models.items()}
    for scored in (False, True) if args.program else (False,):
        for name in CARDS:
            pack = args.packs / name
            facts = {
                kind: {
                    "sha256": sums[kind],
                    "scores": scores(evaluate(args.program, pack, args.datasets, kind) if scored else None, name),
                    "golden": golden(model, name, pack / "golden.png", point),
                }
                for kind, model in models.items()
            }
            (pack / "card.toml").write_text(card(name, args.version, facts, point), encoding="utf-8")
    for kind, path in models.items():
        print(f"{kind}: {path.stat().st_size} bytes; FP32 differs from PyTorch by at most {apart:.1e}")


if __name__ == "__main__":
    main()
