# SPDX-License-Identifier: Apache-2.0
"""Paints the ground and the house fronts of the sample town: procedural pictures, from seeds only."""
import math
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

import town


def noise(rng, shape, cells):
    """Smooth noise in about -1..1: a random grid of `cells` rows and columns, enlarged."""
    small = rng.standard_normal((max(2, cells[0]), max(2, cells[1]))).astype(np.float32)
    image = Image.fromarray(small).resize((shape[1], shape[0]), Image.BICUBIC)
    return np.clip(np.asarray(image) * 0.6, -1.5, 1.5)


def marks(u, v, out, road, others):
    """Paints the markings of one road; `u` runs along it, `v` across it from its middle."""
    free = np.ones(u.shape, bool)
    zebra = np.zeros(u.shape, bool)
    for q in others:
        d = np.abs(u - q.pos_m)
        free &= d > q.half_width_m + 5.5
        if road.kind != "local":
            zebra |= (d > q.half_width_m + 1.2) & (d < q.half_width_m + 4.6)
    half = road.half_width_m
    white = np.zeros(u.shape, bool)
    yellow = np.zeros(u.shape, bool)
    if road.kind == "arterial":
        yellow |= (np.abs(np.abs(v) - 0.16) < 0.075) & free
        for lane in (3.65, 7.15):
            white |= (np.abs(np.abs(v) - lane) < 0.08) & ((u % 9.0) < 4.5) & free
        white |= (np.abs(np.abs(v) - (half - 0.35)) < 0.075) & free
    elif road.kind == "collector":
        yellow |= (np.abs(v) < 0.075) & ((u % 6.0) < 3.0) & free
        white |= (np.abs(np.abs(v) - (half - 2.2)) < 0.06) & free
    else:
        yellow |= (np.abs(v) < 0.06) & ((u % 6.0) < 2.6) & free
    white |= zebra & ((v % 0.95) < 0.45) & (np.abs(v) < half - 0.3)
    for q in others:
        if road.kind != "local":
            for side in (-1, 1):
                at = q.pos_m + side * (q.half_width_m + 5.8)
                own = (v < 0) if side < 0 else (v > 0)
                white |= (np.abs(u - at) < 0.18) & own & (np.abs(v) < half - 0.3)
    out[0] |= white & (np.abs(v) < half)
    out[1] |= yellow & (np.abs(v) < half)


