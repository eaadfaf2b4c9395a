# SPDX-License-Identifier: Apache-2.0
"""Encodes the rendered frames with GStreamer's openh264enc: `encode.py flight|street FRAMES OUT`."""
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

import klv
import plume
import poses
import roofs
import town
import ts

FLIGHT_BITRATE, STREET_BITRATE = 3_400_000, 700_000


def flight_pictures(folder):
    """Frames of the flight with slate roofs and the plume laid in."""
    for i, pose in enumerate(poses.true_flight()):
        picture = np.asarray(Image.open(folder / f"flight_{i:04d}.png").convert("RGB"))
        picture = roofs.tone(picture, pose, poses.FLIGHT_FX_PX)
        yield plume.add(picture, pose, poses.FLIGHT_FX_PX, i / poses.FLIGHT_FPS)


def pasted(dry, part, box):
    """The dry picture with a rendered part laid over it, its rim blended over a few pixels."""
    x0, y0, x1, y1 = box
    rows, cols = np.arange(y1 - y0), np.arange(x1 - x0)
    soft = np.minimum.outer(np.minimum(rows + 1 if y0 else 99, (y1 - y0 - rows) if y1 < poses.HEIGHT_PX else 99),
                            np.minimum(cols + 1 if x0 else 99, (x1 - x0 - cols) if x1 < poses.WIDTH_PX else 99))
    soft = np.clip(soft / 10.0, 0, 1)[..., None]
    out = dry.astype(np.float32)
    out[y0:y1, x0:x1] = out[y0:y1, x0:x1] * (1 - soft) + part * soft
    return out


def street_pictures(folder):
    """Frames of the fixed camera: the dry picture, the rendered part that changes, sensor noise and a clock."""
    dry = np.asarray(Image.open(folder / "street_0000.png").convert("RGB"))
    rng = np.random.default_rng(55)
    for i in range(town.STREET_FRAMES):
        picture = dry.astype(np.float32)
        box = town_box(i)
        if box is not None:
            part = np.asarray(Image.open(folder / f"street_{i:04d}.png").convert("RGB"), np.float32)
            picture = pasted(dry, part, box)
        gain = 1 + 0.006 * np.sin(i / 9.0)
        picture = picture * gain + rng.normal(0, 2.0, picture.shape[:2])[..., None] + rng.normal(0, 0.8, picture.shape)
        image = Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8))
        seconds = i // town.STREET_FPS
        draw = ImageDraw.Draw(image)
        text = f"2026-06-20 {15:02d}:{30 + seconds // 60:02d}:{seconds % 60:02d}  CAM 0117"
        draw.text((731, 11), text, fill=(20, 20, 20))
        draw.text((730, 10), text, fill=(240, 240, 240))
        yield np.asarray(image)


def town_box(frame):
    """Pixel box of the part that is rendered for a frame of the street, or None while it is dry."""
    import street_box
    return street_box.box(frame)


def run(pictures, fps, bitrate, gop, tail):
    """Feeds raw pictures to a GStreamer pipeline."""
    command = ["gst-launch-1.0", "-q", "fdsrc", "fd=0", "!", "rawvideoparse", "format=rgb", f"width={poses.WIDTH_PX}",
               f"height={poses.HEIGHT_PX}", f"framerate={fps}/1", "!", "videoconvert", "!", "video/x-raw,format=I420", "!",
               "openh264enc", f"bitrate={bitrate}", f"gop-size={gop}", "complexity=high", "rate-control=bitrate", "!", "h264parse", "!", *tail]
    process = subprocess.Popen(command, stdin=subprocess.PIPE)
    for picture in pictures:
        process.stdin.write(np.ascontiguousarray(picture).tobytes())
    process.stdin.close()
    if process.wait():
        raise SystemExit("gst-launch-1.0 failed")


def main(source, folder, out):
    """Encodes one source."""
    folder, out = Path(folder), Path(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    if source == "street":
        run(street_pictures(folder), town.STREET_FPS, STREET_BITRATE, 20, ["video/x-h264,stream-format=avc", "!", "mp4mux", "!", "filesink", f"location={out}"])
        return
    with tempfile.TemporaryDirectory() as scratch:
        raw = Path(scratch) / "flight.h264"
        tail = ["video/x-h264,stream-format=byte-stream,alignment=au", "!", "filesink", f"location={raw}"]
        run(flight_pictures(folder), poses.FLIGHT_FPS, FLIGHT_BITRATE, 20, tail)
        units = ts.access_units(raw.read_bytes())
    packets = klv.flight_packets()
    if len(units) != len(packets):
        raise SystemExit(f"{len(units)} pictures but {len(packets)} packets")
    out.write_bytes(ts.mux(units, packets, poses.FLIGHT_START_US, synchronous=False))


if __name__ == "__main__":
    main(*sys.argv[1:])
