#!/usr/bin/env python3
"""What frame-to-frame registration would do for the sample flight: turns, clock offset, jitter of the attitude.

Prints the figures of docs/decisions/vision-aid.md. Needs numpy and opencv-python-headless, nothing of the product.
"""

import csv
import pathlib

import cv2
import numpy as np

FLIGHT = pathlib.Path(__file__).parent.parent / "sample-data" / "flight"
FOCAL_PX, CENTRE_PX = 739.0, np.array([480.0, 270.0])
# Metres a degree at the town, and its ground against the heights used here.
EAST_M, NORTH_M, HEIGHT_M, GROUND_M = 97_470.0, 110_850.0, 78.0, -8.0
FRAME_SECS, STEP = 0.1, 2
MOST_PAIRS = 60
rng = np.random.default_rng(7)
cv2.setNumThreads(1)


def rotation(turn):
    return cv2.Rodrigues(np.asarray(turn, float))[0]


def turn(matrix):
    return cv2.Rodrigues(matrix)[0].ravel()


def enu_from_camera(heading, pitch, roll):
    (ch, sh), (cp, sp), (cr, sr) = ((np.cos(a), np.sin(a)) for a in np.radians([heading, pitch, roll]))
    yaw = np.array([[ch, -sh, 0], [sh, ch, 0], [0, 0, 1]])
    lift = np.array([[cp, 0, sp], [0, 1, 0], [-sp, 0, cp]])
    lean = np.array([[1, 0, 0], [0, cr, -sr], [0, sr, cr]])
    ned = np.array([[0, 1, 0], [1, 0, 0], [0, 0, -1.0]])
    axes = np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0.0]])
    return ned @ yaw @ lift @ lean @ axes


def true_poses():
    with open(FLIGHT / "poses.csv", encoding="utf-8") as file:
        rows = [[float(cell) for cell in row] for row in list(csv.reader(file))[1:]]
    places = [((r[3] - 118.87) * EAST_M, (r[2] - 28.97) * NORTH_M, r[4] - HEIGHT_M) for r in rows]
    return np.array(places), np.array([enu_from_camera(*r[5:8]) for r in rows])


def registrations(frames):
    """Pairs of places that agree on a homography, by the first frame's index."""
    sift, matcher = cv2.SIFT_create(1000), cv2.BFMatcher(cv2.NORM_L2)
    seen = {}
    for index in frames:
        points, words = sift.detectAndCompute(frames[index], None)
        seen[index] = np.array([p.pt for p in points]) + 0.5, words
    found = {}
    for a, b in zip(list(frames), list(frames)[1:]):
        best = [m for m in matcher.knnMatch(seen[a][1], seen[b][1], k=2) if m[0].distance < 0.75 * m[1].distance]
        first = np.array([seen[a][0][m[0].queryIdx] for m in best])
        second = np.array([seen[b][0][m[0].trainIdx] for m in best])
        _, agrees = cv2.findHomography(first, second, cv2.USAC_MAGSAC, 1.5)
        kept = np.flatnonzero(agrees.ravel())
        kept = rng.permutation(kept)[:MOST_PAIRS]
        found[a] = first[kept], second[kept]
    return found


def unexplained_turn(pair, attitude_a, place_a, attitude_b, place_b):
    """The turn of the second pose, about east, north and up, that makes the pairs agree over level ground."""
    first, second = pair
    rays = np.c_[(first - CENTRE_PX) / FOCAL_PX, np.ones(len(first))] @ attitude_a.T
    ground = place_a + rays * ((GROUND_M - place_a[2]) / rays[:, 2])[:, None]
    found = np.zeros(3)
    for _ in range(4):
        attitude = rotation(found) @ attitude_b
        seen = (ground - place_b) @ attitude
        off = second - (FOCAL_PX * seen[:, :2] / seen[:, 2:] + CENTRE_PX)
        columns = []
        for axis in np.eye(3):
            moved = np.cross(axis, ground - place_b) * -1.0 @ attitude
            plain = moved[:, :2] / seen[:, 2:] - seen[:, :2] * moved[:, 2:] / seen[:, 2:] ** 2
            columns.append((FOCAL_PX * plain).ravel())
        slope = np.array(columns).T
        weight = np.repeat(1 / np.maximum(1, np.linalg.norm(off, axis=1) / 1.5), 2)
        step = np.linalg.lstsq(slope * weight[:, None], off.ravel() * weight, rcond=None)[0]
        found = turn(rotation(step) @ rotation(found))
    return found


def at(values, place, turns):
    low = int(np.clip(np.floor(place), 0, len(values) - 2))
    part = place - low
    if turns:
        return values[low] @ rotation(part * turn(values[low].T @ values[low + 1]))
    return values[low] * (1 - part) + values[low + 1] * part


