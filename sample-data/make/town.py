# SPDX-License-Identifier: Apache-2.0
"""The sample town: its roads, ground, waterlogged spots, buildings and things, as plain numbers.

The town frame (u, v, z) is local east-north-up turned counter-clockwise by TOWN_TURN_DEG: u runs along the arterial
road, v across it, z is up. All lengths are metres. Everything is a pure function of the constants and seeds below.
"""
import math
from dataclasses import dataclass

import numpy as np

ORIGIN_LAT_DEG = 28.970
ORIGIN_LON_DEG = 118.870
ORIGIN_ELLIPSOID_HEIGHT_M = 78.0
TOWN_TURN_DEG = 14.0
HALF_SIZE_M = 215.0


@dataclass(frozen=True)
class Road:
    """A straight road: `axis` is the town axis it runs along, `pos_m` its place on the other axis."""

    axis: str
    pos_m: float
    half_width_m: float
    pavement_m: float
    kind: str


ROADS = [
    Road("u", 0.0, 11.0, 5.0, "arterial"),
    Road("u", 52.0, 4.5, 3.0, "local"),
    Road("u", -62.0, 4.5, 3.0, "local"),
    Road("u", 112.0, 4.5, 3.0, "local"),
    Road("u", -122.0, 4.5, 3.0, "local"),
    Road("u", 170.0, 4.5, 3.0, "local"),
    Road("u", -180.0, 4.5, 3.0, "local"),
    Road("v", -165.0, 5.0, 3.5, "collector"),
    Road("v", -75.0, 6.0, 3.5, "collector"),
    Road("v", 5.0, 6.5, 3.5, "collector"),
    Road("v", 88.0, 6.0, 3.5, "collector"),
    Road("v", 165.0, 5.0, 3.5, "collector"),
]
CAR_PARK = (26.0, 80.5, 16.5, 36.0)  # u0, u1, v0, v1


@dataclass(frozen=True)
class Bowl:
    """A dip in the ground; water stands in it up to the level whose outline is about the given ellipse."""

    name: str
    u_m: float
    v_m: float
    semi_u_m: float
    semi_v_m: float
    depth_m: float
    phase: float


FLIGHT_BOWLS = [
    Bowl("W1", -40.0, -62.0, 13.0, 5.0, 0.42, 0.3),
    Bowl("W2", -28.0, -4.0, 17.0, 6.5, 0.50, 1.1),
    Bowl("W3", 5.0, 30.0, 5.6, 9.0, 0.42, 2.0),
    Bowl("W4", 42.0, 25.0, 6.2, 5.0, 0.36, 2.9),
    Bowl("W5", 67.0, 26.0, 6.6, 5.4, 0.36, 4.1),
    Bowl("W6", 88.0, -32.0, 4.9, 8.0, 0.40, 5.0),
    Bowl("W7", 101.0, 4.0, 11.0, 5.5, 0.44, 5.8),
]
STREET_BOWL = Bowl("S1", -44.0, 112.0, 11.5, 6.6, 0.62, 0.9)
BOWLS = FLIGHT_BOWLS + [STREET_BOWL]
EDGE = 1.2  # a bowl is -depth * exp(-EDGE r^2): r = 1 is the outline of its full water


@dataclass(frozen=True)
class Heap:
    """A heap of rubble or rubbish."""

    name: str
    u_m: float
    v_m: float
    radius_m: float
    kind: str


HEAPS = [
    Heap("D1", -12.0, -69.5, 2.6, "rubbish"),
    Heap("D2", 19.0, 42.0, 2.1, "rubble"),
    Heap("D3", 61.0, -19.5, 2.3, "rubble"),
]
PLUME_UV = (-62.5, -27.0)  # chimney of the restaurant


