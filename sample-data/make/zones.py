# SPDX-License-Identifier: Apache-2.0
"""Invented zones of the sample town at three levels, nested exactly, and its arterial corridor, as GeoJSON (WGS-84)."""
import json
import sys
from pathlib import Path

import geo
import town

EDGE = 260.0
# The lines between zones in the town frame, as fixed shared points so that neighbours and levels meet exactly.
P = {
    "nw": (-EDGE, EDGE), "ne": (EDGE, EDGE), "sw": (-EDGE, -EDGE), "se": (EDGE, -EDGE),
    "n": (27.0, EDGE), "s": (19.0, -EDGE),
    "w1": (-EDGE, -34.0), "m1": (22.4, -34.0), "m2": (22.9, -17.5), "e2": (EDGE, -17.5),
    "w3": (-EDGE, 80.0), "m3": (24.6, 80.0),
    "m4": (24.9, 68.0), "e4": (EDGE, 68.0),
    "s1": (-118.0, -34.0), "s2": (-118.0, -EDGE),
    "a1": (-5.5, -34.0), "a2": (-5.5, 80.0),
    "b1": (-120.0, 80.0), "b2": (-120.0, EDGE),
    "c1": (128.0, -17.5), "c2": (128.0, -EDGE),
    "d1": (55.0, -17.5), "d2": (55.0, 68.0),
    "k1": (120.0, 68.0), "k2": (120.0, EDGE),
}
COMMUNITIES = [
    ("330891001001", "枫桥社区", "Fengqiao Community", "330891001", "w1 s1 s2 sw"),
    ("330891001002", "石塘社区", "Shitang Community", "330891001", "s1 a1 m1 s s2"),
    ("330891002001", "文昌社区", "Wenchang Community", "330891002", "w3 b1 a2 a1 s1 w1"),
    ("330891002002", "樟树社区", "Zhangshu Community", "330891002", "a2 m3 m4 m2 m1 a1"),
    ("330891003001", "北门社区", "Beimen Community", "330891003", "nw b2 b1 w3"),
    ("330891003002", "学前社区", "Xueqian Community", "330891003", "b2 n m3 a2 b1"),
    ("330892001001", "南浦社区", "Nanpu Community", "330892001", "m2 d1 c1 c2 s m1"),
    ("330892001002", "柘溪社区", "Zhexi Community", "330892001", "c1 e2 se c2"),
    ("330892002001", "新安社区", "Xin'an Community", "330892002", "m4 d2 d1 m2"),
    ("330892002002", "东湖社区", "Donghu Community", "330892002", "d2 k1 e4 e2 c1 d1"),
    ("330892003001", "兰亭社区", "Lanting Community", "330892003", "n k2 k1 d2 m4 m3"),
    ("330892003002", "月泉社区", "Yuequan Community", "330892003", "k2 ne e4 k1"),
]
TOWNSHIPS = [
    ("330891001", "石塘街道", "Shitang Street", "330891", "w1 s1 a1 m1 s s2 sw"),
    ("330891002", "文昌街道", "Wenchang Street", "330891", "w3 b1 a2 m3 m4 m2 m1 a1 s1 w1"),
    ("330891003", "北门镇", "Beimen Town", "330891", "nw b2 n m3 a2 b1 w3"),
    ("330892001", "南浦街道", "Nanpu Street", "330892", "m2 d1 c1 e2 se c2 s m1"),
    ("330892002", "新安街道", "Xin'an Street", "330892", "m4 d2 k1 e4 e2 c1 d1 m2"),
    ("330892003", "兰亭镇", "Lanting Town", "330892", "n k2 ne e4 k1 d2 m4 m3"),
]
DISTRICTS = [
    ("330891", "云岭区", "Yunling District", "3308", "nw b2 n m3 m4 m2 m1 s s2 sw w1 w3"),
    ("330892", "江澄区", "Jiangcheng District", "3308", "n k2 ne e4 e2 se c2 s m1 m2 m4 m3"),
]
LEVELS = {"districts": ("district", DISTRICTS), "townships": ("township", TOWNSHIPS), "communities": ("community", COMMUNITIES)}


def ring(names):
    """Closed town-frame ring of named points."""
    return [P[n] for n in names.split()]


def position(u, v):
    """GeoJSON position (longitude, latitude) of a town-frame point at the origin's height."""
    lat, lon, _ = geo.geodetic_from_town(u, v, 0.0)
    return [round(lon, 9), round(lat, 9)]


def inside(points, u, v):
    """Whether a town-frame point lies in a ring (even-odd rule)."""
    hit = False
    for (u0, v0), (u1, v1) in zip(points, points[1:] + points[:1]):
        if (v0 > v) != (v1 > v) and u < (u1 - u0) * (v - v0) / (v1 - v0) + u0:
            hit = not hit
    return hit


def codes_at(u, v):
    """District, township and community codes of a place."""
    return tuple(next(z[0] for z in zones if inside(ring(z[4]), u, v)) for _, zones in LEVELS.values())


def arterial():
    """The corridor of the arterial road: carriageway and pavements."""
    half = town.ROADS[0].half_width_m + town.ROADS[0].pavement_m
    return [(-EDGE, -half), (EDGE, -half), (EDGE, half), (-EDGE, half)]


def feature(points, properties):
    """A polygon feature, anticlockwise."""
    area = sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(points, points[1:] + points[:1]))
    points = points if area > 0 else points[::-1]
    return {"type": "Feature", "properties": properties, "geometry": {"type": "Polygon", "coordinates": [[position(*p) for p in points + points[:1]]]}}


def write(path, features):
    """Writes a feature collection, one feature a line."""
    lines = ",\n".join(json.dumps(f, ensure_ascii=False) for f in features)
    path.write_text('{"type": "FeatureCollection", "features": [\n' + lines + "\n]}\n", encoding="utf-8")


def main(folder):
    """Writes the four files."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, (kind, zones) in LEVELS.items():
        write(folder / f"{name}.geojson", [
            feature(ring(line), {"code": code, "name_zh": zh, "name_en": en, "parent": parent, "kind": kind}) for code, zh, en, parent, line in zones])
    write(folder / "arterials.geojson", [
        feature(arterial(), {"code": "330890-A1", "name_zh": "新安大道", "name_en": "Xin'an Avenue", "kind": "arterial_road"})])


if __name__ == "__main__":
    main(sys.argv[1])
