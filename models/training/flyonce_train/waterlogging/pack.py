"""Writes model.onnx, golden.png and the measured fields of card.toml; the other fields stay as they are."""

import argparse
import hashlib
import re
from pathlib import Path

import cv2
import numpy as np
import onnxruntime as ort

from ..export import TOLERANCE, largest_difference, load_average, write
from .golden_picture import draw


def golden(model: Path, picture: np.ndarray, threshold: float) -> tuple[float, float]:
    """Mean probability and share of output cells above the threshold, one thread."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    image = ((picture.astype(np.float32) - 127.0) / 128.0).transpose(2, 0, 1)[None]
    out = np.asarray(session.run(None, {"image": np.ascontiguousarray(image)})[0])
    return float(out.mean()), float((out > threshold).mean())


def replace(card: str, key: str, value: str) -> str:
    """Sets one `key = value` line of the card, which must be there once."""
    new, times = re.subn(rf"(?m)^{key} = \S+", f"{key} = {value}", card)
    if times != 1:
        raise ValueError(f"card has {times} lines of {key}")
    return new


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoints", type=Path, required=True)
    parser.add_argument("--pack", type=Path, required=True)
    args = parser.parse_args()
    model, path = args.pack / "model.onnx", args.pack / "card.toml"
    network = load_average(args.checkpoints)
    write(network, model)
    apart = largest_difference(network, model)
    if apart > TOLERANCE:
        raise SystemExit(f"ONNX Runtime differs from PyTorch by {apart}")
    picture = draw()
    cv2.imwrite(str(args.pack / "golden.png"), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    card = path.read_text(encoding="utf-8")
    found = re.search(r"(?m)^threshold = (\S+)", card)
    if not found:
        raise ValueError("card has no threshold")
    mean, share = golden(model, picture, float(found.group(1)))
    card = replace(card, "sha256", f'"{hashlib.sha256(model.read_bytes()).hexdigest()}"')
    card = replace(card, "mean_probability", f"{mean:.6f}")
    card = replace(card, "positive_share", f"{share:.6f}")
    path.write_text(card, encoding="utf-8")
    print(f"{model}: {model.stat().st_size} bytes, differs from PyTorch by at most {apart:.1e}")
    print(f"golden: mean_probability {mean:.6f}, positive_share {share:.6f}")


if __name__ == "__main__":
    main()
