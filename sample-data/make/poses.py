# SPDX-License-Identifier: Apache-2.0
"""Camera poses of the sample sources: the true ones, and those the telemetry reports with their noise.

Attitude: heading clockwise from true north, pitch negative down, roll positive right side down; rotation
Rz(heading) Ry(pitch) Rx(roll) from camera axes (x along the optical axis, y right, z down) to north-east-down.
"""
import math
from dataclasses import dataclass

import numpy as np

import town

WIDTH_PX, HEIGHT_PX = 960, 540
FLIGHT_FX_PX = 739.0
FLIGHT_FPS = 10
FLIGHT_FRAMES = 200
FLIGHT_START_US = 1_781_921_700_000_000  # 2026-06-20T02:15:00Z
STREET_START_US = 1_781_940_600_000_000  # 2026-06-20T07:30:00Z
ABOVE_ORIGIN_M = 66.0
NOISE_SEED = 601
SIGMA_HORIZONTAL_M = 0.5
SIGMA_VERTICAL_M = 0.8
SIGMA_ATTITUDE_DEG = 0.2
NOISE_TIME_S = 4.0


def rotation(heading_deg, pitch_deg, roll_deg):
    """Rotation matrix from body or camera axes (forward, right, down) to north-east-down."""
    h, p, r = (math.radians(x) for x in (heading_deg, pitch_deg, roll_deg))
    ch, sh, cp, sp, cr, sr = math.cos(h), math.sin(h), math.cos(p), math.sin(p), math.cos(r), math.sin(r)
    rz = np.array([[ch, -sh, 0], [sh, ch, 0], [0, 0, 1]])
    ry = np.array([[cp, 0, sp], [0, 1, 0], [-sp, 0, cp]])
    rx = np.array([[1, 0, 0], [0, cr, -sr], [0, sr, cr]])
    return rz @ ry @ rx


def angles(r):
    """Heading, pitch and roll in degrees of a rotation matrix (pitch within 90 degrees of level)."""
    pitch = math.degrees(math.asin(max(-1.0, min(1.0, -r[2, 0]))))
    return math.degrees(math.atan2(r[1, 0], r[0, 0])), pitch, math.degrees(math.atan2(r[2, 1], r[2, 2]))


@dataclass(frozen=True)
class Pose:
    """A camera's place (town frame and its attitude in degrees against true north), and its aircraft's attitude."""

    uvz: tuple
    attitude_deg: tuple
    platform_deg: tuple = (0.0, 0.0, 0.0)

    @property
    def ned_from_camera(self):
        return rotation(*self.attitude_deg)

    @property
    def town_from_camera(self):
        ned = self.ned_from_camera
        u, v = town.town_from_enu(ned[1], ned[0])
        return np.array([u, v, -ned[2]])


def smooth(x):
    """Smooth step from 0 to 1."""
    x = min(1.0, max(0.0, x))
    return x * x * x * (x * (6 * x - 15) + 10)


LEG_U_M, LEG_START_V_M = -27.0, -126.0
TURN_RADIUS_M, TURN_V_M = 28.0, -30.0  # the turn begins at v = TURN_V_M and ends heading along +u


def along(distance_m):
    """Place and town heading (degrees from +v towards +u) after a distance along the path."""
    straight, arc = TURN_V_M - LEG_START_V_M, TURN_RADIUS_M * math.pi / 2
    if distance_m < straight:
        return LEG_U_M, LEG_START_V_M + distance_m, 0.0
    if distance_m < straight + arc:
        a = (distance_m - straight) / TURN_RADIUS_M
        return LEG_U_M + TURN_RADIUS_M * (1 - math.cos(a)), TURN_V_M + TURN_RADIUS_M * math.sin(a), math.degrees(a)
    return LEG_U_M + TURN_RADIUS_M + distance_m - straight - arc, TURN_V_M + TURN_RADIUS_M, 90.0


