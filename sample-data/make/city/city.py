# SPDX-License-Identifier: Apache-2.0
"""Makes the zones and context layers of the example city into configs/city, the same on every run.

Communities are Voronoi cells whose sides are broken up by midpoint displacement; townships and districts are unions of
them, so that neighbours and levels share the very same points. Everything is invented.
"""
import json
import math
import sys
from pathlib import Path

import numpy as np
from scipy.spatial import Voronoi
from shapely.geometry import Point, Polygon
from shapely.ops import unary_union

import names

LAT0, LON0 = 28.97, 118.86
AREA_M2 = 700e6
COMMUNITIES = 120
SEED = 20260620
# A side is broken up until its parts are this short; each break moves the middle by this share of the part at most.
PART_M, SWAY = 150.0, 0.16
# WGS-84 radii of curvature at LAT0 (Snyder 1987, eq. 4-18, 4-19).
M_PER_LAT, M_PER_LON = 110_835.27, 97_467.03


def degrees(point):
    """Longitude and latitude to 6 decimals, 0.1 m."""
    return [round(LON0 + float(point[0]) / M_PER_LON, 6), round(LAT0 + float(point[1]) / M_PER_LAT, 6)]


def outline_radius(angle):
    """How far the city reaches in a direction, before scaling."""
    return 1 + 0.10 * math.cos(2 * angle + 0.4) + 0.07 * math.cos(3 * angle + 1.9) + 0.04 * math.cos(5 * angle)


def seeds(rng):
    """Middles of the communities, denser towards the middle of the city, and those of a ring of cells outside."""
    radius = math.sqrt(AREA_M2 / math.pi)
    golden = math.pi * (3 - math.sqrt(5))
    inner = []
    for i in range(COMMUNITIES):
        angle, share = i * golden, ((i + 0.5) / COMMUNITIES) ** 0.62
        reach = radius * 0.955 * share * outline_radius(angle)
        inner.append([reach * math.cos(angle), reach * math.sin(angle)])
    inner = np.array(inner)
    inner += rng.normal(0, 1, inner.shape) * (120 + 0.028 * np.hypot(*inner.T))[:, None]
    outer = [[radius * k * outline_radius(a) * math.cos(a), radius * k * outline_radius(a) * math.sin(a)]
             for k, n in ((1.075, 52), (1.3, 40)) for a in np.linspace(0, 2 * math.pi, n, endpoint=False)]
    return inner, np.array(outer)


def broken(a, b, rng):
    """Points from a to b, both included."""
    length = math.dist(a, b)
    if length < PART_M:
        return [a, b]
    along = (np.array(b) - np.array(a)) / length
    sway = float(np.clip(rng.normal(0, 0.5), -1, 1)) * SWAY * length
    middle = (np.array(a) + np.array(b)) / 2 + sway * np.array([-along[1], along[0]])
    middle = tuple(middle)
    return broken(a, middle, rng)[:-1] + broken(middle, b, rng)


class Cells:
    """Voronoi cells and the sides between them; side -> (cell, cell), with -1 for what lies outside the city."""

    def __init__(self, rng):
        inner, outer = seeds(rng)
        self.middles = inner
        diagram = Voronoi(np.vstack([inner, outer]))
        corner = [tuple(point) for point in diagram.vertices]
        self.sides = {}
        for number, (pair, ends) in enumerate(zip(diagram.ridge_points, diagram.ridge_vertices)):
            left, right = (int(p) if p < len(inner) else -1 for p in pair)
            if left == right or -1 in ends:
                continue
            line = broken(corner[ends[0]], corner[ends[1]], np.random.default_rng([SEED, number]))
            self.sides[(ends[0], ends[1])] = (left, right, line)
        self.rescale()

    def rescale(self):
        """Makes the whole as large as it is to be."""
        area = Polygon(self.ring(range(COMMUNITIES))).area
        scale = math.sqrt(AREA_M2 / area)
        self.middles = self.middles * scale
        for key, (left, right, line) in self.sides.items():
            self.sides[key] = (left, right, [(x * scale, y * scale) for x, y in line])

    def neighbours(self):
        near = {cell: set() for cell in range(COMMUNITIES)}
        for left, right, _ in self.sides.values():
            if left >= 0 and right >= 0:
                near[left].add(right)
                near[right].add(left)
        return near

    def ring(self, cells):
        """The outline of a union of cells: its outer sides, one after the other."""
        cells = set(cells)
        at = {}
        for (a, b), (left, right, line) in self.sides.items():
            if (left in cells) != (right in cells):
                at.setdefault(a, []).append((b, line))
                at.setdefault(b, []).append((a, line[::-1]))
        start = here = min(at)
        points, before = [], None
        while True:
            step = next(s for s in at[here] if before is None or s[0] != before)
            points += step[1][:-1]
            before, here = here, step[0]
            if here == start:
                break
        assert len(points) == sum(len(s[1]) - 1 for steps in at.values() for s in steps) // 2, "a hole"
        return points


