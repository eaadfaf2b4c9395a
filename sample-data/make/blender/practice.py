# SPDX-License-Identifier: GPL-2.0-or-later
"""Renders drone views of the town with other heaps, trees, cars, lights and cameras, and labels the heaps: for training.

`practice.py OUT --paint DIR [--count N] [--seed S]` writes OUT/images/pra_*.jpg and OUT/labels/pra_*.txt (YOLO, class 0: waste heap).
No heap lies within CLEAR_M of one of the sample flight. Water is not labelled. Pictures that exist are skipped.
"""
import argparse
import math
import sys
from pathlib import Path

import bpy
import numpy as np
from mathutils import Vector

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent))
import poses  # noqa: E402
import render  # noqa: E402
import scene  # noqa: E402
import town  # noqa: E402

CLEAR_M = 25.0
HEAPS = 150
WIDTH_PX, HEIGHT_PX = 800, 450
LEAST_SEEN = 0.5  # a heap of which less is in sight gets no label


def other_heaps(rng):
    """Heaps on grass, pavements and at kerbs all over the town."""
    items, flown, out = town.buildings(), town.HEAPS, []
    while len(out) < HEAPS:
        u, v = rng.uniform(-190, 190, 2)
        taken = any(math.hypot(u - h.u_m, v - h.v_m) < 7 for h in out) or town.near_thing(u, v, 3.0)
        clear = all(math.hypot(u - h.u_m, v - h.v_m) > CLEAR_M for h in flown)
        lane = town.on_asphalt(u, v, -2.5)
        if taken or not clear or lane or town.inside_building(u, v, 3.0, items):
            continue
        kind = "rubble" if rng.random() < 0.5 else "rubbish"
        out.append(town.Heap(f"P{len(out)}", float(u), float(v), float(rng.uniform(0.9, 3.6)), kind))
    return out


def pose(rng):
    """A camera over the town: 35 to 95 m above it, from oblique to straight down."""
    u, v = rng.uniform(-150, 150, 2)
    pitch = -90.0 + abs(rng.normal(0, 3)) if rng.random() < 0.5 else rng.uniform(-75, -35)
    return poses.Pose((u, v, rng.uniform(35, 95)), (rng.uniform(0, 360), pitch, rng.normal(0, 1)))


def heap_points(heap):
    """Points (n, 3) on a heap: rings at its foot, half-way up, and its top."""
    out = [(heap.u_m, heap.v_m, float(town.height(heap.u_m, heap.v_m)) + 1.1)]
    for share, above in ((1.0, 0.05), (0.6, 0.75)):
        for a in np.arange(0, 2 * math.pi, math.pi / 8):
            u, v = heap.u_m + share * heap.radius_m * math.cos(a), heap.v_m + share * heap.radius_m * math.sin(a)
            out.append((u, v, float(town.height(u, v)) + above))
    return np.array(out)


def box(heap, at, fx_px):
    """Centre and size in shares of the picture of what is seen of a heap, or None."""
    points = heap_points(heap)
    local = (points - np.array(at.uvz)) @ at.town_from_camera
    if (local[:, 0] < 1).any():
        return None
    x, y = fx_px * local[:, 1] / local[:, 0] + WIDTH_PX / 2, fx_px * local[:, 2] / local[:, 0] + HEIGHT_PX / 2
    inside = (x > 0) & (x < WIDTH_PX) & (y > 0) & (y < HEIGHT_PX)
    if inside.mean() < LEAST_SEEN or seen(points[inside], at) * inside.mean() < LEAST_SEEN:
        return None
    x0, x1 = np.clip([x.min(), x.max()], 0, WIDTH_PX) / WIDTH_PX
    y0, y1 = np.clip([y.min(), y.max()], 0, HEIGHT_PX) / HEIGHT_PX
    return (x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0


def seen(points, at):
    """Share of the points that nothing hides."""
    graph, eye, free = bpy.context.evaluated_depsgraph_get(), Vector(at.uvz), 0
    for point in points:
        way = Vector(point) - eye
        hit, where, *_ = bpy.context.scene.ray_cast(graph, eye, way.normalized(), distance=way.length)
        free += not hit or (where - Vector(point)).length < 1.2
    return free / max(1, len(points))


def light(rng):
    """Another time of day and another exposure."""
    sun = bpy.data.objects["sun"]
    sun.rotation_euler = (math.radians(rng.uniform(10, 60)), 0, rng.uniform(0, 2 * math.pi))
    sun.data.energy = rng.uniform(0.6, 3.0)
    bpy.context.scene.view_settings.exposure = rng.uniform(-0.7, 0.1)


def main():
    a = argparse.ArgumentParser()
    a.add_argument("out", type=Path)
    a.add_argument("--paint", type=Path, required=True)
    a.add_argument("--count", type=int, default=72)
    a.add_argument("--seed", type=int, default=1)
    a.add_argument("--samples", type=int, default=2)
    a.add_argument("--threads", type=int, default=0)
    args = a.parse_args(sys.argv[1:])
    for name in ("images", "labels"):
        (args.out / name).mkdir(parents=True, exist_ok=True)
    heaps = other_heaps(np.random.default_rng(args.seed))
    town.HEAPS = heaps
    scene.build("flight", args.paint)
    render.settings(args.samples, args.threads, WIDTH_PX, HEIGHT_PX)
    s = bpy.context.scene
    s.render.image_settings.file_format, s.render.image_settings.quality = "JPEG", 92
    s.camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    s.collection.objects.link(s.camera)
    for i in range(args.count):
        path = args.out / "images" / f"pra_{args.seed}_{i:03d}.jpg"
        if path.exists():
            continue
        rng = np.random.default_rng((args.seed, i))
        at, fx_px = pose(rng), WIDTH_PX * rng.uniform(0.6, 1.1)
        render.aim(s.camera, at, fx_px, WIDTH_PX)
        light(rng)
        s.cycles.seed = i
        bpy.context.view_layer.update()
        found = [b for b in (box(h, at, fx_px) for h in heaps) if b]
        lines = "".join(f"0 {' '.join(f'{n:.6f}' for n in b)}\n" for b in found)
        (args.out / "labels" / f"{path.stem}.txt").write_text(lines, encoding="utf-8")
        s.render.filepath = str(path) + ".part.jpg"
        bpy.ops.render.render(write_still=True)
        Path(s.render.filepath).rename(path)
        print(f"{path.name}: {len(found)} heaps", flush=True)


if __name__ == "__main__":
    main()
