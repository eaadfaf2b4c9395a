"""Writes a trained network as one ONNX file and checks it against PyTorch."""

import argparse
import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import onnxslim
import torch

from .network import Probability, Segmenter

OPSET = 17
INPUT = (1, 3, 384, 640)
TOLERANCE = 1e-4


def load_average(run: Path) -> Segmenter:
    """The averaged weights of a run."""
    network = Segmenter(pretrained=False)
    network.load_state_dict(torch.load(run / "last.pt", weights_only=True)["average"])
    return network.eval()


def write(network: Segmenter, path: Path) -> None:
    """Opset 17, FP32, dynamic batch, no external data."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            Probability(network).eval(),
            (torch.zeros(INPUT),),
            str(path),
            opset_version=OPSET,
            input_names=["image"],
            output_names=["probability"],
            dynamic_axes={"image": {0: "batch"}, "probability": {0: "batch"}},
            dynamo=False,
        )
    slim = onnxslim.slim(onnx.load(path))
    onnx.checker.check_model(slim, full_check=True)
    onnx.save(slim, path)


def largest_difference(network: Segmenter, path: Path, batch: int = 2) -> float:
    """Between ONNX Runtime and PyTorch on noise."""
    image = np.random.default_rng(0).uniform(-1, 1, (batch, *INPUT[1:])).astype(np.float32)
    with torch.no_grad():
        want = Probability(network)(torch.from_numpy(image)).numpy()
    got = ort.InferenceSession(path, providers=["CPUExecutionProvider"]).run(None, {"image": image})[0]
    return float(np.abs(np.asarray(got) - want).max())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoints", type=Path, required=True, help="folder of a training run")
    parser.add_argument("--out", type=Path, required=True, help="the ONNX file to write")
    args = parser.parse_args()
    network = load_average(args.checkpoints)
    write(network, args.out)
    apart = largest_difference(network, args.out)
    print(f"{args.out}: {args.out.stat().st_size} bytes, differs from PyTorch by at most {apart:.2e}")
    if apart > TOLERANCE:
        raise SystemExit(f"more than {TOLERANCE}")


if __name__ == "__main__":
    main()