def grown(count, starts, near, weight):
    """Parts of equal weight: the lightest takes the free neighbour closest to where it started."""
    part = {start: number for number, start in enumerate(starts)}
    stuck = set()
    while len(part) < count:
        totals = [sum(weight[c] for c, p in part.items() if p == n) for n in range(len(starts))]
        lightest = min((n for n in range(len(starts)) if n not in stuck), key=lambda n: (totals[n], n))
        free = {o for c, p in part.items() if p == lightest for o in near[c][0] if o not in part}
        if not free:
            stuck.add(lightest)
            continue
        home = near[starts[lightest]][1]
        part[min(free, key=lambda c: (math.dist(home, near[c][1]), c))] = lightest
    return [sorted(c for c, p in part.items() if p == n) for n in range(len(starts))]


def spread_starts(points, count):
    """Points far from each other, the first nearest to the middle."""
    chosen = [int(np.argmin(np.hypot(*points.T)))]
    while len(chosen) < count:
        distance = np.min([np.hypot(*(points - points[c]).T) / (2500 + 0.35 * np.hypot(*points.T)) for c in chosen], axis=0)
        chosen.append(int(np.argmax(distance)))
    return chosen


def townships_of(cells):
    near = cells.neighbours()
    graph = {c: (near[c], tuple(cells.middles[c])) for c in near}
    total = sum(len(t) for t in names.TOWNSHIPS)
    towns = grown(COMMUNITIES, spread_starts(cells.middles, total), graph, [1] * COMMUNITIES)
    town_of = {c: t for t, members in enumerate(towns) for c in members}
    middles = np.array([cells.middles[m].mean(axis=0) for m in towns])
    town_near = {t: ({town_of[o] for c in m for o in near[c]} - {t}, tuple(middles[t])) for t, m in enumerate(towns)}
    angles = np.array([[-6500.0, 2500.0], [7500.0, 3500.0], [-500.0, -8500.0]])
    starts = [int(np.argmin(np.hypot(*(middles - a).T))) for a in angles]
    districts = grown(total, starts, town_near, [1] * total)
    assert [len(d) for d in districts] == [len(t) for t in names.TOWNSHIPS], [len(d) for d in districts]
    return towns, middles, districts


def feature(properties, geometry_type, coordinates):
    geometry = {"type": geometry_type, "coordinates": coordinates}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def polygon(properties, points):
    ring = [degrees(p) for p in points]
    ring = [p for i, p in enumerate(ring) if p != ring[i - 1]]
    if Polygon(ring).exterior.is_ccw is False:
        ring.reverse()
    assert Polygon(ring).is_valid, properties
    return feature(properties, "Polygon", [ring + ring[:1]])


def write(path, features):
    lines = ",\n".join(json.dumps(f, ensure_ascii=False, separators=(",", ":")) for f in features)
    path.write_text('{"type":"FeatureCollection","features":[\n' + lines + "\n]}\n", encoding="utf-8")


def administrative(cells, out):
    towns, middles, districts = townships_of(cells)
    city, district_features, town_features, community_features, number = names.CITY[0], [], [], [], 0
    for d, members in enumerate(districts):
        code = f"{city[:4]}{d + 1:02}"
        zh, en = names.DISTRICTS[d]
        ring = cells.ring(c for t in members for c in towns[t])
        district_features.append(polygon({"code": code, "name_zh": zh, "name_en": en, "parent": city}, ring))
        by_density = sorted(members, key=lambda t: math.hypot(*middles[t]))
        for i, t in enumerate(by_density):
            town = f"{code}{i + 1:03}"
            zh, en = names.TOWNSHIPS[d][i]
            town_features.append(polygon({"code": town, "name_zh": zh, "name_en": en, "parent": code}, cells.ring(towns[t])))
            for j, c in enumerate(towns[t]):
                name_zh, name_en = names.community(number, "街道" in zh)
                number += 1
                properties = {"code": f"{town}{j + 1:03}", "name_zh": name_zh, "name_en": name_en, "parent": town}
                community_features.append(polygon(properties, cells.ring([c])))
    whole = cells.ring(range(COMMUNITIES))
    write(out / "zones/city.geojson", [polygon({"code": city, "name_zh": names.CITY[1], "name_en": names.CITY[2]}, whole)])
    write(out / "zones/districts.geojson", district_features)
    write(out / "zones/townships.geojson", town_features)
    write(out / "zones/communities.geojson", community_features)
    check(whole, [district_features, town_features, community_features])
    return Polygon(whole)


def check(whole, levels):
    """Each level covers the city without a gap or an overlap, but for the rounding of the sums."""
    city = Polygon([degrees(p) for p in whole])
    for features in levels:
        shapes = [Polygon(f["geometry"]["coordinates"][0]) for f in features]
        union = unary_union(shapes)
        assert abs(sum(s.area for s in shapes) - city.area) < 1e-9 * city.area, "areas do not add up"
        assert union.symmetric_difference(city).area < 1e-9 * city.area, "the union is not the city"


if __name__ == "__main__":
    import layers

    target = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[3] / "configs/city"
    cells = Cells(np.random.default_rng(SEED))
    outline = administrative(cells, target)
    layers.make(outline, cells.middles, target)
