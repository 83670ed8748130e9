"""Procedural product photography for the shop's demo catalogue.

Every product is a small function that models the object in decimetres (1 unit = 100 mm), so that objects keep their
true relative sizes when several stand in one picture. The studio (backdrop, lights, camera) is built around whatever
was modelled, scaled to it and framed automatically. Needs Blender as a module:  pip install bpy==5.0.1 pillow

    python studio.py --list                          names of all pictures
    python studio.py                                 everything: heroes, still lifes, variants, second views
    python studio.py dune-mug hero-1 --samples 64    all pictures of one product, and a still life
    python studio.py heroes --size 240x300 --samples 12 --out drafts
"""
import argparse
import os
import random
import time
from dataclasses import replace
from math import cos, pi, radians, sin
from typing import NamedTuple

import bpy  # before mathutils, which it brings along
from mathutils import Matrix, Vector
from PIL import Image

from kit import matte, mesh, move, rect, rgba, slab, Surface
from models import PRODUCTS, View

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # seed/

BACKDROPS = {
    "table": "#ece3d7", "kitchen": "#e3e5db", "lighting": "#cdb9a6", "furniture": "#e6e3db",
    "vases-planters": "#ecdfcf", "desk": "#dfe4e1", "bath": "#dde7e5", "decor": "#eee0d8",
}

# -- still lifes: (product, variant, x, y, turn in degrees, scale)

SCENES = {
    "hero-1": dict(
        size=(2000, 1100), backdrop="#e6dccf", window=True,
        view=View(az=-8, elev=9, fill=.62, aim=(.1, -.02), blur=.003, exposure=-.8), items=[
            ("flute-vase", "sage", -3.2, 1.2, 0), ("canopy-table-lamp", "clay", .2, 1.3, 0),
            ("simmer-pot", "charcoal", 3.6, .7, 12), ("drizzle-bottle", "chalk", 2.0, .9, 0),
            ("dune-mug", "oat", -1.2, -.9, 20), ("shoal-bowl", "rust", 1.4, -1.0, 0),
            ("wren-bird", "walnut", -2.5, -.7, 200), ("pinch-salt-cellar", "ink", 3.0, -1.2, 0)]),
    "hero-2": dict(
        size=(2000, 1100), backdrop="#dde2dd", window=True,
        view=View(az=10, elev=8, fill=.62, aim=(-.1, -.02), blur=.003, exposure=-.8), items=[
            ("reed-vase", "charcoal", 2.9, 1.0, 0), ("moonrise-globe-lamp", "oak", -.1, .9, 0),
            ("larder-jar", "butter", -2.4, .9, 0), ("halo-vase", "sand", -4.4, 1.0, 10),
            ("trio-bud-vases", "meadow", 1.5, -1.4, 0), ("dusk-pillar-candles", "blush", -2.0, -1.2, 30),
            ("shoal-bowl", "sage", 4.4, -.6, 0)]),
    "tile-table": dict(
        view=View(az=-14, elev=18, fill=.84), items=[
            ("ebb-plates", "chalk", -.7, .2, 0), ("rill-carafe", "clear", 1.3, .9, 0),
            ("dune-mug", "moss", 1.5, -.8, 0), ("rill-tumblers", "sea", 2.9, .3, 0)]),
    "tile-kitchen": dict(
        view=View(az=-14, elev=13, fill=.84), items=[
            ("ember-kettle", "chalk", -1.2, .2, 0), ("larder-jar", "moss", 1.1, .6, 0),
            ("larder-jar", "butter", 2.3, .1, 0), ("quarry-mortar", "marble", .7, -1.2, 0)]),
    "tile-lighting": dict(
        view=View(az=-10, elev=7, fill=.86), items=[
            ("pleat-lamp", "clay", -2.6, 0, 0), ("canopy-table-lamp", "sage", .4, .7, 0),
            ("moonrise-globe-lamp", "oak", 2.6, -.3, 0)]),
    "tile-furniture": dict(
        view=View(az=-24, elev=13, fill=.86), items=[
            ("lounge-low-chair", "moss", -4, 0, -8), ("drift-coffee-table", "oak", 3.2, -3.0, 0),
            ("tern-side-table", "charcoal", 3.4, 2.4, 0)]),
    "tile-vases-planters": dict(
        view=View(az=-12, elev=10, fill=.88), items=[
            ("halo-vase", "charcoal", -2.6, 0, 12), ("reed-vase", "clay", .1, .5, 0),
            ("flute-vase", "chalk", 2.5, .2, 0)]),
    "tile-desk": dict(
        view=View(az=-16, elev=24, fill=.84), items=[
            ("field-notebooks", "moss", -1.4, -.4, 0), ("reeded-pencil-cup", "walnut", .5, .9, 0),
            ("noon-desk-clock", "clay", 1.6, .3, -14)]),
    "tile-bath": dict(
        view=View(az=-18, elev=18, fill=.84), items=[
            ("loom-towels", "sage", -1.2, .5, 0, .6), ("still-dispenser", "chalk", .7, .5, 0),
            ("rinse-tumbler", "sea", 1.8, .3, 30), ("ripple-soap-dish", "blush", 1.2, -.9, 14)]),
    "tile-decor": dict(
        view=View(az=-14, elev=13, fill=.84), items=[
            ("dusk-pillar-candles", "chalk", -1.6, .3, 0), ("wren-bird", "oak", .45, -.5, 0),
            ("link-object", "rust", 3.3, .4, 14)]),
}


