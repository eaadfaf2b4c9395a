# SPDX-License-Identifier: GPL-2.0-or-later
"""Builds the sample town in Blender: ground, houses, trees, cars, water, heaps and a plume. Units: metres, town frame."""
import math
import sys
from pathlib import Path

import bpy
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import town  # noqa: E402

SUN_AZIMUTH_TOWN_DEG = {"flight": 112.0, "street": 262.0}  # from +v towards +u
SUN_ELEVATION_DEG = {"flight": 58.0, "street": 48.0}


class Mesh:
    """Collects polygons with materials and UVs, then becomes one Blender object."""

    def __init__(self):
        self.points, self.faces, self.slots, self.uvs, self.materials = [], [], [], [], []

    def slot(self, material):
        if material not in self.materials:
            self.materials.append(material)
        return self.materials.index(material)

    def face(self, points, material, uv=None):
        start = len(self.points)
        self.points.extend(points)
        self.faces.append(tuple(range(start, start + len(points))))
        self.slots.append(self.slot(material))
        self.uvs.extend(uv or [(0.0, 0.0)] * len(points))

    def box(self, c, half, turn, material, top=None, bottom=False):
        """A box standing on c (middle of its lower face); `half` is half u, half v and full height."""
        cs, sn = math.cos(turn), math.sin(turn)
        ring = [(sx * half[0], sy * half[1]) for sx, sy in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
        ring = [(c[0] + cs * x - sn * y, c[1] + sn * x + cs * y) for x, y in ring]
        lo, hi = [(x, y, c[2]) for x, y in ring], [(x, y, c[2] + half[2]) for x, y in ring]
        for i in range(4):
            j = (i + 1) % 4
            self.face([lo[i], lo[j], hi[j], hi[i]], material)
        self.face(hi, top or material)
        if bottom:
            self.face(lo[::-1], material)

    def build(self, name, smooth=False):
        mesh = bpy.data.meshes.new(name)
        mesh.from_pydata(self.points, [], self.faces)
        for material in self.materials:
            mesh.materials.append(material)
        mesh.polygons.foreach_set("material_index", self.slots)
        layer = mesh.uv_layers.new(name="uv")
        layer.data.foreach_set("uv", [x for uv in self.uvs for x in uv])
        if smooth:
            mesh.polygons.foreach_set("use_smooth", [True] * len(self.faces))
        mesh.update()
        return mesh


def put(mesh, name, at=(0, 0, 0), turn=0.0, scale=1.0):
    """Places a mesh in the scene."""
    o = bpy.data.objects.new(name, mesh)
    o.location = at
    o.rotation_euler = (0, 0, turn)
    o.scale = (scale,) * 3
    bpy.context.scene.collection.objects.link(o)
    return o


def plain(name, rgb, rough=0.8, metal=0.0, vary=0.0, scale=1.0):
    """A one-colour material, with some noise in its lightness when `vary` is set."""
    m = bpy.data.materials.new(name)
    m.use_nodes = True
    b = m.node_tree.nodes["Principled BSDF"]
    b.inputs["Base Color"].default_value = (*rgb, 1)
    b.inputs["Roughness"].default_value = rough
    b.inputs["Metallic"].default_value = metal
    if vary:
        t = m.node_tree
        coord, tex = t.nodes.new("ShaderNodeNewGeometry"), t.nodes.new("ShaderNodeTexNoise")
        tex.inputs["Scale"].default_value = scale
        tex.inputs["Detail"].default_value = 4
        ramp = t.nodes.new("ShaderNodeMapRange")
        ramp.inputs["From Min"].default_value, ramp.inputs["From Max"].default_value = 0.3, 0.7
        ramp.inputs["To Min"].default_value, ramp.inputs["To Max"].default_value = 1 - vary, 1 + vary
        mix = t.nodes.new("ShaderNodeVectorMath")
        mix.operation = "SCALE"
        mix.inputs[0].default_value = rgb
        t.links.new(coord.outputs["Position"], tex.inputs["Vector"])
        t.links.new(tex.outputs["Fac"], ramp.inputs["Value"])
        t.links.new(ramp.outputs["Result"], mix.inputs["Scale"])
        t.links.new(mix.outputs["Vector"], b.inputs["Base Color"])
    return m


def pictured(name, path, rough=0.85):
    """A material whose colour is a picture over the mesh's UV."""
    m = bpy.data.materials.new(name)
    m.use_nodes = True
    t = m.node_tree
    b = t.nodes["Principled BSDF"]
    b.inputs["Roughness"].default_value = rough
    tex = t.nodes.new("ShaderNodeTexImage")
    tex.image = bpy.data.images.load(str(path))
    t.links.new(tex.outputs["Color"], b.inputs["Base Color"])
    return m


def ground(paint, source):
    """The terrain mesh (0.5 m) with its painted colours."""
    h, step = town.HALF_SIZE_M, 0.5
    s = np.arange(-h, h + step / 2, step)
    n = len(s)
    uu, vv = np.meshgrid(s, s)
    points = np.stack([uu, vv, town.height(uu, vv)], -1).reshape(-1, 3)
    i = np.arange(n * n).reshape(n, n)
    quads = np.stack([i[:-1, :-1], i[:-1, 1:], i[1:, 1:], i[1:, :-1]], -1).reshape(-1, 4)
    mesh = bpy.data.meshes.new("ground")
    mesh.vertices.add(len(points))
    mesh.vertices.foreach_set("co", points.astype(np.float32).ravel())
    mesh.loops.add(quads.size)
    mesh.loops.foreach_set("vertex_index", quads.astype(np.int32).ravel())
    mesh.polygons.add(len(quads))
    mesh.polygons.foreach_set("loop_start", np.arange(0, quads.size, 4, dtype=np.int32))
    mesh.update()
    mesh.validate()
    m = bpy.data.materials.new("ground")
    m.use_nodes = True
    t = m.node_tree
    b = t.nodes["Principled BSDF"]
    b.inputs["Roughness"].default_value = 0.92
    b.inputs["Specular IOR Level"].default_value = 0.25
    geo = t.nodes.new("ShaderNodeNewGeometry")

    def picture(path, u0, u1, v0, v1):
        mapping = t.nodes.new("ShaderNodeMapping")
        mapping.inputs["Location"].default_value = (-u0 / (u1 - u0), -v0 / (v1 - v0), 0)
        mapping.inputs["Scale"].default_value = (1 / (u1 - u0), 1 / (v1 - v0), 0)
        tex = t.nodes.new("ShaderNodeTexImage")
        tex.image = bpy.data.images.load(str(path))
        tex.extension = "CLIP"
        t.links.new(geo.outputs["Position"], mapping.inputs["Vector"])
        t.links.new(mapping.outputs["Vector"], tex.inputs["Vector"])
        return tex

    colour = picture(paint / "ground.png", -h, h, -h, h).outputs["Color"]
    if source == "street":
        import paint as painter
        near = picture(paint / "street.png", *painter.STREET_WINDOW)
        mix = t.nodes.new("ShaderNodeMix")
        mix.data_type = "RGBA"
        t.links.new(near.outputs["Alpha"], mix.inputs["Factor"])
        t.links.new(colour, mix.inputs["A"])
        t.links.new(near.outputs["Color"], mix.inputs["B"])
        colour = mix.outputs["Result"]
    lift = t.nodes.new("ShaderNodeGamma")
    lift.inputs["Gamma"].default_value = 0.95  # dry asphalt in daylight is a middle grey
    t.links.new(colour, lift.inputs["Color"])
    t.links.new(lift.outputs["Color"], b.inputs["Base Color"])
    mesh.materials.append(m)
    put(mesh, "ground")
    far = Mesh()
    w = 1500
    far.face([(-w, -w, -4), (w, -w, -4), (w, w, -4), (-w, w, -4)], plain("far", (0.10, 0.13, 0.06), vary=0.3, scale=0.05))
    put(far.build("far"), "far")


def kerbs():
    """Raised kerb stones along every carriageway, broken at crossings."""
    stone, k = plain("kerb", (0.47, 0.46, 0.44), vary=0.08, scale=2), Mesh()
    for r in town.ROADS:
        cuts = sorted((q.pos_m - q.half_width_m - 1.5, q.pos_m + q.half_width_m + 1.5) for q in town.ROADS if q.axis != r.axis)
        for side in (-1, 1):
            w0, w1 = r.pos_m + side * r.half_width_m, r.pos_m + side * (r.half_width_m + 0.25)
            for s in np.arange(-210, 210, 2.0):
                if any(a < s + 2 and s < c for a, c in cuts):
                    continue
                ends = []
                for q in (s, s + 2.0):
                    a, c = ((q, w0), (q, w1)) if r.axis == "u" else ((w0, q), (w1, q))
                    ends.append((a, c, float(town.height(*a)), float(town.height(*c))))
                (a0, c0, za0, zc0), (a1, c1, za1, zc1) = ends
                up = 0.13
                k.face([(*a0, za0 - .05), (*a1, za1 - .05), (*a1, za1 + up), (*a0, za0 + up)], stone)
                k.face([(*c0, zc0 - .05), (*c1, zc1 - .05), (*c1, zc1 + up), (*c0, zc0 + up)], stone)
                k.face([(*a0, za0 + up), (*a1, za1 + up), (*c1, zc1 + up), (*c0, zc0 + up)], stone)
    put(k.build("kerbs"), "kerbs")


def houses(paint, items):
    """All buildings with fronts, roofs, parapets and what stands on roofs."""
    rng = np.random.default_rng(5)
    fronts = [pictured(f"front{i}", paint / f"front{i}.png") for i in range(6)]
    shops = [pictured(f"shops{i}", paint / f"shops{i}.png", 0.6) for i in range(3)]
    flat = [pictured(f"roof{i}", paint / f"roof{i}.png", 0.9) for i in range(4)]
    lid = plain("lid", (.42, .41, .39), vary=0.1)
    tile = [plain("tile_red", (.27, .085, .05), 0.75, vary=0.25, scale=2.5), plain("tile_grey", (.085, .09, .10), 0.7, vary=0.25, scale=2.5)]
    blue = plain("blue_steel", (.045, .16, .36), 0.45, 0.3, vary=0.12, scale=0.7)
    metal = plain("metal", (.5, .52, .53), 0.4, 0.7)
    glass = plain("panel", (.02, .03, .06), 0.15)
    trim = [plain("trim0", (.62, .60, .56)), plain("trim1", (.45, .40, .34)), plain("trim2", (.36, .16, .12))]
    m = Mesh()
    for b in items:
        corners = [(b.u_m + sx * b.half_u_m, b.v_m + sy * b.half_v_m) for sx, sy in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
        z0 = min(float(town.height(*c)) for c in corners) - 0.3
        z1, zs = z0 + 0.3 + b.height_m, z0 + 3.9
        shop = shops[int(rng.integers(0, 3))]
        for i in range(4):
            (x0, y0), (x1, y1) = corners[i], corners[(i + 1) % 4]
            wide = math.hypot(x1 - x0, y1 - y0)
            bays = max(1, round(wide / 3.2)) / 4
            a, floors = rng.integers(0, 4) / 4, round((z1 - zs) / 3.2) / 4
            m.face([(x0, y0, z0), (x1, y1, z0), (x1, y1, zs), (x0, y0, zs)], shop, [(a, 0), (a + bays, 0), (a + bays, 1), (a, 1)])
            m.face([(x0, y0, zs), (x1, y1, zs), (x1, y1, z1), (x0, y0, z1)], fronts[b.style], [(a, 0), (a + bays, 0), (a + bays, floors), (a, floors)])
        t = trim[int(rng.integers(0, 2))]
        if b.roof == "gable":
            roof = tile[int(rng.integers(0, 2))]
            o, rise = 0.6, min(b.half_u_m, b.half_v_m) * 0.55
            u0, u1, v0, v1 = b.u_m - b.half_u_m - o, b.u_m + b.half_u_m + o, b.v_m - b.half_v_m - o, b.v_m + b.half_v_m + o
            hip = min(b.half_u_m, b.half_v_m) * 0.7
            if b.half_u_m >= b.half_v_m:
                p, q = (u0 + hip, b.v_m, z1 + rise), (u1 - hip, b.v_m, z1 + rise)
                m.face([(u0, v0, z1), (u1, v0, z1), q, p], roof)
                m.face([(u1, v1, z1), (u0, v1, z1), p, q], roof)
                m.face([(u0, v1, z1), (u0, v0, z1), p], roof)
                m.face([(u1, v0, z1), (u1, v1, z1), q], roof)
            else:
                p, q = (b.u_m, v0 + hip, z1 + rise), (b.u_m, v1 - hip, z1 + rise)
                m.face([(u1, v0, z1), (u1, v1, z1), q, p], roof)
                m.face([(u0, v1, z1), (u0, v0, z1), p, q], roof)
                m.face([(u0, v0, z1), (u1, v0, z1), p], roof)
                m.face([(u1, v1, z1), (u0, v1, z1), q], roof)
            continue
        roof = blue if b.roof == "blue" else flat[int(rng.integers(0, 4))]
        m.face([(*c, z1) for c in corners], roof, [(c[0] / 12.8, c[1] / 12.8) for c in corners])
        for sx, sy, hu, hv in ((0, -1, b.half_u_m, .12), (0, 1, b.half_u_m, .12), (-1, 0, .12, b.half_v_m), (1, 0, .12, b.half_v_m)):
            m.box((b.u_m + sx * (b.half_u_m - .12), b.v_m + sy * (b.half_v_m - .12), z1 - .2), (hu, hv, 1.0 if b.roof == "flat" else .3), 0, t)
        if b.roof != "flat":
            for s in np.arange(-b.half_u_m + 1, b.half_u_m, 1.0):
                m.box((b.u_m + s, b.v_m, z1), (.04, b.half_v_m - .3, .06), 0, blue)
            continue
        if b.half_u_m > 4:
            u, v = b.u_m + rng.uniform(-.5, .5) * b.half_u_m, b.v_m + rng.uniform(-.4, .4) * b.half_v_m
            m.box((u, v, z1), (1.7, 1.4, 2.6), 0, t, lid)
        for _ in range(int(rng.integers(1, 5))):
            u, v = b.u_m + rng.uniform(-.8, .8) * (b.half_u_m - 1), b.v_m + rng.uniform(-.8, .8) * (b.half_v_m - 1)
            if rng.random() < .5:
                for k in range(int(rng.integers(1, 4))):
                    m.box((u + 1.3 * k, v, z1 + .5), (.5, .8, .05), 0, glass)
                    m.box((u + 1.3 * k, v + .85, z1 + .9), (.55, .18, .36), 0, metal)
            else:
                m.box((u, v, z1), (rng.uniform(.4, .9), rng.uniform(.4, .8), rng.uniform(.6, 1.3)), 0, metal)
    u, v = town.PLUME_UV
    m.box((u, v, float(town.height(u, v)) + 6.0), (.45, .45, 4.2), 0, metal)
    put(m.build("houses"), "houses")


def tree_meshes():
    """Four trees of leaf cards on clumps."""
    out = []
    bark = plain("bark", (.09, .065, .045), vary=.3, scale=6)
    greens = [(.050, .105, .022), (.035, .085, .020), (.075, .125, .030), (.045, .090, .035)]
    for kind in range(4):
        rng = np.random.default_rng(40 + kind)
        leaves = [plain(f"leaf{kind}{k}", tuple(g * f for g in greens[kind]), .65, vary=.35, scale=1.2) for k, f in enumerate((.75, 1.0, 1.35))]
        m = Mesh()
        tall = 3.0
        for i in range(6):
            a, c = i / 6 * 2 * math.pi, (i + 1) / 6 * 2 * math.pi
            m.face([(.16 * math.cos(a), .16 * math.sin(a), -.2), (.16 * math.cos(c), .16 * math.sin(c), -.2),
                    (.10 * math.cos(c), .10 * math.sin(c), tall + 1), (.10 * math.cos(a), .10 * math.sin(a), tall + 1)], bark)
        for _ in range(15):
            d = rng.standard_normal(3)
            d /= np.linalg.norm(d)
            c = np.array([0, 0, tall + 1.8]) + d * np.array([1.9, 1.9, 1.3]) * rng.uniform(.5, 1)
            size = rng.uniform(.7, 1.25)
            for _ in range(75):
                e = rng.standard_normal(3)
                e /= np.linalg.norm(e)
                p = c + e * size * rng.uniform(.6, 1)
                x = np.cross(e, rng.standard_normal(3))
                x /= np.linalg.norm(x)
                y = np.cross(e, x) + .5 * rng.standard_normal(3) * .6
                w = rng.uniform(.16, .30)
                lit = min(2, max(0, int((e[2] + 1.1) * 1.3 + rng.uniform(-.5, .5))))
                m.face([tuple(p - w * x - w * y), tuple(p + w * x - w * y), tuple(p + w * x + w * y), tuple(p - w * x + w * y)], leaves[lit])
        out.append(m.build(f"tree{kind}"))
    return out


COLOURS = [(.75, .76, .77), (.03, .03, .035), (.32, .33, .35), (.72, .73, .74), (.35, .02, .02), (.03, .08, .26), (.55, .56, .57), (.12, .13, .14)]


def car_mesh(kind, colour):
    """A saloon (0), a sport utility car (1) or a small van (2)."""
    m = Mesh()
    paint, glass = plain(f"car{kind}{colour}", COLOURS[colour], .25, .2), plain("car_glass", (.015, .02, .025), .08)
    tyre, lamp, red = plain("tyre", (.015, .015, .016), .9), plain("lamp", (.8, .8, .75), .2), plain("red", (.4, .01, .01), .3)
    length, wide, belt, top = [(4.6, .90, .86, 1.44), (4.7, .94, 1.02, 1.72), (5.0, .92, 1.05, 1.98)][kind]
    h = length / 2
    # Body: stations from the rear to the front, each (x, lower z, upper z, half width).
    stations = [(-h, .45, .78 if kind < 2 else 1.0, .80), (-h + .25, .30, belt, wide), (h - 1.3, .26, belt, wide), (h - .35, .28, belt - .16, wide - .04), (h, .42, belt - .30, wide - .2)]
    for (x0, l0, u0, w0), (x1, l1, u1, w1) in zip(stations, stations[1:]):
        for s in (-1, 1):
            m.face([(x0, s * w0, l0), (x1, s * w1, l1), (x1, s * w1, u1 - .10), (x0, s * w0, u0 - .10)], paint)
            m.face([(x0, s * w0, u0 - .10), (x1, s * w1, u1 - .10), (x1, s * (w1 - .12), u1), (x0, s * (w0 - .12), u0)], paint)
        m.face([(x0, -w0 + .12, u0), (x1, -w1 + .12, u1), (x1, w1 - .12, u1), (x0, w0 - .12, u0)], paint)
    for x, l, u, w in (stations[0], stations[-1]):
        m.face([(x, -w, l), (x, w, l), (x, w, u), (x, -w, u)], paint)
    rear, front = [(-h + .75, h - 1.35), (-h + .2, h - 1.35), (-h + .15, h - .75)][kind]
    r2, f2 = [(rear + .55, front - .75), (rear + .3, front - .7), (rear + .08, front - .55)][kind]
    lo, hi = wide - .13, wide - .30
    a, b, c, d = [(rear, -lo, belt), (front, -lo, belt), (front, lo, belt), (rear, lo, belt)], [(r2, -hi, top), (f2, -hi, top), (f2, hi, top), (r2, hi, top)], None, None
    for i in range(4):
        j = (i + 1) % 4
        m.face([a[i], a[j], b[j], b[i]], glass if kind < 2 or i == 1 else paint)
    m.face(b, paint)
    for x in (rear + (front - rear) * .48,):
        for s in (-1, 1):
            m.face([(x - .05, s * (lo + .01), belt), (x + .05, s * (lo + .01), belt), (x + .03, s * (hi + .01), top), (x - .07, s * (hi + .01), top)], paint)
    for x in (-h + .85, h - .90):
        for s in (-1, 1):
            ring = [(x + .33 * math.cos(t), s * (wide + .01), .33 + .33 * math.sin(t)) for t in np.linspace(0, 2 * math.pi, 14)[:-1]]
            m.face(ring, tyre)
            m.face([(x + .17 * math.cos(t), s * (wide + .02), .33 + .17 * math.sin(t)) for t in np.linspace(0, 2 * math.pi, 10)[:-1]], lamp)
    for s in (-1, 1):
        m.face([(h - .02 + .03, s * .45, .55), (h + .01, s * .70, .55), (h - .0, s * .70, .70), (h + .01, s * .45, .70)], lamp)
        m.face([(-h - .01, s * .5, .65), (-h - .01, s * .78, .65), (-h - .01, s * .78, .80), (-h - .01, s * .5, .80)], red)
    return m.build(f"car{kind}{colour}")


def lamps():
    """Street lamps with arms, and wires along the local roads."""
    grey, m = plain("lamp_post", (.38, .40, .41), .5, .3), Mesh()
    for r in town.ROADS:
        for k, s in enumerate(np.arange(-200, 200, 30.0)):
            side = 1 if k % 2 else -1
            w = r.pos_m + side * (r.half_width_m + .6)
            u, v = (s, w) if r.axis == "u" else (w, s)
            if town.on_asphalt(u, v, .3) or town.near_thing(u, v, 1.0):
                continue
            z, tall = float(town.height(u, v)), 9.0 if r.kind != "local" else 6.5
            m.box((u, v, z), (.08, .08, tall), 0, grey)
            arm = (u, v - side * 1.0) if r.axis == "u" else (u - side * 1.0, v)
            m.box((*arm, z + tall), (.06, 1.0, .08) if r.axis == "u" else (1.0, .06, .08), 0, grey)
    put(m.build("lamps"), "lamps")


def heaps():
    """Three heaps of waste."""
    brick, grey, soil = plain("brick", (.20, .085, .06), vary=.3, scale=5), plain("rubble", (.21, .20, .185), vary=.3, scale=4), plain("soil", (.20, .16, .12), vary=.4, scale=3)
    bags = [plain(f"bag{i}", c, .45) for i, c in enumerate(((.02, .02, .025), (.75, .75, .73), (.08, .20, .45), (.50, .08, .06), (.62, .55, .40)))]
    wood = plain("wood", (.34, .23, .13), vary=.2, scale=3)
    for i, heap in enumerate(town.HEAPS):
        rng = np.random.default_rng(60 + i)
        m, n = Mesh(), 22
        def top(u, v):
            r = math.hypot(u - heap.u_m, v - heap.v_m) / heap.radius_m
            bump = .22 * math.sin(3.1 * u + i) * math.sin(2.7 * v) + .12 * math.sin(6.3 * u) * math.sin(5.1 * v + i)
            return float(town.height(u, v)) - .05 + max(0, (1 - r * r)) * (1.15 + bump)
        s = np.linspace(-1.05, 1.05, n) * heap.radius_m
        for a in range(n - 1):
            for b in range(n - 1):
                quad = [(heap.u_m + s[x], heap.v_m + s[y]) for x, y in ((a, b), (a + 1, b), (a + 1, b + 1), (a, b + 1))]
                m.face([(*q, top(*q)) for q in quad], grey if (heap.kind == "rubble") else soil)
        for _ in range(150 if heap.kind == "rubble" else 190):
            r, t = heap.radius_m * math.sqrt(rng.random()) * 1.1, rng.uniform(0, 2 * math.pi)
            u, v = heap.u_m + r * math.cos(t), heap.v_m + r * math.sin(t)
            if heap.kind == "rubble":
                size = rng.uniform(.08, .34, 3)
                kind = (brick, grey, grey, wood)[int(rng.integers(0, 4))]
            else:
                size = rng.uniform(.14, .42, 3)
                kind = bags[int(rng.integers(0, 5))] if rng.random() < .85 else wood
            if kind is wood:
                size = np.array([rng.uniform(.5, 1.0), .08, .06])
            m.box((u, v, top(u, v) - .08), tuple(size), rng.uniform(0, 3), kind)
        put(m.build(heap.name), heap.name)


def water_material():
    """Muddy flood water: brown body, glossy skin, small ripples, darker where it is only centimetres deep."""
    m = bpy.data.materials.new("water")
    m.use_nodes = True
    t = m.node_tree
    b = t.nodes["Principled BSDF"]
    b.inputs["Roughness"].default_value = .045
    b.inputs["IOR"].default_value = 1.9
    geo = t.nodes.new("ShaderNodeNewGeometry")
    tint = t.nodes.new("ShaderNodeTexNoise")
    tint.inputs["Scale"].default_value, tint.inputs["Detail"].default_value = .09, 2
    ramp = t.nodes.new("ShaderNodeValToRGB")
    ramp.color_ramp.elements[0].position, ramp.color_ramp.elements[1].position = .35, .68
    ramp.color_ramp.elements[0].color = (.135, .090, .049, 1)
    ramp.color_ramp.elements[1].color = (.172, .117, .067, 1)
    t.links.new(geo.outputs["Position"], tint.inputs["Vector"])
    t.links.new(tint.outputs["Fac"], ramp.inputs["Fac"])
    wave = t.nodes.new("ShaderNodeTexNoise")
    wave.noise_dimensions = "4D"
    wave.name = "wave"
    wave.inputs["Scale"].default_value, wave.inputs["Detail"].default_value = 1.1, 3
    bump = t.nodes.new("ShaderNodeBump")
    bump.inputs["Strength"].default_value, bump.inputs["Distance"].default_value = .8, .06
    t.links.new(geo.outputs["Position"], wave.inputs["Vector"])
    t.links.new(wave.outputs["Fac"], bump.inputs["Height"])
    t.links.new(bump.outputs["Normal"], b.inputs["Normal"])
    depth, shallow, mix = t.nodes.new("ShaderNodeAttribute"), t.nodes.new("ShaderNodeMapRange"), t.nodes.new("ShaderNodeMix")
    depth.attribute_name = "depth"
    shallow.inputs["From Min"].default_value, shallow.inputs["From Max"].default_value = 0.0, 0.03
    mix.data_type = "RGBA"
    mix.inputs["A"].default_value = (.055, .042, .030, 1)
    t.links.new(depth.outputs["Fac"], shallow.inputs["Value"])
    t.links.new(shallow.outputs["Result"], mix.inputs["Factor"])
    t.links.new(ramp.outputs["Color"], mix.inputs["B"])
    t.links.new(mix.outputs["Result"], b.inputs["Base Color"])
    return m


def water(bowl, level, material):
    """The water of one bowl at a level: a flat sheet over its ground, with depth on its points."""
    step = 0.25
    us = np.arange(bowl.u_m - 1.6 * bowl.semi_u_m, bowl.u_m + 1.6 * bowl.semi_u_m, step)
    vs = np.arange(bowl.v_m - 1.6 * bowl.semi_v_m, bowl.v_m + 1.6 * bowl.semi_v_m, step)
    uu, vv = np.meshgrid(us, vs)
    depth = level - town.height(uu, vv)
    depth = np.where(town.bowl_radius(bowl, uu, vv) < 1.6, depth, -1)
    n, k = len(vs), len(us)
    i = np.arange(n * k).reshape(n, k)
    wet = depth > 0
    keep = wet[:-1, :-1] | wet[:-1, 1:] | wet[1:, :-1] | wet[1:, 1:]
    quads = np.stack([i[:-1, :-1], i[:-1, 1:], i[1:, 1:], i[1:, :-1]], -1)[keep]
    points = np.stack([uu, vv, np.full(uu.shape, level)], -1).reshape(-1, 3)
    mesh = bpy.data.meshes.new(f"water_{bowl.name}")
    mesh.from_pydata(points.tolist(), [], quads.tolist())
    mesh.attributes.new("depth", "FLOAT", "POINT").data.foreach_set("value", depth.ravel().astype(np.float32))
    mesh.materials.append(material)
    return put(mesh, f"water_{bowl.name}")


def sky(source, paint):
    """A hazy, bright sky of broken cloud from the painted panorama, and a soft sun."""
    world = bpy.data.worlds.new("sky")
    bpy.context.scene.world = world
    world.use_nodes = True
    t = world.node_tree
    rgb = np.load(paint / "sky.npy")
    image = bpy.data.images.new("sky", rgb.shape[1], rgb.shape[0], float_buffer=True)
    rgba = np.concatenate([rgb, np.ones(rgb.shape[:2] + (1,), np.float32)], -1)
    image.pixels.foreach_set(rgba.astype(np.float32).ravel())
    tex = t.nodes.new("ShaderNodeTexEnvironment")
    tex.image = image
    t.links.new(tex.outputs["Color"], t.nodes["Background"].inputs["Color"])
    world.cycles.sampling_method, world.cycles.sample_map_resolution = "MANUAL", 256
    light = bpy.data.lights.new("sun", "SUN")
    light.energy, light.angle, light.color = 2.0, math.radians(4.0), (1, .965, .91)
    o = bpy.data.objects.new("sun", light)
    o.rotation_euler = (math.radians(90 - SUN_ELEVATION_DEG[source]), 0, math.radians(180 - SUN_AZIMUTH_TOWN_DEG[source]))
    bpy.context.scene.collection.objects.link(o)


def build(source, paint):
    """Builds the whole scene for "flight" or "street"; returns the water material."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    paint = Path(paint)
    items = town.buildings()
    ground(paint, source)
    kerbs()
    houses(paint, items)
    trees, cars = tree_meshes(), {}
    for u, v, scale, kind in town.trees(items):
        put(trees[kind], "tree", (u, v, float(town.height(u, v))), (u * 7 + v * 3) % 6.28, scale)
    for u, v, turn, colour, kind in town.cars(items):
        if (kind, colour) not in cars:
            cars[kind, colour] = car_mesh(kind, colour)
        put(cars[kind, colour], "car", (u, v, float(town.height(u, v))), turn)
    lamps()
    heaps()
    sky(source, paint)
    material = water_material()
    if source == "flight":
        for bowl in town.FLIGHT_BOWLS:
            water(bowl, town.full_level(bowl), material)
    return material
