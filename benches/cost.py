"""Cost of the whole chain on 1080p25 H.264 with the waterlogging pack on every frame, beside its two bounds.

Bounds: decoding, scaling and colour conversion by gst-launch, and inference alone by ONNX Runtime at the same size. All runs are
pinned to one core and interleaved; CPU time is user + system of the whole process, so that other load matters little.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SECONDS, RATE = 40, 25
ROUNDS = 3
ALLOWED_OVERHEAD_MS = 2.0
ALLOWED_RSS_MB = 250.0
ALLOWED_FIRST_DETECTION_S = 2.0


def run(command: list[str]) -> tuple[float, float, str]:
    """CPU seconds, peak resident megabytes and standard output of one pinned process."""
    pinned = ["taskset", "-c", "0", *command]
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        child = subprocess.Popen(pinned, cwd=ROOT, stdout=output, stderr=errors)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        errors.seek(0)
        if child.returncode != 0:
            sys.exit(f"{' '.join(command)} failed:\n{errors.read().decode()[-2000:]}")
        return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, output.read().decode()


def make_clip(path: Path) -> None:
    """The sample flight at 1920x1080 and 25 frames a second, repeated to the wanted length."""
    source = ROOT / "sample-data/flight/flight.ts"
    frames = SECONDS * RATE
    once = f"filesrc location={source} ! tsdemux ! h264parse ! avdec_h264 ! joined."
    launch = (
        f"concat name=joined ! videorate ! video/x-raw,framerate={RATE}/1 ! "
        f"videoscale ! videoconvert ! video/x-raw,format=I420,width=1920,height=1080 ! identity eos-after={frames + 1} ! "
        f"openh264enc bitrate=6000000 gop-size={RATE * 2} ! h264parse ! mp4mux ! filesink location={path} {once} {once}"
    )
    subprocess.run(["gst-launch-1.0", "-q", *launch.split()], check=True, stdout=subprocess.DEVNULL)


def decode_bound(clip: Path) -> list[str]:
    launch = (
        f"filesrc location={clip} ! qtdemux ! h264parse ! avdec_h264 max-threads=1 ! videoscale ! videoconvert ! "
        "video/x-raw,format=RGB,width=640,height=360 ! fakesink sync=false"
    )
    return ["gst-launch-1.0", "-q", *launch.split()]


def chain(clip: Path, out: Path) -> list[str]:
    shutil.rmtree(out, ignore_errors=True)
    config = out.with_suffix(".toml")
    pack = ROOT / "models/packs/waterlogging"
    config.write_text(f'[runtime]\nworkers = 1\n[analysis]\nfps = 0\n[[packs]]\npath = "{pack}"\n')
    return ["target/release/flyonce", "analyze", str(clip), "--config", str(config), "--out", str(out), "--json"]


def main() -> None:
    work = Path(tempfile.mkdtemp(prefix="flyonce-bench-"))
    clip = work / "clip.mp4"
    make_clip(clip)
    decode, inference, whole, memory, first = [], [], [], [], []
    frames = 0
    for _ in range(ROUNDS):
        cpu, _, _ = run(decode_bound(clip))
        decode.append(cpu)
        _, _, printed = run(["target/release/examples/inference", "models/packs/waterlogging", "200"])
        inference.append(float(json.loads(printed)["cpu_ms"]))
        cpu, rss, printed = run(chain(clip, work / "out"))
        summary = json.loads(printed)
        frames = summary["frames"]
        # Start-up (library, session, golden frame) happens once and is told apart.
        load_ms = next(stage["cpu_ms"] for stage in summary["cost"] if stage["stage"] == "load")
        whole.append((cpu * 1000 - load_ms) / frames)
        memory.append(rss)
        if (seconds := summary["time"]["first_detection_secs"]) is not None:
            first.append(seconds)
    decode_ms = statistics.median(decode) * 1000 / frames
    inference_ms, whole_ms = statistics.median(inference), statistics.median(whole)
    bound = decode_ms + inference_ms
    rows = [
        ("decode + scale + colour (gst-launch)", f"{decode_ms:.2f} ms"),
        ("inference alone (ONNX Runtime)", f"{inference_ms:.2f} ms"),
        ("bound", f"{bound:.2f} ms"),
        ("whole chain", f"{whole_ms:.2f} ms"),
        ("chain over bound", f"{whole_ms - bound:+.2f} ms (allowed +{ALLOWED_OVERHEAD_MS} ms), ratio {whole_ms / bound:.3f}"),
        ("resident, one source", f"{max(memory):.0f} MB (allowed {ALLOWED_RSS_MB:.0f} MB)"),
        ("start to first detection", f"{min(first):.2f} s (allowed {ALLOWED_FIRST_DETECTION_S:.0f} s)" if first else "nothing detected"),
    ]
    print(f"{frames} frames of 1080p{RATE} H.264, one core, CPU time a frame, median of {ROUNDS}")
    for name, value in rows:
        print(f"  {name:<38} {value}")
    shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