def ground(u0, u1, v0, v1, res_m, seed, strip=None):
    """The ground's colour (sRGB, 8 bit) over a window of the town frame, north row first."""
    rng = np.random.default_rng(seed)
    cols, rows = round((u1 - u0) / res_m), round((v1 - v0) / res_m)
    shape = (rows, cols)
    u = (u0 + (np.arange(cols, dtype=np.float32) + 0.5) * res_m)[None, :].repeat(rows, 0)
    v = (v1 - (np.arange(rows, dtype=np.float32) + 0.5) * res_m)[:, None].repeat(cols, 1)
    def cells(size_m):
        return (int((v1 - v0) / size_m) + 2, int((u1 - u0) / size_m) + 2)
    broad, middle, small = noise(rng, shape, cells(22)), noise(rng, shape, cells(4.5)), noise(rng, shape, cells(0.9))
    fine = rng.standard_normal(shape).astype(np.float32)
    rgb = np.empty(shape + (3,), np.float32)
    # Yards: grass, and a paved apron round every house.
    tuft = 17 * small + 15 * fine + 16 * middle
    for c, (g, k) in enumerate(((78, 0.9), (101, 1.0), (46, 0.6))):
        rgb[..., c] = g + k * tuft + (16, 6, 4)[c] * broad
    joints = ((u % 0.8) < 0.14) | ((v % 0.8) < 0.14)
    brick = 132 + 5 * small + 7 * fine - 30 * joints + 9 * ((np.floor(u / 0.8) * 3 + np.floor(v / 0.8) * 5) % 4 - 1.5)
    for b in town.buildings():
        if not (u0 < b.u_m + 40 and b.u_m - 40 < u1 and v0 < b.v_m + 40 and b.v_m - 40 < v1):
            continue
        j0, j1 = (int((b.u_m + s * (b.half_u_m + 2.4) - u0) / res_m) for s in (-1, 1))
        i0, i1 = (int((v1 - b.v_m + s * (b.half_v_m + 2.4)) / res_m) for s in (-1, 1))
        win = np.s_[max(0, i0):max(0, i1), max(0, j0):max(0, j1)]
        for c, k in enumerate((1.0, 0.93, 0.88)):
            rgb[win + (c,)] = brick[win] * k
    pavement = np.zeros(shape, bool)
    asphalt = np.zeros(shape, bool)
    kerb = np.zeros(shape, bool)
    track = np.zeros(shape, np.float32)
    paint = [np.zeros(shape, bool), np.zeros(shape, bool)]
    for r in town.ROADS:
        along, across = (u, v - r.pos_m) if r.axis == "u" else (v, u - r.pos_m)
        d = np.abs(across)
        asphalt |= d < r.half_width_m
        kerb |= (d >= r.half_width_m) & (d < r.half_width_m + 0.3)
        pavement |= d < r.half_width_m + r.pavement_m
        lanes = (1.75, 5.4, 8.9) if r.kind == "arterial" else (2.2,)
        for lane in lanes:
            for wheel in (-0.8, 0.8):
                track = np.maximum(track, np.exp(-(((d - lane - wheel) / 0.35) ** 2)) * (d < r.half_width_m))
    for r in town.ROADS:
        along, across = (u, v - r.pos_m) if r.axis == "u" else (v, u - r.pos_m)
        marks(along, across, paint, r, [q for q in town.ROADS if q.axis != r.axis])
    # Pavement: tiles with a tactile strip.
    tile = 138 + 7 * middle + 5 * small + 5 * fine - 20 * (((u % 0.6) < 0.05) | ((v % 0.6) < 0.05))
    tile = tile + 4 * ((np.floor(u / 0.6) * 7 + np.floor(v / 0.6) * 13) % 5 - 2)
    for c, k in enumerate((1.0, 0.955, 0.90)):
        rgb[..., c] = np.where(pavement, tile * k, rgb[..., c])
    cu0, cu1, cv0, cv1 = town.CAR_PARK
    park = (u > cu0) & (u < cu1) & (v > cv0) & (v < cv1)
    bays = park & (((u - cu0 - 1.0) % 2.6) < 0.12) & ((v < cv0 + 5.2) | (v > cv1 - 5.2))
    # Asphalt: aggregate, wheel tracks, patches, cracks, oil.
    patch = noise(rng, shape, cells(7)) > 0.95
    cracks = (np.abs(noise(rng, shape, cells(3.2))) < min(0.012, 0.15 * res_m)) & (noise(rng, shape, cells(15)) > 0.1)
    oil = np.clip(noise(rng, shape, cells(1.6)) - 0.75, 0, 1) * (track > 0.05)
    seams = np.zeros(shape, bool)
    for r in town.ROADS:
        along, across = (u, v - r.pos_m) if r.axis == "u" else (v, u - r.pos_m)
        own = np.abs(across) < r.half_width_m
        seams |= own & ((np.abs(np.abs(across) - r.half_width_m / 2) < 0.06) | ((along + 0.15 * across) % 11.0 < 0.13))
    dark = 92 + 2 * broad + 2.5 * middle + 6 * small + 12 * fine + 5 * track - 15 * patch - 28 * cracks - 24 * oil - 22 * seams
    if strip is not None:
        dark = dark + strip * rng.standard_normal(shape).astype(np.float32)
    asphalt |= park
    for c, k in enumerate((0.955, 1.0, 1.05)):
        rgb[..., c] = np.where(asphalt, dark * k, rgb[..., c])
    worn = 0.86 + 0.16 * small - 0.5 * (fine > 1.6)
    for mask, colour in ((paint[0] | bays, (214, 213, 206)), (paint[1], (205, 165, 62))):
        mask = mask & asphalt
        for c in range(3):
            rgb[..., c] = np.where(mask, rgb[..., c] * (1 - worn) + colour[c] * worn, rgb[..., c])
    kerb &= ~asphalt
    for c in range(3):
        rgb[..., c] = np.where(kerb, 160 + 6 * small + 4 * fine - 14 * ((u + v) % 1.0 < 0.05), rgb[..., c])
    # Manholes.
    for r in town.ROADS:
        for s in np.arange(-200, 200, 27.0):
            s, off = s + rng.uniform(-5, 5), rng.uniform(-0.6, 0.6) * r.half_width_m
            mu, mv = (s, r.pos_m + off) if r.axis == "u" else (r.pos_m + off, s)
            if u0 < mu < u1 and v0 < mv < v1:
                i0, j0 = int((v1 - mv) / res_m), int((mu - u0) / res_m)
                k = int(0.5 / res_m) + 2
                win = np.s_[max(0, i0 - k):i0 + k, max(0, j0 - k):j0 + k]
                d = np.hypot(u[win] - mu, v[win] - mv)
                rgb[win] = np.where((d < 0.38)[..., None], 66 + 10 * ((u[win] % 0.16) < 0.08)[..., None], rgb[win])
    # A narrow damp band round standing water, and a fainter one where the street will flood.
    for bowl in town.FLIGHT_BOWLS:
        r = town.bowl_radius(bowl, u, v)
        damp = np.clip((1.10 + 0.04 * middle - r) / 0.06, 0, 1) * (r < 1.4)
        for c in range(3):
            rgb[..., c] *= 1 - 0.22 * damp
    return np.clip(rgb, 0, 255).astype(np.uint8)


