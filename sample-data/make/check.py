# SPDX-License-Identifier: Apache-2.0
"""Checks the sample data against itself: where each spot is seen, and how far the telemetry is from the truth."""
import csv
import json
import math
import sys
from pathlib import Path

import numpy as np

import geo
import klv
import poses
import town
import ts


def project(pose, points, fx_px):
    """Pixels of town-frame points, or None where one lies behind the camera."""
    inside = (np.asarray(points) - np.array(pose.uvz)) @ pose.town_from_camera
    if (inside[:, 0] < 0.5).any():
        return None
    return np.stack([poses.WIDTH_PX / 2 + fx_px * inside[:, 1] / inside[:, 0], poses.HEIGHT_PX / 2 + fx_px * inside[:, 2] / inside[:, 0]], -1)


def polygon_area(p):
    """Area of a simple polygon."""
    x, y = p[:, 0], p[:, 1]
    return abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2


def hidden_share(pose, points, boxes):
    """Share of points that a house stands before; `boxes` is (n, 2, 3): lower and upper corners."""
    at = np.array(pose.uvz)
    ray = (points - at)[:, None, :] + 1e-12
    a, c = (boxes[None, :, 0] - at) / ray, (boxes[None, :, 1] - at) / ray
    enter, leave = np.minimum(a, c).max(-1), np.maximum(a, c).min(-1)
    return float(((enter < leave) & (leave > 0) & (enter < 0.999)).any(-1).mean())


def house_boxes():
    """Lower and upper corners of all houses."""
    tops = [(b, float(town.height(b.u_m, b.v_m)) + b.height_m + 1.0) for b in town.buildings()]
    return np.array([[(b.u_m - b.half_u_m, b.v_m - b.half_v_m, -5.0), (b.u_m + b.half_u_m, b.v_m + b.half_v_m, z)] for b, z in tops])


def seen(spot_points, track, fx_px, boxes):
    """(frame, share of the picture, hidden share) for every frame that holds the whole outline."""
    out = []
    for i, pose in enumerate(track):
        px = project(pose, spot_points, fx_px)
        if px is None or (px < 0).any() or (px[:, 0] > poses.WIDTH_PX).any() or (px[:, 1] > poses.HEIGHT_PX).any():
            continue
        out.append((i, polygon_area(px) / poses.WIDTH_PX / poses.HEIGHT_PX, hidden_share(pose, spot_points[::3], boxes)))
    return out


def read_poses(path):
    """True poses of the flight as its CSV gives them."""
    out = []
    for row in csv.DictReader(open(path, encoding="utf-8")):
        at = geo.town_from_geodetic(float(row["lat_deg"]), float(row["lon_deg"]), float(row["ellipsoid_height_m"]))
        out.append(poses.Pose(at, (float(row["heading_deg"]), float(row["pitch_deg"]), float(row["roll_deg"]))))
    return out


def runs(frames):
    """Frame numbers as ranges."""
    text, begin = [], None
    for i, f in enumerate(frames):
        begin = f if begin is None else begin
        if i + 1 == len(frames) or frames[i + 1] != f + 1:
            text.append(f"{begin}-{f}")
            begin = None
    return " ".join(text)


def tags(packet):
    """Tag numbers and values of an ST 0601 packet whose checksum is right."""
    total = sum(b << 8 if i % 2 == 0 else b for i, b in enumerate(packet[:-2])) & 0xFFFF
    assert packet[:16] == klv.KEY and total == int.from_bytes(packet[-2:], "big")
    at, out = 17 + (packet[16] & 0x7F if packet[16] & 0x80 else 0), {}
    while at < len(packet):
        out[packet[at]] = packet[at + 2:at + 2 + packet[at + 1]]
        at += 2 + packet[at + 1]
    return out


def telemetry_gaps(path, flight):
    """Distance of each packet's frame centre (tags 23, 24, 78) from the true one, metres; times are checked too."""
    stream, gaps = path.read_bytes(), []
    packets, video = ts.elementary(stream, ts.KLV_PID), ts.elementary(stream, ts.VIDEO_PID)
    assert [p for p, _ in packets] == [p for p, _ in video]
    for (pts, packet), pose in zip(packets, flight):
        t = tags(packet)
        assert int.from_bytes(t[2], "big") - poses.FLIGHT_START_US == (pts - ts.PTS_START) * 100 // 9
        lat, lon = (int.from_bytes(t[k], "big", signed=True) / (2**31 - 1) * f for k, f in ((23, 90), (24, 180)))
        told = geo.town_from_geodetic(lat, lon, int.from_bytes(t[78], "big") / 65535 * 19900 - 900)
        true = klv.ground_hit(pose, (poses.WIDTH_PX / 2, poses.HEIGHT_PX / 2), poses.FLIGHT_FX_PX)
        gaps.append(math.dist(told[:2], true[:2]))
    return gaps


def main(root):
    """Prints both tables."""
    root, boxes = Path(root), house_boxes()
    truth = json.loads((root / "truth.json").read_text(encoding="utf-8"))
    flight = read_poses(root / "flight" / "poses.csv")
    failed = False
    for spot in truth["spots"]:
        h = spot["ellipsoid_height_m"]
        points = np.array([geo.town_from_geodetic(lat, lon, h) for lat, lon in spot["polygon"]])
        track, fx = (flight, poses.FLIGHT_FX_PX) if spot["source"] == "flight" else ([poses.street()], town.STREET_CAMERA_FX_PX)
        rows = seen(points, track, fx, boxes)
        clear = [r for r in rows if r[2] < 0.05]
        share = [100 * r[1] for r in clear] or [0.0]
        failed |= not clear
        print(f"{spot['id']} {spot['class']:12s} {spot['area_m2']:6.1f} m2: whole in {len(rows)} frames, in clear sight in {len(clear)} "
              f"({runs([r[0] for r in clear])}), {min(share):.2f} to {max(share):.2f} % of the picture")
    gaps = telemetry_gaps(root / "flight" / "flight.ts", flight)
    print(f"frame centre in {len(gaps)} telemetry packets against the true one: median {np.median(gaps):.2f} m, largest {max(gaps):.2f} m")
    failed |= len(gaps) != poses.FLIGHT_FRAMES
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
