# SPDX-License-Identifier: Apache-2.0
"""Positions of the sample town: town frame, local east-north-up, WGS-84 geodetic and UTM zone 50N.

References: Snyder 1987, Map Projections, USGS PP 1395, p. 57-64 is the check; the forward UTM is Krüger's series as in
Karney 2011, Transverse Mercator with an accuracy of a few nanometers, eq. 35 to third order (below 1 mm here).
"""
import math

import numpy as np

import town

A_M = 6_378_137.0
F = 1 / 298.257223563
E2 = F * (2 - F)
UNDULATION_M = 5.28  # EGM96 geoid above the ellipsoid at the origin, taken as constant over the town


def ecef(lat_deg, lon_deg, h_m):
    """Earth-centred coordinates of a geodetic position."""
    lat, lon = math.radians(lat_deg), math.radians(lon_deg)
    n = A_M / math.sqrt(1 - E2 * math.sin(lat) ** 2)
    return np.array([
        (n + h_m) * math.cos(lat) * math.cos(lon), (n + h_m) * math.cos(lat) * math.sin(lon), (n * (1 - E2) + h_m) * math.sin(lat)])


def ecef_from_enu():
    """Rotation from the origin's east-north-up axes to earth-centred axes."""
    lat, lon = math.radians(town.ORIGIN_LAT_DEG), math.radians(town.ORIGIN_LON_DEG)
    sl, cl, so, co = math.sin(lat), math.cos(lat), math.sin(lon), math.cos(lon)
    return np.array([[-so, -sl * co, cl * co], [co, -sl * so, cl * so], [0, cl, sl]])


def geodetic_from_ecef(p):
    """Latitude and longitude in degrees and ellipsoidal height (fixed-point iteration to below 1e-6 m)."""
    lon = math.atan2(p[1], p[0])
    r = math.hypot(p[0], p[1])
    lat = math.atan2(p[2], r * (1 - E2))
    for _ in range(8):
        n = A_M / math.sqrt(1 - E2 * math.sin(lat) ** 2)
        h = r / math.cos(lat) - n
        lat = math.atan2(p[2], r * (1 - E2 * n / (n + h)))
    return math.degrees(lat), math.degrees(lon), h


def geodetic_from_town(u, v, z):
    """Latitude, longitude and ellipsoidal height of a town-frame point."""
    e, n = town.enu_from_town(u, v)
    origin = ecef(town.ORIGIN_LAT_DEG, town.ORIGIN_LON_DEG, town.ORIGIN_ELLIPSOID_HEIGHT_M)
    return geodetic_from_ecef(origin + ecef_from_enu() @ np.array([e, n, z]))


def town_from_geodetic(lat_deg, lon_deg, h_m):
    """Town-frame point of a geodetic position."""
    origin = ecef(town.ORIGIN_LAT_DEG, town.ORIGIN_LON_DEG, town.ORIGIN_ELLIPSOID_HEIGHT_M)
    e, n, z = ecef_from_enu().T @ (ecef(lat_deg, lon_deg, h_m) - origin)
    u, v = town.town_from_enu(e, n)
    return u, v, z


def utm50_from_geodetic(lat_deg, lon_deg):
    """Easting and northing in EPSG:32650."""
    n = F / (2 - F)
    a = A_M / (1 + n) * (1 + n**2 / 4 + n**4 / 64)
    alpha = (n / 2 - 2 * n**2 / 3 + 5 * n**3 / 16, 13 * n**2 / 48 - 3 * n**3 / 5, 61 * n**3 / 240)
    lat, lon = math.radians(lat_deg), math.radians(lon_deg - 117.0)
    e = math.sqrt(E2)
    t = math.sinh(math.atanh(math.sin(lat)) - e * math.atanh(e * math.sin(lat)))
    xi, eta = math.atan2(t, math.cos(lon)), math.atanh(math.sin(lon) / math.sqrt(1 + t * t))
    x = eta + sum(c * math.cos(2 * k * xi) * math.sinh(2 * k * eta) for k, c in enumerate(alpha, 1))
    y = xi + sum(c * math.sin(2 * k * xi) * math.cosh(2 * k * eta) for k, c in enumerate(alpha, 1))
    return 500_000 + 0.9996 * a * x, 0.9996 * a * y
