# SPDX-License-Identifier: Apache-2.0
"""Special zones (arterial roads, river banks) and context layers of the example city."""
import math

import numpy as np
from shapely.geometry import LineString, Point, Polygon

import names
from city import SEED, degrees, feature, polygon, write

BANK_M = 60.0
ARTERIAL_M = 36.0


def smooth(points, step_m=220.0):
    """A line through points, rounded off (Catmull-Rom)."""
    p = np.array([points[0], *points, points[-1]], dtype=float)
    line = []
    for a, b, c, d in zip(p, p[1:], p[2:], p[3:]):
        n = max(2, int(np.hypot(*(c - b)) / step_m))
        for t in np.arange(n) / n:
            line.append(0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3))
    return np.array([*line, p[-1]])


def inside(line, outline, margin_m):
    """The part of a line from where it first enters the city to where it last leaves it."""
    held = [i for i, p in enumerate(line) if outline.buffer(-margin_m).contains(Point(p))]
    return line[held[0]:held[-1] + 1]


def beside(line, distance_m):
    """Points of a line moved to its left by a distance, one for all or one each."""
    along = np.gradient(line, axis=0)
    along /= np.hypot(*along.T)[:, None]
    return line + np.column_stack([-along[:, 1], along[:, 0]]) * np.reshape(distance_m, (-1, 1))


def band(line, left_m, right_m):
    return [*map(tuple, beside(line, left_m)), *map(tuple, beside(line, right_m)[::-1])]


def blob(middle, radius_m, rng, corners=14):
    """An irregular round shape."""
    phase = rng.uniform(0, 2 * math.pi, 3)
    angles = np.linspace(0, 2 * math.pi, corners, endpoint=False)
    r = radius_m * (1 + 0.22 * np.cos(2 * angles + phase[0]) + 0.12 * np.cos(3 * angles + phase[1]))
    return [(middle[0] + x, middle[1] + y) for x, y in zip(r * np.cos(angles), r * np.sin(angles))]


def lot(middle, rng, width_m, depth_m):
    """A four-cornered site, turned and a little out of square."""
    turn = rng.uniform(0, math.pi)
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * [width_m / 2, depth_m / 2]
    corners += rng.uniform(-0.08, 0.08, (4, 2)) * [width_m, depth_m]
    rotation = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    return [tuple(np.array(middle) + rotation @ c) for c in corners]


def places(rng, count, outline, kept_free, reach_m, clear_m):
    """Places inside the city, clear of what is there already and of each other."""
    chosen = []
    while len(chosen) < count:
        at = rng.normal(0, reach_m, 2)
        spot = Point(at).buffer(clear_m)
        if outline.contains(spot) and not any(spot.intersects(k) for k in kept_free):
            chosen.append(tuple(at))
            kept_free.append(spot)
    return chosen


def water(outline, rng):
    """The river with both banks, and the line it follows."""
    bends = [(-19000, 3800), (-14000, 2900), (-10500, 700), (-6500, 1500), (-3000, -700), (500, -300), (3500, 1600),
             (7500, 900), (10500, -1600), (14500, -2200), (19000, -4200)]
    line = inside(smooth(bends), outline, 150.0)
    half = 95 + 25 * np.sin(np.linspace(0, 9, len(line))) + 6 * rng.normal(0, 1, len(line))
    river = polygon({"code": "W-001", "name_zh": "衢澄江", "name_en": "Qucheng River"}, band(line, half, -half))
    north = band(line, half + BANK_M, half)
    south = band(line, -half, -half - BANK_M)
    banks = [polygon({"code": "B-001", "name_zh": "衢澄江北岸", "name_en": "North bank of Qucheng River"}, north),
             polygon({"code": "B-002", "name_zh": "衢澄江南岸", "name_en": "South bank of Qucheng River"}, south)]
    return river, banks, Polygon(band(line, half + BANK_M, -half - BANK_M))


def arterials(outline):
    lines = [[(-19000, 1200), (-9000, 3000), (-2500, 1500), (4000, 2900), (11000, 2300), (19000, 4800)],
             [(-900, 18000), (300, 9000), (-400, 2000), (600, -3000), (-300, -10000), (1200, -18000)],
             [(-9000, -1800), (-5000, -3600), (0, -4300), (5200, -3500), (9500, -2800)],
             [(-9500, 3600), (-5500, 5600), (200, 6300), (5600, 5600), (9800, 3300)],
             [(-300, -4300), (-3500, -8000), (-4500, -12500), (-7000, -18000)],
             [(4000, 2900), (7000, 6500), (9500, 11000), (13000, 17000)],
             [(-5500, 5600), (-5200, 1200), (-5000, -3600)]]
    kept = [inside(smooth(line, 400.0), outline, 60.0) for line in lines]
    zones = [polygon({"code": f"AR-{i + 1:02}", "name_zh": zh, "name_en": en, "kind": "arterial_road"},
                     band(line, ARTERIAL_M / 2, -ARTERIAL_M / 2))
             for i, ((zh, en), line) in enumerate(zip(names.ARTERIALS, kept))]
    return kept, zones


