"""CPU milliseconds a frame of the shared model and of the peers' exports: interleaved rounds on one core, median of the rounds.

Milliseconds are those of a server core of 2023 with 8-bit dot products (VNNI). Slower cores are held to the same share of yolo11n; INT8
is held to its share only where the core has VNNI: elsewhere 8 bits are no faster than 32.
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
YARDSTICK = "yolo11n export, one matter"
ALLOWED_MS = {"all three matters, FP32": 40.0, "all three matters, INT8": 24.0}
ALLOWED_SHARE = {"all three matters, FP32": 1.10, "all three matters, INT8": 0.66}
"""Of the yardstick, which cost 36.5 ms where the milliseconds were set."""


def has_vnni() -> bool:
    return "vnni" in Path("/proc/cpuinfo").read_text(encoding="utf-8")


def too_dear(name: str, cost: float, yardstick: float) -> bool:
    """Over both the milliseconds and the share; 8 bits without VNNI are never held to anything."""
    if "INT8" in name and not has_vnni():
        return False
    return cost > ALLOWED_MS[name] and cost > ALLOWED_SHARE[name] * yardstick


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
    yardstick = statistics.median(rounds[YARDSTICK])
    print(f"inference of one 640x384 frame, one core, CPU time, median of {ROUNDS} rounds of {RUNS}")
    for name, times in rounds.items():
        cost = statistics.median(times)
        allowed = f" (allowed {ALLOWED_MS[name]:.0f} ms, or {ALLOWED_SHARE[name]:.2f} of yolo11n)" if name in ALLOWED_MS else ""
        print(f"  {name:<28} {cost:6.1f} ms{allowed}, {cost / yardstick:.2f} of yolo11n, {files[name].stat().st_size / 1e6:.1f} MB")
    if not has_vnni():
        print("  this core has no VNNI: INT8 is not judged")
    over = [name for name in ALLOWED_MS if too_dear(name, statistics.median(rounds[name]), yardstick)]
    if over:
        sys.exit("over the allowance: " + ", ".join(over))


if __name__ == "__main__":
    main()