def true_flight():
    """True pose of each frame."""
    out = []
    total = TURN_V_M - LEG_START_V_M + TURN_RADIUS_M * math.pi / 2 + 101.0
    speed = [12.9 - 3.0 * smooth((i / 10 - 5.6) / 2.0) + 3.0 * smooth((i / 10 - 11.4) / 2.2) for i in range(FLIGHT_FRAMES)]
    distance = np.concatenate([[0], np.cumsum(speed[:-1])]) / FLIGHT_FPS
    distance *= total / distance[-1]
    for i in range(FLIGHT_FRAMES):
        t = i / FLIGHT_FPS
        u, v, heading = along(distance[i])
        w = 2 * math.pi * t
        u += 0.25 * math.sin(w / 7.3 + 1) + 0.12 * math.sin(w / 2.9)
        v += 0.25 * math.sin(w / 6.1) + 0.10 * math.sin(w / 3.3 + 2)
        z = ABOVE_ORIGIN_M + 0.5 * math.sin(w / 9.0) + 0.12 * math.sin(w / 2.3)
        turning = smooth((distance[i] - 88) / 16) * (1 - smooth((distance[i] - 134) / 16))
        platform = (
            heading - town.TOWN_TURN_DEG + 0.8 * math.sin(w / 3.7) + 0.3 * math.sin(w / 1.1),
            -6.0 + 2.0 * turning + 0.8 * math.sin(w / 2.2 + 1) + 0.35 * math.sin(w / 0.9),
            9.0 * turning + 0.9 * math.sin(w / 2.7) + 0.4 * math.sin(w / 0.8 + 2),
        )
        nadir = smooth((distance[i] - 100) / 46)
        camera = (
            heading - town.TOWN_TURN_DEG + 0.5 * math.sin(w / 3.7 - 0.3) + 0.08 * math.sin(w / 0.7),
            -50.0 * (1 - nadir) - 88.6 * nadir + 0.30 * math.sin(w / 2.4) + 0.07 * math.sin(w / 0.6 + 1),
            0.35 * math.sin(w / 3.1 + 0.5) + 0.06 * math.sin(w / 0.55) + 1.0 * turning,
        )
        out.append(Pose((u, v, z), camera, platform))
    return out


def slow_noise(rng, count, sigma):
    """A Gauss-Markov series with standard deviation `sigma` and correlation time NOISE_TIME_S."""
    keep = math.exp(-1 / FLIGHT_FPS / NOISE_TIME_S)
    x = [rng.normal(0, sigma)]
    for _ in range(count - 1):
        x.append(keep * x[-1] + math.sqrt(1 - keep * keep) * rng.normal(0, sigma))
    return np.array(x)


def reported_flight():
    """Poses as the telemetry reports them: the true ones with slowly varying noise."""
    rng = np.random.default_rng(NOISE_SEED)
    n = FLIGHT_FRAMES
    du, dv = slow_noise(rng, n, SIGMA_HORIZONTAL_M), slow_noise(rng, n, SIGMA_HORIZONTAL_M)
    dz = slow_noise(rng, n, SIGMA_VERTICAL_M)
    turn = [slow_noise(rng, n, SIGMA_ATTITUDE_DEG) for _ in range(3)]
    lean = [slow_noise(rng, n, SIGMA_ATTITUDE_DEG) for _ in range(3)]
    out = []
    for i, p in enumerate(true_flight()):
        attitude = angles(rotation(*p.attitude_deg) @ rotation(turn[0][i], turn[1][i], turn[2][i]))
        platform = tuple(a + x[i] for a, x in zip(p.platform_deg, lean))
        out.append(Pose((p.uvz[0] + du[i], p.uvz[1] + dv[i], p.uvz[2] + dz[i]), attitude, platform))
    return out


def street():
    """Pose of the fixed camera."""
    u, v = town.STREET_CAMERA_UV
    z = float(town.height(u, v)) + town.STREET_CAMERA_ABOVE_GROUND_M
    return Pose((u, v, z), (town.STREET_CAMERA_TOWN_HEADING_DEG - town.TOWN_TURN_DEG, town.STREET_CAMERA_PITCH_DEG, 0.0))
