# SPDX-License-Identifier: Apache-2.0
"""Writes an about.toml beside each part of the sample data: source, licence, sums, camera, datum, units, truth."""
import hashlib
import sys
from pathlib import Path

import geo
import klv
import poses
import town


def sums(folder, names):
    """The [sha256] table of files."""
    lines = [f'"{n}" = "{hashlib.sha256((folder / n).read_bytes()).hexdigest()}"' for n in names]
    return "[sha256]\n" + "\n".join(lines) + "\n"


def head(title, command):
    """What all parts share."""
    return f'''title = "{title}"
source = "synthetic: an invented town at real coordinates near Quzhou, rendered with Blender 4.5 (Cycles) from seeded scripts"
licence = "CC0-1.0"
made_by = "{command}"
'''


DATUM = f'''[datum]
horizontal = "WGS-84 (EPSG:4326)"
vertical = "metres above the WGS-84 ellipsoid; ellipsoidal height = mean sea level height (EGM96) + geoid_undulation_m"
geoid_undulation_m = {geo.UNDULATION_M}  # EGM96 at the origin, taken as constant over the town
origin_lat_deg = {town.ORIGIN_LAT_DEG}
origin_lon_deg = {town.ORIGIN_LON_DEG}
origin_ellipsoid_height_m = {town.ORIGIN_ELLIPSOID_HEIGHT_M}
'''


def flight(folder):
    """The drone flight."""
    names = [n for n in ("flight.ts", "sync_klv.ts", "poses.csv") if (folder / n).exists()]
    fx, w, h = poses.FLIGHT_FX_PX, poses.WIDTH_PX, poses.HEIGHT_PX
    return head("Drone flight over a town with seven waterlogged spots", "sample-data/make/make.sh") + f'''start_time = "2026-06-20T02:15:00Z"
frames = {poses.FLIGHT_FRAMES}
frames_per_second = {poses.FLIGHT_FPS}
telemetry = "MISB ST 0601, one packet a frame; flight.ts: asynchronous (stream type 0x06, KLVA), sync_klv.ts: synchronous (0x15), its first frames"
clock = "precision time stamp (tag 2) = start_time + (PTS - 90000) / 90 kHz, exactly"
above_ground_m = "64 to 68"
path = "oblique (pitch -50 deg) along the town's v axis, a right turn, nadir (pitch -88.6 deg) along its u axis"

[camera]
width_px = {w}
height_px = {h}
fx_px = {fx}
fy_px = {fx}
cx_px = {w / 2}
cy_px = {h / 2}
hfov_deg = {klv.field_of_view_deg(w, fx):.4f}
vfov_deg = {klv.field_of_view_deg(h, fx):.4f}
distortion = "none"
attitude = "heading clockwise from true north, pitch negative down, roll positive right side down; Rz(heading) Ry(pitch) Rx(roll)"

''' + DATUM + f'''
[telemetry_noise]
# Telemetry is the true pose plus Gauss-Markov noise, seed {poses.NOISE_SEED}. Video is rendered from the true pose, in poses.csv.
horizontal_sigma_m = {poses.SIGMA_HORIZONTAL_M}  # each of two axes
vertical_sigma_m = {poses.SIGMA_VERTICAL_M}
attitude_sigma_deg = {poses.SIGMA_ATTITUDE_DEG}  # each camera axis
correlation_time_s = {poses.NOISE_TIME_S}

[truth]
how = "the render's own numbers: poses from make/poses.py, spots from make/town.py by make/truth.py; checked by make/check.py"
plume = "laid into the pictures after rendering, projected through the true pose (make/plume.py); red roofs toned to slate likewise (make/roofs.py)"

''' + sums(folder, names)


def street(folder):
    """The fixed camera."""
    names = [n for n in ("street.mp4", "levels.csv", "camera.toml") if (folder / n).exists()]
    return head("Fixed camera on a street that floods within a minute", "sample-data/make/make.sh") + f'''start_time = "2026-06-20T07:30:00Z"
frames = {town.STREET_FRAMES}
frames_per_second = {town.STREET_FPS}
dry_frames = {town.STREET_DRY_FRAMES}
camera = "camera.toml"
rendering = "one dry picture; from frame {town.STREET_DRY_FRAMES} on, the part round the water of every frame; sensor noise and clock added"

''' + DATUM + '''
[truth]
how = "water level, depth and area of every frame in levels.csv; outline at full level in ../truth.json (S1)"

''' + sums(folder, names)


def terrain(folder):
    """The terrain tile."""
    return head("Ground of the sample town", "sample-data/make/terrain.py") + '''crs = "EPSG:32650"
cell_m = 1.0
values = "float32 metres above the WGS-84 ellipsoid at cell centres, bare ground: no houses, trees or water"

''' + DATUM + "\n" + sums(folder, ["terrain.tif"])


def zones(folder):
    """The zones."""
    return head("Invented zones of the sample town at three levels, and its arterial road", "sample-data/make/zones.py") + '''levels = ["districts", "townships", "communities"]
properties = "code, name_zh, name_en, parent (code one level up), kind"
crs = "WGS-84 (EPSG:4326), longitude before latitude as in RFC 7946"
names = "invented; no real administrative unit is meant"

''' + sums(folder, ["districts.geojson", "townships.geojson", "communities.geojson", "arterials.geojson"])


def main(root):
    """Writes the four files."""
    for part in (flight, street, terrain, zones):
        folder = Path(root) / part.__name__
        (folder / "about.toml").write_text(part(folder), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
