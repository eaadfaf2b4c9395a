# SPDX-License-Identifier: Apache-2.0
"""Writes what is known of the sample scene: truth.json, flight/poses.csv, street/levels.csv and street/camera.toml."""
import json
import math
import sys
from pathlib import Path

import numpy as np

import geo
import poses
import town
import zones

STEP = 0.1


def outline(bowl, level):
    """Town-frame outline of the water in a bowl at a level, by bisection along rays from its deepest part."""
    points = []
    for a in np.linspace(0, 2 * math.pi, 120, endpoint=False):
        du, dv = bowl.semi_u_m * math.cos(a), bowl.semi_v_m * math.sin(a)
        s = np.arange(0.02, 1.9, 0.005)
        wet = town.height(bowl.u_m + s * du, bowl.v_m + s * dv) < level
        end = int(np.argmin(wet)) if not wet.all() else len(s) - 1
        if end == 0:
            return None
        points.append((bowl.u_m + s[end] * du, bowl.v_m + s[end] * dv))
    return points


def area(points):
    """Area of a closed outline, square metres."""
    p = np.array(points)
    return float(abs(np.dot(p[:, 0], np.roll(p[:, 1], -1)) - np.dot(p[:, 1], np.roll(p[:, 0], -1))) / 2)


def wet_area(bowl, level):
    """Area under water counted on a fine grid, the check of the outline."""
    u = np.arange(bowl.u_m - 1.6 * bowl.semi_u_m, bowl.u_m + 1.6 * bowl.semi_u_m, STEP)
    v = np.arange(bowl.v_m - 1.6 * bowl.semi_v_m, bowl.v_m + 1.6 * bowl.semi_v_m, STEP)
    uu, vv = np.meshgrid(u, v)
    return float(((town.height(uu, vv) < level) & (town.bowl_radius(bowl, uu, vv) < 1.6)).sum() * STEP * STEP)


def middle(points):
    """Centre of gravity of a closed outline."""
    p = np.array(points)
    q = np.roll(p, -1, 0)
    cross = p[:, 0] * q[:, 1] - q[:, 0] * p[:, 1]
    return tuple((p + q).T @ cross / (3 * cross.sum()))


def spot(name, kind, source, points, z, lead):
    """One entry of the truth."""
    u, v = middle(points)
    lat, lon, h = geo.geodetic_from_town(u, v, z)
    district, township, community = zones.codes_at(u, v)
    ring = [geo.geodetic_from_town(*p, z)[:2] for p in points]
    return {
        "id": name, "class": kind, "source": source, "lat_deg": round(lat, 8), "lon_deg": round(lon, 8), "ellipsoid_height_m": round(h, 3),
        "area_m2": round(area(points), 1), "polygon": [[round(a, 8), round(b, 8)] for a, b in ring],
        "district": district, "township": township, "community": community,
        "on_arterial": zones.inside(zones.arterial(), u, v), "lead_department": lead,
    }


def circle(u, v, r):
    """Outline of a round thing."""
    return [(u + r * math.cos(a), v + r * math.sin(a)) for a in np.linspace(0, 2 * math.pi, 24, endpoint=False)]


def spots():
    """Every spot of the scene."""
    out = []
    for bowl in town.BOWLS:
        level = town.full_level(bowl)
        points = outline(bowl, level)
        gap = abs(area(points) - wet_area(bowl, level)) / area(points)
        assert gap < 0.03, f"{bowl.name}: outline and grid differ by {gap:.3f}"
        on_road = zones.inside(zones.arterial(), *middle(points))
        lead = "emergency_management" if on_road else "municipal_drainage"
        out.append(spot(bowl.name, "waterlogging", "street" if bowl is town.STREET_BOWL else "flight", points, level, lead))
    for heap in town.HEAPS:
        z = float(town.height(heap.u_m, heap.v_m))
        out.append(spot(heap.name, "dumping", "flight", circle(heap.u_m, heap.v_m, heap.radius_m), z, "comprehensive_enforcement"))
    u, v = town.PLUME_UV
    out.append(spot("F1", "fume", "flight", circle(u, v, 1.0), float(town.height(u, v)) + 10.2, "ecology_environment"))
    return out


def write_poses(path):
    """The true pose of every frame of the flight."""
    lines = ["frame,time_us,lat_deg,lon_deg,ellipsoid_height_m,heading_deg,pitch_deg,roll_deg"]
    for i, pose in enumerate(poses.true_flight()):
        lat, lon, h = geo.geodetic_from_town(*pose.uvz)
        heading, pitch, roll = pose.attitude_deg
        time_us = poses.FLIGHT_START_US + i * 1_000_000 // poses.FLIGHT_FPS
        lines.append(f"{i},{time_us},{lat:.9f},{lon:.9f},{h:.4f},{heading % 360:.5f},{pitch:.5f},{roll:.5f}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_levels(path):
    """Water level and area of the street's dip, frame by frame."""
    lines = ["frame,time_us,water_ellipsoid_height_m,depth_m,area_m2"]
    for i in range(town.STREET_FRAMES):
        time_us = poses.STREET_START_US + i * 1_000_000 // town.STREET_FPS
        level = town.street_level(i)
        if level is None:
            lines.append(f"{i},{time_us},,0.000,0.0")
        else:
            wet = wet_area(town.STREET_BOWL, level)
            lines.append(f"{i},{time_us},{town.ORIGIN_ELLIPSOID_HEIGHT_M + level:.3f},{level - town.bottom(town.STREET_BOWL):.3f},{wet:.1f}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_camera(path):
    """Pose and lens of the fixed camera."""
    pose = poses.street()
    lat, lon, h = geo.geodetic_from_town(*pose.uvz)
    heading, pitch, roll = pose.attitude_deg
    path.write_text(f"""# Fixed camera of street.mp4. WGS-84; heading clockwise from true north; pitch negative below the horizon; roll positive
# right side down. Pixel coordinates from the top left corner of the picture; Brown distortion, none here.
lat_deg = {lat:.9f}
lon_deg = {lon:.9f}
ellipsoid_height_m = {h:.3f}
heading_deg = {heading % 360:.4f}
pitch_deg = {pitch:.4f}
roll_deg = {roll:.4f}
width_px = {poses.WIDTH_PX}
height_px = {poses.HEIGHT_PX}
fx_px = {town.STREET_CAMERA_FX_PX}
fy_px = {town.STREET_CAMERA_FX_PX}
cx_px = {poses.WIDTH_PX / 2}
cy_px = {poses.HEIGHT_PX / 2}
k1 = 0.0
k2 = 0.0
k3 = 0.0
p1 = 0.0
p2 = 0.0
""", encoding="utf-8")


def main(root):
    """Writes all truth files under the sample-data folder."""
    root = Path(root)
    for name in ("flight", "street"):
        (root / name).mkdir(parents=True, exist_ok=True)
    write_poses(root / "flight" / "poses.csv")
    write_levels(root / "street" / "levels.csv")
    write_camera(root / "street" / "camera.toml")
    entries = ",\n".join("  " + json.dumps(s, ensure_ascii=False) for s in spots())
    (root / "truth.json").write_text('{"datum": "WGS-84, heights above the ellipsoid", "spots": [\n' + entries + "\n]}\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
