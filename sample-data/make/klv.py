# SPDX-License-Identifier: Apache-2.0
"""MISB ST 0601 packets for the sample flight: UAS Datalink Local Set, scaled as in ST 0601.19, section 8."""
import math
import struct

import numpy as np

import geo
import poses
import town

KEY = bytes.fromhex("060E2B34020B01010E01030101000000")


def unsigned(size, low, high):
    """Packer of a value range onto all values of an unsigned integer."""
    full = (1 << 8 * size) - 1
    return lambda x: round((x - low) / (high - low) * full).to_bytes(size, "big")


def signed(size, limit):
    """Packer of plus or minus `limit` onto a signed integer; its least value is kept for "out of range"."""
    full = (1 << (8 * size - 1)) - 1
    return lambda x: round(x / limit * full).to_bytes(size, "big", signed=True)


def turn(x):
    """An angle brought into 0..360."""
    return x % 360.0


LATITUDE, LONGITUDE, HEIGHT = signed(4, 90.0), signed(4, 180.0), unsigned(2, -900.0, 19000.0)


def ber(length):
    """BER length, short or long form."""
    if length < 128:
        return bytes([length])
    size = (length.bit_length() + 7) // 8
    return bytes([0x80 | size]) + length.to_bytes(size, "big")


def packet(items):
    """A whole local set of (tag, bytes) items with its checksum (running 16-bit sum, ST 0601 section 6.4)."""
    body = b"".join(bytes([tag]) + ber(len(value)) + value for tag, value in items)
    out = KEY + ber(len(body) + 4) + body + b"\x01\x02"
    total = sum(b << 8 if i % 2 == 0 else b for i, b in enumerate(out)) & 0xFFFF
    return out + struct.pack(">H", total)


def ground_hit(pose, pixel, fx_px):
    """Where the ray of a pixel meets the ground, town frame, or None."""
    x, y = (pixel[0] - poses.WIDTH_PX / 2) / fx_px, (pixel[1] - poses.HEIGHT_PX / 2) / fx_px
    ray = pose.town_from_camera @ np.array([1.0, x, y])
    if ray[2] >= -1e-3:
        return None
    at, s = np.array(pose.uvz), 0.0
    for _ in range(40):  # Newton steps on the height above ground; the town's slopes are gentle
        p = at + s * ray
        gap = p[2] - float(town.height(p[0], p[1]))
        s += gap / -ray[2]
        if abs(gap) < 1e-4:
            break
    return at + s * ray


def field_of_view_deg(size_px, fx_px):
    """Full angle across a picture side."""
    return 2 * math.degrees(math.atan(size_px / 2 / fx_px))


def items(time_us, pose, fx_px):
    """The items of one packet for a reported pose."""
    lat, lon, h = geo.geodetic_from_town(*pose.uvz)
    heading, pitch, roll = pose.platform_deg
    relative = poses.rotation(*pose.platform_deg).T @ pose.ned_from_camera
    azimuth, elevation, sensor_roll = poses.angles(relative)
    width, height = poses.WIDTH_PX, poses.HEIGHT_PX
    middle = ground_hit(pose, (width / 2, height / 2), fx_px)
    clat, clon, ch = geo.geodetic_from_town(*middle)
    slant = float(np.linalg.norm(middle - np.array(pose.uvz)))
    out = [
        (2, struct.pack(">Q", time_us)),
        (3, b"FLYONCE-SAMPLE-20260620"),
        (4, b"FO-01"),
        (5, unsigned(2, 0, 360)(turn(heading))),
        (6, signed(2, 20)(pitch)),
        (7, signed(2, 50)(roll)),
        (10, b"FLYONCE-M1"),
        (11, b"EO Wide"),
        (12, b"Geodetic WGS84"),
        (13, LATITUDE(lat)),
        (14, LONGITUDE(lon)),
        (15, HEIGHT(h - geo.UNDULATION_M)),
        (16, unsigned(2, 0, 180)(field_of_view_deg(width, fx_px))),
        (17, unsigned(2, 0, 180)(field_of_view_deg(height, fx_px))),
        (18, unsigned(4, 0, 360)(turn(azimuth))),
        (19, signed(4, 180)(elevation)),
        (20, unsigned(4, 0, 360)(turn(sensor_roll))),
        (21, unsigned(4, 0, 5_000_000)(slant)),
        (23, LATITUDE(clat)),
        (24, LONGITUDE(clon)),
        (25, HEIGHT(ch - geo.UNDULATION_M)),
        (65, bytes([19])),
        (75, HEIGHT(h)),
        (78, HEIGHT(ch)),
    ]
    corners = [ground_hit(pose, p, fx_px) for p in ((0, 0), (width, 0), (width, height), (0, height))]
    for i, corner in enumerate(corners):
        glat, glon, _ = geo.geodetic_from_town(*corner)
        out += [(82 + 2 * i, LATITUDE(glat)), (83 + 2 * i, LONGITUDE(glon))]
    return out + [(90, signed(4, 90)(pitch)), (91, signed(4, 90)(roll))]


def flight_packets():
    """One packet a frame: (time_us, bytes)."""
    out = []
    for i, pose in enumerate(poses.reported_flight()):
        time_us = poses.FLIGHT_START_US + i * 1_000_000 // poses.FLIGHT_FPS
        out.append((time_us, packet(items(time_us, pose, poses.FLIGHT_FX_PX))))
    return out