def bowl_radius(bowl, u, v):
    """Normalised distance from a bowl's centre, 1 on its full outline."""
    du, dv = (u - bowl.u_m) / bowl.semi_u_m, (v - bowl.v_m) / bowl.semi_v_m
    phi = np.arctan2(dv, du)
    wave = 1 + 0.12 * np.sin(2 * phi + bowl.phase) + 0.12 * np.sin(3 * phi + 2 * bowl.phase)
    wave = wave + 0.06 * np.sin(5 * phi + 3 * bowl.phase) + 0.045 * np.sin(8 * phi + 5 * bowl.phase)
    return np.hypot(du, dv) * (wave + 0.03 * np.sin(13 * phi + 2 * bowl.phase))


def base_height(u, v):
    """The ground without its dips: gentle swells of about two metres."""
    return (
        0.9 * np.sin(2 * np.pi * u / 310 + 0.5) * np.cos(2 * np.pi * v / 270)
        + 0.35 * np.sin(2 * np.pi * (u + 0.6 * v) / 170 + 1.0)
        + 0.0045 * u
        + 0.003 * v
    )


def height(u, v):
    """Ground height in the town frame, metres above the origin."""
    u, v = np.asarray(u, float), np.asarray(v, float)
    z = base_height(u, v)
    for bowl in BOWLS:
        r = bowl_radius(bowl, u, v)
        flat = np.clip((2.3 - r) / 1.0, 0, 1)
        flat = flat * flat * (3 - 2 * flat)
        small = 0.016 * np.sin(1.7 * u + 0.4 * v + bowl.phase) * np.sin(1.3 * v - 0.5 * u + 2 * bowl.phase)
        small = small + 0.008 * np.sin(3.1 * u + bowl.phase) * np.sin(2.7 * v + 1.0)
        z = z * (1 - flat) + flat * (base_height(bowl.u_m, bowl.v_m) + small)
        z = z - bowl.depth_m * np.exp(-EDGE * r * r) * (r < 2.3)
    return z


def full_level(bowl):
    """Height of the water surface of a full bowl, town frame."""
    return float(base_height(bowl.u_m, bowl.v_m) - bowl.depth_m * math.exp(-EDGE))


def bottom(bowl):
    """Height of the bowl's lowest ground."""
    s = np.linspace(-1, 1, 201)
    uu, vv = np.meshgrid(bowl.u_m + bowl.semi_u_m * s, bowl.v_m + bowl.semi_v_m * s)
    return float(height(uu, vv).min())


STREET_FRAMES = 120
STREET_FPS = 2
STREET_DRY_FRAMES = 42
STREET_FULL_FRAME = 112


def street_level(frame):
    """Water level of the street's dip at a frame of the fixed camera, or None while it is dry."""
    if frame < STREET_DRY_FRAMES:
        return None
    share = min(1.0, (frame - STREET_DRY_FRAMES + 1) / (STREET_FULL_FRAME - STREET_DRY_FRAMES))
    low = bottom(STREET_BOWL)
    return low + (full_level(STREET_BOWL) - low) * share**0.8


def enu_from_town(u, v):
    """Turns town u, v into east, north."""
    c, s = math.cos(math.radians(TOWN_TURN_DEG)), math.sin(math.radians(TOWN_TURN_DEG))
    return c * u - s * v, s * u + c * v


def town_from_enu(e, n):
    """Turns east, north into town u, v."""
    c, s = math.cos(math.radians(TOWN_TURN_DEG)), math.sin(math.radians(TOWN_TURN_DEG))
    return c * e + s * n, -s * e + c * n


@dataclass(frozen=True)
class Building:
    """An upright box with a roof: centre, half sizes, wall height, style and roof kind."""

    u_m: float
    v_m: float
    half_u_m: float
    half_v_m: float
    height_m: float
    style: int
    roof: str