def noise_deg(white, slow, secs):
    out = np.zeros((200, 3))
    out[0] = rng.normal(0, slow, 3)
    keep = np.exp(-FRAME_SECS / secs)
    for i in range(1, 200):
        out[i] = keep * out[i - 1] + slow * np.sqrt(1 - keep**2) * rng.normal(0, 1, 3)
    return out + rng.normal(0, 1, (200, 3)) * white


def offset(pairs, places, attitudes, true_secs, white, slow):
    """The clock offset at which telemetry explains the turns best."""
    shift = [np.clip(k + true_secs / FRAME_SECS, 0, 199) for k in range(200)]
    noisy = [rotation(np.radians(n)) @ at(attitudes, s, True) for n, s in zip(noise_deg(white, slow, 4), shift)]
    moved = np.array([at(places, s, False) for s in shift])
    guesses = np.arange(-1.0, 1.01, 0.1)
    costs = []
    for guess in guesses:
        squares = []
        for a in list(pairs)[6:-6]:
            when = [i + guess / FRAME_SECS for i in (a, a + STEP)]
            if when[0] < 0 or when[1] > 199:
                continue
            poses = [(at(np.array(noisy), w, True), at(moved, w, False)) for w in when]
            left = unexplained_turn(pairs[a], *poses[0], *poses[1])
            squares.append(min(left @ left, np.radians(2) ** 2))
        costs.append(np.mean(squares))
    i = int(np.clip(np.argmin(costs), 1, len(guesses) - 2))
    a, b, c = costs[i - 1 : i + 2]
    return -(guesses[i] + 0.05 * (a - c) / (a - 2 * b + c))


def smoothed(pairs, places, attitudes, white, slow, secs):
    """Root mean square error of the attitude an axis, before and after, by all frames and by those before it."""
    before, batch, causal = [], [], []
    for _ in range(5):
        errors = np.radians(noise_deg(white, slow, secs))[::STEP]
        told = np.hypot(white, slow)
        frames = list(pairs) + [list(pairs)[-1] + STEP]
        noisy = [rotation(e) @ attitudes[i] for e, i in zip(errors, frames)]
        steps = [
            -unexplained_turn(pairs[a], noisy[k], places[a], noisy[k + 1], places[a + STEP])
            for k, a in enumerate(pairs)
        ]
        size, by_told, by_seen = len(frames), 1 / np.radians(told) ** 2, 1 / np.radians(0.15) ** 2
        normal, right = np.eye(size) * by_told, np.zeros((size, 3))
        for k, step in enumerate(steps):
            normal[k : k + 2, k : k + 2] += by_seen * np.array([[1, -1], [-1, 1]])
            right[k] -= by_seen * step
            right[k + 1] += by_seen * step
        batch.append(errors - np.linalg.solve(normal, right))
        guess, variance, left = np.zeros(3), 1 / by_told, [errors[0]]
        for k, step in enumerate(steps):
            guess, variance = guess + step, variance + 1 / by_seen
            gain = variance / (variance + 1 / by_told)
            guess, variance = guess * (1 - gain), (1 - gain) * variance
            left.append(errors[k + 1] - guess)
        causal.append(left)
        before.append(errors)
    return [np.degrees(np.sqrt(np.mean(np.square(kind)))) for kind in (before, batch, causal)]


def main():
    places, attitudes = true_poses()
    video, frames, index = cv2.VideoCapture(str(FLIGHT / "flight.ts")), {}, 0
    while (read := video.read())[0]:
        if index % STEP == 0:
            frames[index] = cv2.cvtColor(read[1], cv2.COLOR_BGR2GRAY)
        index += 1
    pairs = registrations(frames)
    exact = [
        unexplained_turn(pairs[a], attitudes[a], places[a], attitudes[a + STEP], places[a + STEP]) for a in pairs
    ]
    east, north, up = np.degrees(np.sqrt(np.mean(np.square(exact), axis=0)))
    print(f"turn from frame to frame: off by {east:.2f}, {north:.2f}, {up:.2f} degrees about east, north, up")
    kinds = [("of the sample, 0.2 degrees over 4 s", 0, 0.2, 4), ("jitter of 0.5 degrees", 0.5, 0, 4)]
    kinds.append(("jitter of 0.5 beside 2 degrees over 20 s", 0.5, 2.0, 20))
    for name, white, slow, secs in kinds:
        before, batch, causal = smoothed(pairs, places, attitudes, white, slow, secs)
        print(f"noise {name}: {before:.2f} degrees an axis; by all frames {batch:.2f}, by earlier ones {causal:.2f}", flush=True)
    for true_secs, white, slow in [(0.3, 0, 0.2), (-0.5, 0, 0.2), (0.3, 0.5, 0)]:
        found = offset(pairs, places, attitudes, true_secs, white, slow)
        print(f"clock off by {true_secs:+.2f} s, noise {white} and {slow}: found {found:+.3f} s", flush=True)


if __name__ == "__main__":
    main()
