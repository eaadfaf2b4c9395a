"""CPU milliseconds a frame of the shared model and of the peers' exports: interleaved rounds on one core, median of the rounds.

Exits with 1 where the shared model costs more than it may.
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path

import numpy as np
import onnxruntime

ROOT = Path(__file__).resolve().parent.parent
ROUNDS, RUNS = 9, 15
ALLOWED_MS = {"all three matters, FP32": 40.0, "all three matters, INT8": 24.0}


def session(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def main() -> None:
    peers = Path(sys.argv[1])
    shared = ROOT / "models/packs/shared"
    files = {
        "all three matters, FP32": shared / "model.onnx",
        "all three matters, INT8": shared / "model.int8.onnx",
        "yolo11n export, one matter": peers / "yolo11n.onnx",
        "yolo26n export, one matter": peers / "yolo26n.onnx",
    }
    sessions = {name: session(path) for name, path in files.items()}
    frame = np.random.default_rng(1).uniform(-1, 1, (1, 3, 384, 640)).astype(np.float32)
    rounds: dict[str, list[float]] = {name: [] for name in files}
    for number in range(ROUNDS + 1):
        for name, one in sessions.items():
            feed = {one.get_inputs()[0].name: frame}
            began = time.process_time()
            for _ in range(RUNS):
                one.run(None, feed)
            if number:  # the first round warms up
                rounds[name].append((time.process_time() - began) * 1000 / RUNS)
    ours = statistics.median(rounds["all three matters, FP32"])
    print(f"inference of one 640x384 frame, one core, CPU time, median of {ROUNDS} rounds of {RUNS}")
    for name, times in rounds.items():
        cost = statistics.median(times)
        allowed = f" (allowed {ALLOWED_MS[name]:.0f} ms)" if name in ALLOWED_MS else ""
        print(f"  {name:<28} {cost:6.1f} ms{allowed}, {cost / ours:.2f} of FP32, {files[name].stat().st_size / 1e6:.1f} MB")
    over = [name for name, most in ALLOWED_MS.items() if statistics.median(rounds[name]) > most]
    if over:
        sys.exit("over the allowance: " + ", ".join(over))


if __name__ == "__main__":
    main()
