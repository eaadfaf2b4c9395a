# SPDX-License-Identifier: Apache-2.0
"""Writes the town's ground as a GeoTIFF: float32 metres above the WGS-84 ellipsoid, EPSG:32650, 1 m cells."""
import sys
from pathlib import Path

import numpy as np
import tifffile

import geo
import town

REACH_M, CELL_M = 262, 1.0
EARTH_RADIUS_M = 6_371_000.0


def terms(x, y):
    """Quadratic terms of a plane position."""
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], -1)


def town_from_utm(e0, n0):
    """Quadratic map from UTM metres past (e0, n0) to town u, v, fitted on a grid (within 1 mm)."""
    s = np.linspace(-REACH_M * 1.5, REACH_M * 1.5, 13)
    uu, vv = (a.ravel() for a in np.meshgrid(s, s))
    en = np.array([geo.utm50_from_geodetic(*geo.geodetic_from_town(u, v, 0.0)[:2]) for u, v in zip(uu, vv)])
    a = terms((en[:, 0] - e0) / 1000, (en[:, 1] - n0) / 1000)
    fit, *_ = np.linalg.lstsq(a, np.stack([uu, vv], -1), rcond=None)
    assert np.abs(a @ fit - np.stack([uu, vv], -1)).max() < 1e-3
    return fit


def main(path):
    """Writes the file."""
    e0, n0 = geo.utm50_from_geodetic(town.ORIGIN_LAT_DEG, town.ORIGIN_LON_DEG)
    west, north = round(e0) - REACH_M, round(n0) + REACH_M
    k = round(2 * REACH_M / CELL_M)
    ee, nn = np.meshgrid(west + (np.arange(k) + 0.5) * CELL_M, north - (np.arange(k) + 0.5) * CELL_M)
    uv = terms((ee - e0) / 1000, (nn - n0) / 1000) @ town_from_utm(e0, n0)
    u, v = uv[..., 0], uv[..., 1]
    heights = town.ORIGIN_ELLIPSOID_HEIGHT_M + town.height(u, v) + (u * u + v * v) / 2 / EARTH_RADIUS_M
    citation = "WGS 84 / UTM zone 50N, heights in metres above the WGS 84 ellipsoid|"
    keys = [1, 1, 0, 4, 1024, 0, 1, 1, 1025, 0, 1, 1, 1026, 34737, len(citation), 0, 3072, 0, 1, 32650]
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(path, heights.astype(np.float32), compression="zlib", rowsperstrip=64, metadata=None, extratags=[
        (33550, "d", 3, (CELL_M, CELL_M, 0.0), True),
        (33922, "d", 6, (0.0, 0.0, 0.0, float(west), float(north), 0.0), True),
        (34735, "H", len(keys), tuple(keys), True),
        (34737, "s", 0, citation, True),
    ])


if __name__ == "__main__":
    main(sys.argv[1])