def blocks():
    """Rectangles between the pavements: (u0, u1, v0, v1)."""
    def spans(axis):
        roads = sorted((r for r in ROADS if r.axis == axis), key=lambda r: r.pos_m)
        edge = HALF_SIZE_M - 2
        cuts = [(-edge, -edge)] + [(r.pos_m - r.half_width_m - r.pavement_m, r.pos_m + r.half_width_m + r.pavement_m) for r in roads]
        cuts.append((edge, edge))
        return [(a[1], b[0]) for a, b in zip(cuts, cuts[1:])]
    return [(u0, u1, v0, v1) for u0, u1 in spans("v") for v0, v1 in spans("u")]


def near_thing(u, v, margin):
    """Whether a place is within `margin` of water, a heap or the car park."""
    for bowl in BOWLS:
        gap = margin if bowl is not STREET_BOWL else 0.3 * margin
        if abs(u - bowl.u_m) < bowl.semi_u_m * 1.15 + gap and abs(v - bowl.v_m) < bowl.semi_v_m * 1.15 + gap:
            return True
    for heap in HEAPS:
        if math.hypot(u - heap.u_m, v - heap.v_m) < heap.radius_m + margin:
            return True
    u0, u1, v0, v1 = CAR_PARK
    return u0 - margin < u < u1 + margin and v0 - margin < v < v1 + margin


def hits_thing(b, margin):
    """Whether a building's footprint comes within `margin` of water, a heap or the car park."""
    for u in np.linspace(b.u_m - b.half_u_m, b.u_m + b.half_u_m, 7):
        for v in np.linspace(b.v_m - b.half_v_m, b.v_m + b.half_v_m, 7):
            if near_thing(u, v, margin):
                return True
    return False


def buildings():
    """All buildings: rows along the edges of every block."""
    rng = np.random.default_rng(2026)
    out = [Building(-62.0, -27.0, 7.5, 8.0, 7.2, 1, "flat")]  # the restaurant under the plume
    for u0, u1, v0, v1 in blocks():
        du, dv = u1 - u0, v1 - v0
        if du < 14 or dv < 12:
            continue
        rows = 2 if dv > 30 else 1
        depth = min(13.0, (dv - 7 * rows) / rows)
        for row in range(rows):
            vc = v0 + 1.5 + depth / 2 if row == 0 and rows == 2 else v1 - 1.5 - depth / 2 if rows == 2 else (v0 + v1) / 2
            u = u0 + rng.uniform(1, 3)
            while True:
                w = rng.uniform(9, 22)
                if u + w > u1 - 1:
                    break
                d = depth * rng.uniform(0.8, 1.0)
                floors = int(rng.choice([2, 2, 3, 3, 4, 5]))
                if -80 < u < 110 and -50 < vc < 50:
                    floors = min(floors, 3)  # low houses, so that they hide no water from the flight
                far = abs(u) > 130 or vc > 60
                if far and vc < 90 and rng.random() < 0.4:
                    floors = int(rng.integers(6, 9))
                style = int(rng.integers(0, 6))
                roof = "gable" if floors <= 3 and rng.random() < 0.42 else "blue" if floors <= 3 and rng.random() < 0.15 else "flat"
                b = Building(u + w / 2, vc + rng.uniform(-0.5, 0.5), w / 2, d / 2, 0.6 + 3.2 * floors, style, roof)
                clear = not hits_thing(b, 3.0)
                clear &= not (abs(b.u_m + 62) < b.half_u_m + 9.5 and abs(b.v_m + 27) < b.half_v_m + 10)
                clear &= not (-60 < b.u_m < -18 and -92 < b.v_m < -66)  # keeps W1 in sight
                clear &= not (-66 < b.u_m < -40 and 84 < b.v_m < 106)  # keeps the fixed camera's view open
                if clear and rng.random() < 0.93:
                    out.append(b)
                u += w + rng.uniform(1.5, 6)
    return out


def inside_building(u, v, margin, items):
    """Whether a place is within `margin` of a building."""
    return any(abs(u - b.u_m) < b.half_u_m + margin and abs(v - b.v_m) < b.half_v_m + margin for b in items)


