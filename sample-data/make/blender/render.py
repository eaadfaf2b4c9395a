# SPDX-License-Identifier: GPL-2.0-or-later
"""Renders frames of the sample flight or street clip with Cycles: `render.py flight|street OUT [--frames A:B:STEP+...]`.

Of the street clip only the dry picture and, later, the box round the water are rendered.

Frames that exist are skipped. Poses come from the make scripts beside this folder, so the picture and its truth agree.
"""
import argparse
import math
import sys
import time
from pathlib import Path

import bpy
from mathutils import Matrix

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent))
import poses  # noqa: E402
import scene  # noqa: E402
import street_box  # noqa: E402
import town  # noqa: E402


def settings(samples, threads, width=960, height=540):
    """Cycles on the CPU, few samples, OpenImageDenoise."""
    s = bpy.context.scene
    s.render.engine = "CYCLES"
    c = s.cycles
    c.device, c.samples, c.use_adaptive_sampling = "CPU", samples, False
    c.use_denoising, c.denoiser, c.denoising_prefilter = True, "OPENIMAGEDENOISE", "NONE"
    c.denoising_quality = "FAST"
    c.max_bounces, c.diffuse_bounces, c.glossy_bounces, c.transmission_bounces = 3, 1, 2, 1
    c.transparent_max_bounces, c.volume_bounces = 4, 0
    c.caustics_reflective = c.caustics_refractive = False
    c.use_fast_gi = True
    c.ao_bounces_render = 1
    s.render.use_persistent_data = True
    s.render.resolution_x, s.render.resolution_y, s.render.resolution_percentage = width, height, 100
    s.render.image_settings.file_format = "PNG"
    s.render.image_settings.compression = 15
    s.view_settings.view_transform, s.view_settings.look = "Filmic", "Medium High Contrast"
    s.view_settings.exposure = -0.35
    if threads:
        s.render.threads_mode, s.render.threads = "FIXED", threads


def aim(camera, pose, fx_px, width=960):
    """Sets the Blender camera (x right, y up, looks along -z) from a pose in the town frame."""
    f, r, d = (pose.town_from_camera[:, i] for i in range(3))
    camera.matrix_world = Matrix((
        (r[0], -d[0], -f[0], pose.uvz[0]), (r[1], -d[1], -f[1], pose.uvz[1]), (r[2], -d[2], -f[2], pose.uvz[2]), (0, 0, 0, 1)))
    camera.data.sensor_fit, camera.data.sensor_width = "HORIZONTAL", 36.0
    camera.data.lens = 36.0 * fx_px / width
    camera.data.clip_end = 3000


def chosen(text, count):
    """Frame numbers from "a:b:step" ranges joined by "+", or "a,b,c"; all where the text is empty."""
    if "," in text:
        return [int(x) for x in text.split(",")]
    out = []
    for part in (text or ":").split("+"):
        out += list(range(count))[slice(*(int(x) if x else None for x in part.split(":")))]
    return out


def main():
    a = argparse.ArgumentParser()
    a.add_argument("source", choices=["flight", "street"])
    a.add_argument("out", type=Path)
    a.add_argument("--frames", default="")
    a.add_argument("--samples", type=int, default=12)
    a.add_argument("--threads", type=int, default=0)
    a.add_argument("--paint", type=Path, required=True)
    args = a.parse_args(sys.argv[1:])
    args.out.mkdir(parents=True, exist_ok=True)
    water = scene.build(args.source, args.paint)
    settings(args.samples, args.threads)
    camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    s = bpy.context.scene
    s.collection.objects.link(camera)
    s.camera = camera
    count = poses.FLIGHT_FRAMES if args.source == "flight" else town.STREET_FRAMES
    sheet, fps = None, 10 if args.source == "flight" else town.STREET_FPS
    flight = poses.true_flight() if args.source == "flight" else None
    # Even frames first, so that an interrupted run serves at half the rate.
    for i in sorted(chosen(args.frames, count), key=lambda i: i % 2):
        path = args.out / f"{args.source}_{i:04d}.png"
        if path.exists():
            continue
        begin, cpu = time.time(), time.process_time()
        if args.source == "flight":
            aim(camera, flight[i], poses.FLIGHT_FX_PX)
        else:
            aim(camera, poses.street(), town.STREET_CAMERA_FX_PX)
            if sheet is not None:
                bpy.data.objects.remove(sheet)
                sheet = None
            box = street_box.box(i)
            if box is None and i > 0:
                continue  # the dry picture is rendered once
            s.cycles.samples = args.samples if i else 4 * args.samples
            s.render.use_border = s.render.use_crop_to_border = box is not None
            if box is not None:
                width, height = s.render.resolution_x, s.render.resolution_y
                s.render.border_min_x, s.render.border_max_x = (box[0] + 0.01) / width, (box[2] + 0.01) / width
                s.render.border_min_y, s.render.border_max_y = 1 - (box[3] - 0.01) / height, 1 - (box[1] - 0.01) / height
                sheet = scene.water(town.STREET_BOWL, town.street_level(i), water)
        water.node_tree.nodes["wave"].inputs["W"].default_value = i / fps * 0.6
        s.cycles.seed = i
        s.render.filepath = str(path) + ".part.png"
        bpy.ops.render.render(write_still=True)
        Path(str(path) + ".part.png").rename(path)
        print(f"{path.name} {time.time() - begin:.1f} s, {time.process_time() - cpu:.1f} s of CPU", flush=True)


if __name__ == "__main__":
    main()