def road(code, zh, en, road_class, width_m, line):
    properties = {"code": code, "name_zh": zh, "name_en": en, "road_class": road_class, "width_m": width_m}
    return feature(properties, "LineString", [degrees(p) for p in line])


def roads(outline, middles, kept, rng):
    """Arterials, a secondary road from each community to the next one inwards, and lanes in the middle."""
    found = [road(f"R-A{i + 1:02}", zh, en, "arterial", ARTERIAL_M, line)
             for i, ((zh, en), line) in enumerate(zip(names.ARTERIALS, kept))]
    reach = np.hypot(*middles.T)
    for c in np.argsort(reach)[1:]:
        inwards = [o for o in range(len(middles)) if reach[o] < reach[c]]
        to = min(inwards, key=lambda o: math.dist(middles[c], middles[o]))
        bend = (middles[c] + middles[to]) / 2 + rng.normal(0, 90, 2)
        line = smooth([middles[c], bend, middles[to]], 350.0)
        found.append(road(f"R-S{c + 1:03}", f"乡道{c + 1}号", f"Secondary road {c + 1}", "secondary", 14.0, line))
    return found


def lanes(rng, spots):
    """Food lanes: registered restaurants along short lines, the lines, and the ground of each lane."""
    shops, lines, zones = [], [], []
    for number, (middle, (zh, en)) in enumerate(zip(spots, names.LANES)):
        turn = rng.uniform(0, math.pi)
        along = np.array([math.cos(turn), math.sin(turn)])
        ends = [np.array(middle) - 110 * along, np.array(middle) + 110 * along]
        lines.append(road(f"R-L{number + 1:02}", zh, en, "branch", 8.0, ends))
        ground = band(np.array(ends), 24.0, -24.0)
        zones.append(polygon({"code": f"FL-{number + 1:02}", "name_zh": zh, "name_en": en}, ground))
        for shop in range(8):
            side = 11 if shop % 2 else -11
            at = np.array(middle) + (shop - 3.5) * 26 * along + side * np.array([-along[1], along[0]])
            properties = {"code": f"RS-{number * 8 + shop + 1:03}", "name_zh": f"{zh}{shop + 1}号餐馆",
                          "name_en": f"Restaurant {shop + 1}, {en}", "radius_m": 9.0}
            shops.append(feature(properties, "Point", degrees(at)))
    return shops, lines, zones


def make(outline, middles, out):
    rng = np.random.default_rng([SEED, 1])
    river, banks, corridor = water(outline, rng)
    kept, arterial_zones = arterials(outline)
    write(out / "zones/arterials.geojson", arterial_zones)
    write(out / "zones/banks.geojson", banks)
    taken = [corridor, *(LineString(line).buffer(60) for line in kept)]
    road_lines = roads(outline, middles, kept, rng)
    lane_spots = places(rng, len(names.LANES), outline, taken, 2600.0, 170.0)
    shops, lane_lines, lane_zones = lanes(rng, lane_spots)
    write(out / "zones/food_lanes.geojson", lane_zones)
    ponds = [polygon({"code": f"W-{i + 101:03}", "name_zh": f"{i + 1}号水塘", "name_en": f"Pond {i + 1}"},
                     blob(at, rng.uniform(25, 95), rng))
             for i, at in enumerate(places(rng, 48, outline, taken, 6500.0, 130.0))]
    fountains = [polygon({"code": f"W-{i + 201:03}", "name_zh": f"{i + 1}号喷泉", "name_en": f"Fountain {i + 1}"},
                         blob(at, 9.0, rng, 10))
                 for i, at in enumerate(places(rng, 4, outline, taken, 2000.0, 30.0))]
    write(out / "context/water.geojson", [river, *ponds, *fountains])
    waste = [polygon({"code": f"LW-{i + 1:02}", "name_zh": f"{i + 1}号渣土消纳场", "name_en": f"Licensed waste site {i + 1}",
                      "valid_from": "2025-01-01", "valid_to": "2026-05-31" if i == 7 else "2027-12-31"},
                     lot(at, rng, 210, 150))
             for i, at in enumerate(places(rng, 8, outline, taken, 6500.0, 180.0))]
    building = [polygon({"code": f"BS-{i + 1:02}", "name_zh": f"{i + 1}号建筑工地", "name_en": f"Building site {i + 1}",
                         "valid_from": "2025-09-01", "valid_to": "2027-06-30"}, lot(at, rng, 160, 110))
                for i, at in enumerate(places(rng, 18, outline, taken, 4200.0, 130.0))]
    stacks = [feature({"code": f"ST-{i + 1:02}", "name_zh": f"{i + 1}号登记烟囱", "name_en": f"Registered stack {i + 1}",
                       "radius_m": 30.0}, "Point", degrees(at))
              for i, at in enumerate(places(rng, 12, outline, taken, 5500.0, 90.0))]
    write(out / "context/waste_sites.geojson", waste)
    write(out / "context/building_sites.geojson", building)
    write(out / "context/stacks.geojson", stacks)
    write(out / "context/restaurants.geojson", shops)
    write(out / "context/roads.geojson", [*road_lines, *lane_lines])