def on_asphalt(u, v, margin=0.0):
    """Whether a place lies on a carriageway."""
    return any(abs((v if r.axis == "u" else u) - r.pos_m) < r.half_width_m + margin for r in ROADS)


def trees(items):
    """Tree places: (u, v, scale, kind)."""
    rng = np.random.default_rng(7)
    out = []
    for r in ROADS:
        for side in (-1, 1):
            for s in np.arange(-205, 205, 9.0):
                s = s + rng.uniform(-1, 1)
                w = r.pos_m + side * (r.half_width_m + 1.1)
                u, v = (s, w) if r.axis == "u" else (w, s)
                if on_asphalt(u, v, 0.6) or near_thing(u, v, 3.4) or rng.random() < 0.35:
                    continue
                if r is ROADS[3] and -66 < u < -20 and (side < 0 or u < -50):
                    continue
                out.append((u, v, rng.uniform(0.55, 0.95), int(rng.integers(0, 4))))
    for u0, u1, v0, v1 in blocks():
        for _ in range(int((u1 - u0) * (v1 - v0) / 130)):
            u, v = rng.uniform(u0, u1), rng.uniform(v0, v1)
            if inside_building(u, v, 2.0, items) or near_thing(u, v, 4.0):
                continue
            out.append((u, v, rng.uniform(0.6, 1.25), int(rng.integers(0, 4))))
    return out


def cars(items):
    """Parked and waiting cars: (u, v, heading in the town frame in radians, colour, kind)."""
    rng = np.random.default_rng(11)
    out = []

    def add(u, v, turn, lane=False):
        if near_thing(u, v, 2.6) and not lane:
            return
        if lane and any(bowl_radius(b, u, v) < 1.5 for b in BOWLS):
            return
        if any(math.hypot(u - c[0], v - c[1]) < 5.2 for c in out):
            return
        out.append((u, v, turn, int(rng.integers(0, 8)), int(rng.choice([0, 0, 0, 1, 1, 2]))))

    for r in ROADS:
        for side in (-1, 1):
            for s in np.arange(-200, 200, 6.2):
                if r.kind == "arterial" or rng.random() > 0.24:
                    continue
                w = r.pos_m + side * (r.half_width_m - 1.1)
                u, v = (s, w) if r.axis == "u" else (w, s)
                crossing = any(q.axis != r.axis and abs(s - q.pos_m) < q.half_width_m + 9 for q in ROADS)
                if not crossing:
                    add(u, v, (0 if r.axis == "u" else math.pi / 2) + (math.pi if side > 0 else 0) + rng.normal(0, 0.02))
    for lane in (-8.9, -5.4, -1.9, 1.9, 5.4, 8.9):
        for s in np.arange(-200, 200, 23):
            if rng.random() < 0.4:
                add(s + rng.uniform(-7, 7), lane, 0.0 if lane < 0 else math.pi, lane=True)
    u0, u1, v0, v1 = CAR_PARK
    for u in np.arange(u0 + 2.3, u1 - 1, 2.6):
        for v, turn in ((v0 + 2.6, math.pi / 2), (v1 - 2.6, -math.pi / 2)):
            if rng.random() < 0.62 and all(bowl_radius(b, u, v) > 1.45 for b in BOWLS):
                out.append((u, v, turn + rng.normal(0, 0.03), int(rng.integers(0, 8)), 0))
    for u0, u1, v0, v1 in blocks():
        for _ in range(int((u1 - u0) * (v1 - v0) / 420)):
            u, v = rng.uniform(u0, u1), rng.uniform(v0, v1)
            if not inside_building(u, v, 2.2, items):
                add(u, v, rng.choice([0, math.pi / 2, math.pi]))
    return out


STREET_CAMERA_UV = (-62.0, 106.2)
STREET_CAMERA_ABOVE_GROUND_M = 7.0
STREET_CAMERA_TOWN_HEADING_DEG = 74.0  # from +v towards +u
STREET_CAMERA_PITCH_DEG = -28.0
STREET_CAMERA_FX_PX = 626.0