# ---------------------------------------------------------------------------------------------------------- studio

def place(slug, variant, x=0., y=0., turn=0., scale=1.):
    """Build a product and move it as a whole."""
    random.seed(slug + variant)
    before = set(bpy.data.objects)
    PRODUCTS[slug].build(variant)
    new = [o for o in bpy.data.objects if o not in before]
    move(new, (x, y, 0), (0, 0, turn), scale)
    return new


def vertices(objects=None):
    """World positions of all framed geometry, modifiers applied."""
    graph, out = bpy.context.evaluated_depsgraph_get(), []
    for o in objects or bpy.context.scene.objects:
        if o.type in {"MESH", "CURVE"} and o["framed"]:
            final = o.evaluated_get(graph)
            data = final.to_mesh()
            step = max(1, len(data.vertices) // 800)
            out += [final.matrix_world @ data.vertices[i].co for i in range(0, len(data.vertices), step)]
            final.to_mesh_clear()
    return out


FAMILY = {2: [(-.5, .35), (.5, -.35)], 3: [(-.71, .49), (.35, .66), (.68, -.69)],
          4: [(-.6, .95), (.66, .75), (-.62, -.55), (.62, -.75)]}


def place_family(slug):
    """All variants of a product in one group."""
    variants = PRODUCTS[slug].variants
    for i, (variant, (x, y)) in enumerate(zip(variants, FAMILY[len(variants)])):
        new = place(slug, variant)
        if i == 0:
            bpy.context.view_layer.update()
            xs = [v.x for v in vertices(new)]
            step = 1.02 * (max(xs) - min(xs))
        move(new, (x * step, y * step, 0))


def camera(view, points, aspect):
    """An 85 mm camera that sees all points, filling `view.fill` of the frame; returns its target and frame radius."""
    az, elev = radians(view.az), radians(view.elev)
    back = Vector((sin(az) * cos(elev), -cos(az) * cos(elev), sin(elev)))
    right = Vector((cos(az), sin(az), 0))
    up = back.cross(right)
    half = 18 / 85
    half_w, half_h = (half, half / aspect) if aspect > 1 else (half * aspect, half)
    target = sum(points, Vector()) / len(points)
    distance = 6 * max((p - target).length for p in points)
    for _ in range(12):
        xs, ys = [], []
        for p in points:
            ray = p - target
            depth = distance - ray.dot(back)
            xs.append(ray.dot(right) / depth / half_w)
            ys.append(ray.dot(up) / depth / half_h)
        target += right * (max(xs) + min(xs)) / 2 * half_w * distance + up * (max(ys) + min(ys)) / 2 * half_h * distance
        most = (.8, .84) if view.fill < 1 else (9, 9)
        distance *= max((max(xs) - min(xs)) / 2 / min(view.fill * 1.14, most[0]),
                        (max(ys) - min(ys)) / 2 / min(view.fill * 1.05, most[1]))
    lens = bpy.data.cameras.new("camera")
    lens.lens, lens.clip_end = 85, 10000
    lens.shift_x, lens.shift_y = -view.aim[0] * min(1, aspect), -view.aim[1] / max(1, aspect)
    lens.dof.use_dof, lens.dof.focus_distance = True, distance - .1 * distance * half
    lens.dof.aperture_fstop = .085 / (2 * view.blur * distance)
    o = bpy.data.objects.new("camera", lens)
    o.matrix_world = Matrix.Translation(target + back * distance) @ Matrix((right, up, back)).transposed().to_4x4()
    bpy.context.collection.objects.link(o)
    bpy.context.scene.camera = o
    return target, distance * half


def backdrop(view, points, size, colour):
    """A paper sweep: floor and wall joined by a wide curve, or by a tight one where the product leans on the wall."""
    wall = view.wall if view.wall is not None else max(p.y for p in points) + 1.5 * size
    bend = .02 * size if view.wall is not None else 1.5 * size
    floor = -6 * size if view.hang else 0
    profile = [(-8 * size, floor), (wall - bend, floor)]
    for i in range(1, 17):
        a = pi / 2 * i / 16
        profile.append((wall - bend + bend * sin(a), floor + bend - bend * cos(a)))
    profile += [(wall, floor + 16 * size)]
    verts = [(x * 14 * size, y, z) for y, z in profile for x in (-1, 1)]
    faces = [(2 * i, 2 * i + 1, 2 * i + 3, 2 * i + 2) for i in range(len(profile) - 1)]
    mesh(verts, faces, Surface("paper", colour, .92, Specular_IOR_Level=.15).material, framed=False)


def area_light(target, offset, size, watts, shape, colour):
    light = bpy.data.lights.new("light", "AREA")
    light.shape, light.size, light.size_y = "RECTANGLE", shape[0] * size, shape[1] * size
    light.energy, light.color = watts * size * size, rgba(colour)[:3]
    o = bpy.data.objects.new("light", light)
    o.location = target + Vector(offset) * size
    o.rotation_euler = (target - o.location).to_track_quat("-Z", "Y").to_euler()
    bpy.context.collection.objects.link(o)
    return o


def lights(target, size, window=False):
    """A tall window-like key from the left, a broad cool fill from the right, a soft top light, a dim white room."""
    area_light(target, (-2.5, -1.5, 2.1), size, 150 if not window else 60, (1.1, 1.9), "#fff1df")
    area_light(target, (3.0, -1.6, 1.2), size, 36, (2.4, 2.4), "#e9f0ff")
    area_light(target, (.5, .9, 3.2), size, 62, (1.8, 1.2), "#ffffff")
    if window:
        sun = area_light(target, (-7, -4.5, 5.2), size, 3200, (.35, .35), "#ffe6c4")
        frame = matte("#888888")
        holes = [rect(.62 * size, .78 * size, .01, (x * .7 * size, y * .86 * size)) for x in (-1, 0, 1) for y in (-.5,
                                                                                                                  .5)]
        gobo = slab([rect(14 * size, 14 * size, .01)] + holes, .02 * size, frame, .001, framed=False)
        gobo.matrix_basis = Matrix.Translation(target.lerp(sun.location, .42)) @ sun.rotation_euler.to_matrix().to_4x4()
        for ray in ("camera", "glossy", "transmission", "diffuse"):
            setattr(gobo, "visible_" + ray, False)
    world = bpy.data.worlds.new("room")
    bpy.context.scene.world = world
    world.use_nodes = True
    world.node_tree.nodes["Background"].inputs["Color"].default_value = rgba("#fbf8f2")
    world.node_tree.nodes["Background"].inputs["Strength"].default_value = .38


LOOK, EXPOSURE = "AgX - High Contrast", .38


def shoot(path, size, samples, exposure=0.):
    """Render to a JPEG."""
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.render.resolution_x, scene.render.resolution_y = size
    c = scene.cycles
    c.device, c.samples = "CPU", samples
    c.use_adaptive_sampling, c.adaptive_threshold, c.adaptive_min_samples = True, .05, 8
    c.use_denoising, c.denoiser, c.denoising_prefilter = True, "OPENIMAGEDENOISE", "FAST"
    c.denoising_quality = "BALANCED"
    c.max_bounces, c.diffuse_bounces, c.glossy_bounces, c.transmission_bounces = 9, 3, 3, 9
    c.caustics_reflective = c.caustics_refractive = False
    c.sample_clamp_indirect = 6
    scene.view_settings.view_transform = "AgX"
    scene.view_settings.look = LOOK
    scene.view_settings.exposure = EXPOSURE + exposure
    scene.render.dither_intensity = 1
    scene.render.filepath = path + ".png"
    bpy.ops.render.render(write_still=True)
    with Image.open(path + ".png") as picture:
        picture.convert("RGB").save(path, quality=88, optimize=True, progressive=True)
    os.remove(path + ".png")


class Picture(NamedTuple):
    group: str                # heroes, scenes, variants or details: the order in which they are rendered
    slug: str = None          # the product, None for a still life
    variant: str = None
    second: bool = False      # the second view


def pictures():
    """All pictures by name."""
    goods = PRODUCTS.values()
    out = {p.slug: Picture("heroes", p.slug, p.variants[0]) for p in goods}
    out |= {name: Picture("scenes") for name in SCENES}
    out |= {f"{p.slug}-{v}": Picture("variants", p.slug, v) for p in goods for v in p.variants[1:]}
    out |= {p.slug + "-2": Picture("details", p.slug, p.variants[0], True) for p in goods if p.second}
    return out


def take(name, size, samples, path):
    """Model, light, frame and render one picture."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    picture, window = pictures()[name], False
    if picture.group == "scenes":
        scene = SCENES[name]
        view, window = scene["view"], scene.get("window", False)
        paper = scene.get("backdrop") or BACKDROPS[name.removeprefix("tile-")]
        for item in scene["items"]:
            place(*item)
    else:
        p = PRODUCTS[picture.slug]
        paper = BACKDROPS[p.category]
        settings = dict(p.second) if picture.second else {}
        if settings.pop("family", False):
            place_family(p.slug)
            settings.setdefault("fill", .78)
        else:
            place(p.slug, picture.variant)
        view = replace(p.view, **settings)
        if p.category == "lighting":
            view.exposure -= .22     # so that a lit shade reads as lit
    bpy.context.view_layer.update()
    points = vertices()
    target, radius = camera(view, points, size[0] / size[1])
    radius *= .5 if size[0] > size[1] else .62
    backdrop(view, points, radius, paper)
    lights(target, radius, window)
    shoot(path, size, samples, view.exposure)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="pictures, products, or: heroes, scenes, variants, details")
    parser.add_argument("--size", default="960x1200", help="of product pictures; still lifes keep their proportions")
    parser.add_argument("--samples", type=int, default=64)
    parser.add_argument("--out", default=os.path.join(HERE, "photos"))
    parser.add_argument("--new", action="store_true", help="skip pictures that exist")
    parser.add_argument("--until", help="start no picture after this local time, HH:MM")
    parser.add_argument("--list", action="store_true")
    args = parser.parse_args()
    wanted, known = set(args.names), {}
    for name, picture in pictures().items():
        known[name] = {name, picture.group, picture.slug}
    if unknown := wanted - set().union(*known.values()):
        parser.error("no such picture: " + ", ".join(sorted(unknown)))
    todo = [name for name, labels in known.items() if not wanted or labels & wanted]
    if args.list:
        return print("\n".join(todo))
    os.makedirs(args.out, exist_ok=True)
    width, height = (int(n) for n in args.size.split("x"))
    for name in todo:
        path = os.path.abspath(os.path.join(args.out, name + ".jpg"))
        if args.new and os.path.exists(path):
            continue
        if args.until and time.strftime("%H:%M") >= args.until:
            break
        size = (width, height)
        if name in SCENES:
            full = SCENES[name].get("size", (1200, 900))
            size = tuple(round(n * width / 960) for n in full)
        began = time.time()
        take(name, size, args.samples, path)
        print(f"{name:36} {time.time() - began:6.1f} s {os.path.getsize(path) // 1024:4} kB", flush=True)


if __name__ == "__main__":
    main()