WALLS = [(206, 198, 184), (226, 224, 218), (188, 168, 148), (170, 176, 180), (214, 190, 160), (168, 104, 84)]
SIGNS = [(178, 40, 36), (34, 84, 150), (230, 180, 40), (40, 120, 70), (240, 240, 236), (120, 50, 120), (220, 110, 40)]


def front(style, seed):
    """A house front of 4 bays by 4 floors (12.8 m square, 40 px a metre)."""
    rng = np.random.default_rng(seed)
    wall = np.array(WALLS[style], float)
    base = np.ones((512, 512, 3)) * wall
    stain = noise(rng, (512, 512), (6, 40))[..., None] * 7 + noise(rng, (512, 512), (60, 60))[..., None] * 4
    base = base + stain + rng.standard_normal((512, 512, 1)) * 3
    image = Image.fromarray(np.clip(base, 0, 255).astype(np.uint8))
    d = ImageDraw.Draw(image)
    if style == 5 or style == 2:
        for y in range(0, 512, 6):
            d.line((0, y, 512, y), fill=tuple(int(x) - 16 for x in wall))
    for floor in range(4):
        y = floor * 128
        d.rectangle((0, y + 122, 512, y + 128), fill=tuple(int(x * 0.86) for x in wall))
        for bay in range(4):
            x = bay * 128
            glass = int(rng.integers(38, 84))
            wide = int(rng.integers(54, 84)) if style % 2 else 72
            x0, y0 = x + 64 - wide // 2, y + 34
            d.rectangle((x0 - 4, y0 - 4, x0 + wide + 4, y0 + 66), fill=(225, 225, 222) if style != 1 else (120, 124, 126))
            d.rectangle((x0, y0, x0 + wide, y0 + 62), fill=(glass, glass + 10, glass + 16))
            d.polygon((x0, y0 + 40, x0 + wide, y0, x0 + wide, y0 + 20, x0, y0 + 62), fill=(glass + 22, glass + 34, glass + 42))
            if rng.random() < 0.5:
                c = int(rng.integers(120, 220))
                d.rectangle((x0, y0, x0 + wide // 3, y0 + 62), fill=(c, c - 8, c - 20))
            d.line((x0 + wide // 2, y0, x0 + wide // 2, y0 + 62), fill=(215, 215, 212), width=3)
            if style in (0, 3, 4) and bay % 2:
                d.rectangle((x + 8, y + 84, x + 120, y + 120), fill=tuple(int(q * 0.93) for q in wall), outline=(110, 110, 110))
                for bar in range(x + 12, x + 120, 8):
                    d.line((bar, y + 84, bar, y + 120), fill=(120, 122, 124))
            if rng.random() < 0.4:
                d.rectangle((x + 98, y + 92, x + 122, y + 110), fill=(228, 228, 224), outline=(90, 90, 90))
                d.ellipse((x + 101, y + 94, x + 115, y + 108), fill=(120, 122, 124))
    return image.filter(ImageFilter.GaussianBlur(0.6))


def shops(seed):
    """A ground floor of shops: 12.8 m by 3.8 m, 40 px a metre."""
    rng = np.random.default_rng(seed)
    image = Image.new("RGB", (512, 152), (150, 144, 136))
    d = ImageDraw.Draw(image)
    for bay in range(4):
        x = bay * 128
        sign = SIGNS[int(rng.integers(0, len(SIGNS)))]
        d.rectangle((x + 2, 4, x + 126, 40), fill=sign)
        ink = (250, 246, 230) if sum(sign) < 500 else (160, 30, 30)
        for k in range(int(rng.integers(3, 6))):
            gx = x + 16 + k * 20
            for _ in range(4):
                a, b = rng.integers(0, 13, 2)
                d.line((gx + a, 13 + b, gx + rng.integers(0, 13), 13 + rng.integers(0, 15)), fill=ink, width=2)
        if rng.random() < 0.3:
            for y in range(46, 150, 6):
                d.rectangle((x + 8, y, x + 120, y + 4), fill=(168, 170, 172))
        else:
            g = int(rng.integers(40, 70))
            d.rectangle((x + 8, 46, x + 120, 148), fill=(g, g + 6, g + 8))
            for _ in range(14):
                a, b = rng.integers(10, 108), rng.integers(60, 136)
                d.rectangle((x + a, b, x + a + 10, b + 8), fill=tuple(int(q) for q in rng.integers(60, 190, 3)))
            d.line((x + 64, 46, x + 64, 148), fill=(190, 190, 190), width=4)
    return image.filter(ImageFilter.GaussianBlur(0.5))


def sky():
    """A panorama of radiance (512 x 1024, lowest row first): a bright, hazy deck of broken cloud."""
    rng = np.random.default_rng(77)
    rows, cols = 512, 1024
    up = np.radians(-90 + 180 * (np.arange(rows) + 0.5) / rows)[:, None].repeat(cols, 1)
    round_ = np.radians(360 * (np.arange(cols) + 0.5) / cols)[None, :].repeat(rows, 0)
    far = np.cos(up) / np.maximum(np.sin(up), 0.06)
    x, y = far * np.cos(round_), far * np.sin(round_)
    deck = np.zeros((rows, cols))
    for size, share in ((1.1, 1.0), (0.5, 0.75), (0.22, 0.55), (0.1, 0.35), (0.05, 0.18)):
        grid = rng.standard_normal((64, 64))
        a, b = x / size + 31.7, y / size + 17.3
        i, j = np.floor(a).astype(int), np.floor(b).astype(int)
        f, g = a - i, b - j
        f, g = f * f * (3 - 2 * f), g * g * (3 - 2 * g)
        def at(p, q):
            return grid[p % 64, q % 64]
        deck += share * ((at(i, j) * (1 - f) + at(i + 1, j) * f) * (1 - g) + (at(i, j + 1) * (1 - f) + at(i + 1, j + 1) * f) * g)
    cloud = 1 / (1 + np.exp(-3.2 * deck))
    haze = np.exp(-np.maximum(np.sin(up), 0) / 0.16)
    gap, white = np.array([0.34, 0.42, 0.56]), np.array([1.75, 1.74, 1.70])
    rgb = gap + (white - gap) * cloud[..., None]
    rgb = rgb * (1 - haze[..., None]) + np.array([1.15, 1.16, 1.18]) * haze[..., None]
    rgb[up < 0] = (0.16, 0.16, 0.14)
    return rgb.astype(np.float32)


ROOFS = [(112, 118, 126), (150, 154, 158), (92, 112, 104), (128, 96, 84)]


def roof(kind, seed):
    """A flat roof of membrane strips and slabs (12.8 m square, 40 px a metre)."""
    rng = np.random.default_rng(seed)
    base = np.ones((512, 512, 3)) * np.array(ROOFS[kind], float)
    base = base + noise(rng, (512, 512), (8, 8))[..., None] * 8 + noise(rng, (512, 512), (90, 90))[..., None] * 9 + rng.standard_normal((512, 512, 1)) * 9
    image = Image.fromarray(np.clip(base, 0, 255).astype(np.uint8))
    d = ImageDraw.Draw(image)
    wide = (40, 64, 44, 32)[kind]
    for x in range(0, 512, wide):
        d.line((x, 0, x, 512), fill=tuple(int(q * 0.62) for q in ROOFS[kind]), width=4)
    for y in range(0, 512, 3 * wide if kind != 1 else wide):
        d.line((0, y, 512, y), fill=tuple(int(q * 0.66) for q in ROOFS[kind]), width=4)
    for _ in range(7):
        x, y, a, b = *rng.integers(0, 470, 2), *rng.integers(12, 60, 2)
        d.rectangle((x, y, x + a, y + b), fill=tuple(int(q * rng.uniform(0.72, 1.25)) for q in ROOFS[kind]))
    return image.filter(ImageFilter.GaussianBlur(0.6))


STREET_WINDOW = (-64.0, -4.0, 103.0, 121.0)  # u0, u1, v0, v1 of the finer picture before the fixed camera


def main(folder):
    """Writes all pictures to a folder."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    h = town.HALF_SIZE_M
    Image.fromarray(ground(-h, h, -h, h, 0.125, 1)).save(folder / "ground.png", compress_level=1)
    Image.fromarray(ground(*STREET_WINDOW, 0.02, 2)).save(folder / "street.png", compress_level=1)
    np.save(folder / "sky.npy", sky())
    for style in range(6):
        front(style, 100 + style).save(folder / f"front{style}.png")
    for kind in range(4):
        roof(kind, 300 + kind).save(folder / f"roof{kind}.png")
    for k in range(3):
        shops(200 + k).save(folder / f"shops{k}.png")


if __name__ == "__main__":
    main(sys.argv[1])
