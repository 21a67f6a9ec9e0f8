"""What stands where in the demo scene.

Conventions: world units, x right, y up, z towards the viewer.  The table top is y = 0, the wall is
the plane z = -3.02, and the middle camera stands at (0, 0.64, 0).  An Item is a mesh in world
space with its image; soft = True gives it the faint, wide sheen of glazed ware.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import textures as paint_of
from paint import (
    BLUSH,
    COCOA,
    CREAM,
    INDIGO,
    MADDER,
    NAVY,
    OLIVE,
    SAFFRON,
    TEAL,
    TERRACOTTA,
    Image,
    Rgb,
    Rng,
    cloud,
)
from shapes import (
    Mesh,
    Points,
    ball,
    block,
    dish,
    frond,
    joined,
    lathe,
    panel,
    surface,
    tube,
    volume,
)

WALL_Z = -3.02


@dataclass
class Item:
    """One body of the scene."""

    name: str
    mesh: Mesh
    image: Image
    soft: bool = False


def table_and_wall(rng: Rng) -> Iterator[Item]:
    """The embroidered cloth, gently rumpled, and the mural behind it."""
    rumple = cloud((200, 400), rng, 4.0, 3)

    def cloth(u: Points, v: Points) -> tuple[Points, Points, Points]:
        lift = rumple[(v * 199).astype(int), (u * 399).astype(int)]
        return (u - 0.5) * 4.8, np.minimum(0.006 * lift - 0.014, 0.0), WALL_Z + v * 2.8

    yield Item("cloth", surface(cloth, 240, 140), paint_of.embroidered_cloth(3600, 2100, rng))
    wall = panel(4.8, 1.9).moved(y=-0.1, z=WALL_Z)
    yield Item("wall", wall, paint_of.wallpaper(2400, 950, rng))


def framed(name: str, image: Image, x: float, y: float, width: float, rng: Rng) -> Iterator[Item]:
    """A picture in a wooden frame on the wall, its lower edge at height y."""
    height, edge, deep = width * image.shape[0] / image.shape[1], 0.05, 0.06
    yield Item(name, panel(width, height).moved(x, y, WALL_Z + 0.02), image)
    slats = [
        block(width + 2 * edge, edge, deep).moved(x, y + dy, WALL_Z + deep / 2)
        for dy in (-edge, height)
    ]
    slats += [
        block(height, edge, deep).turned("z", 90).moved(x + dx, y, WALL_Z + deep / 2)
        for dx in (-width / 2, width / 2 + edge)
    ]
    slats[2:] = [s.moved(y=height / 2) for s in slats[2:]]
    wood = paint_of.plank(700, 60, rng, (92, 54, 26), (214, 158, 84))
    yield Item(f"{name}-frame", joined(slats), wood)


def shelf_row(name: str, left: float, right: float, z: float, rng: Rng) -> Iterator[Item]:
    """Upright books side by side between two x positions, spines towards the viewer."""
    x, k = left, 0
    while x < right:
        thick = rng.uniform(0.062, 0.125)
        tall, deep = rng.uniform(0.36, 0.56), rng.uniform(0.2, 0.26)
        lean = rng.uniform(-1.5, 1.5)
        mesh = volume(thick, tall, deep).turned("z", lean)
        mesh = mesh.turned("y", rng.uniform(-3, 3)).moved(x + thick / 2, 0.004, z)
        yield Item(f"{name}-{k}", mesh, paint_of.book(rng, k))
        x, k = x + thick + 0.012, k + 1


def book_pile(x: float, z: float, rng: Rng) -> Iterator[Item]:
    """Three books lying on one another."""
    y = 0.0
    for k, (thick, turn) in enumerate(((0.1, 14), (0.085, -5))):
        mesh = volume(thick, 0.4 - 0.03 * k, 0.27 - 0.02 * k).moved(y=-(0.4 - 0.03 * k) / 2)
        mesh = mesh.turned("z", 90).turned("y", turn).moved(x, y + thick / 2, z)
        yield Item(f"pile-{k}", mesh, paint_of.book(rng, 3 * k + 1))
        y += thick + 0.002


def open_book(x: float, z: float, turn: float, rng: Rng) -> Iterator[Item]:
    """An open book: two arched pages over their page edges and a cover."""
    wide, tall = 0.27, 0.35

    def arch(s: Points) -> Points:
        return 0.022 + 0.034 * np.sin(np.pi * np.clip(s, 0, 1) ** 0.5) * (1 - 0.35 * s)

    for side, name in ((-1, "left"), (1, "right")):

        def sheet(u: Points, v: Points, side: int = side) -> tuple[Points, Points, Points]:
            s = 1 - u if side < 0 else u
            return side * s * wide, arch(s), (v - 0.5) * tall

        def skirt(u: Points, v: Points, side: int = side) -> tuple[Points, Points, Points]:
            s = 1 - u if side < 0 else u
            return side * s * wide, arch(s) * (1 - v), tall / 2 + 0 * u

        def flank(u: Points, v: Points, side: int = side) -> tuple[Points, Points, Points]:
            return side * wide + 0 * u, arch(1 + 0 * u) * (1 - v), (u - 0.5) * tall

        def put(mesh: Mesh) -> Mesh:
            return mesh.turned("x", 3).turned("y", turn).moved(x, 0.02, z)

        yield Item(f"page-{name}", put(surface(sheet, 40, 2)), paint_of.page(rng, side < 0))
        edge = joined(
            [
                surface(skirt, 40, 1, (0.6, 0, 0.9, 0.1)),
                surface(flank, 1, 1, (0.6, 0.3, 1.0, 0.4)),
                block(wide + 0.02, 0.008, tall + 0.03, (0.22, 0, 0.5, 0.05)).moved(
                    side * (wide + 0.02) / 2, -0.008
                ),
            ]
        )
        yield Item(f"page-edge-{name}", put(edge), paint_of.book(rng, 1))


def globe(x: float, z: float, rng: Rng) -> Iterator[Item]:
    """A tilted globe in a wooden meridian ring on a turned foot."""
    radius, centre = 0.235, 0.37
    sphere = ball(radius, 1.0, 128, 64).turned("y", -60).turned("z", -20)
    yield Item("globe", sphere.moved(x, centre, z), paint_of.world_map(1600, 800, rng))
    arc = np.radians(np.linspace(-80, 262, 70) + 20)
    ring = np.stack([np.cos(arc), np.sin(arc), 0 * arc], axis=1) * (radius + 0.022)
    wood = paint_of.banded(500, 900, rng, (COCOA, (206, 150, 76), MADDER, SAFFRON), 40)
    yield Item("meridian", tube(ring, 0.012).moved(x, centre, z), wood)
    foot = lathe(
        [(0.02, 0.12), (0.035, 0.1), (0.022, 0.075), (0.05, 0.05), (0.14, 0.03), (0.15, 0.0)]
    )
    stand = paint_of.banded(600, 300, rng, (COCOA, (206, 150, 76), MADDER, SAFFRON), 7)
    yield Item("globe-foot", foot.moved(x, 0.0, z), stand)


def flower(radius: float, count: int, cup: float, slim: float, rng: Rng) -> Mesh:
    """Petals in two whorls round the +y axis; cup is how far they rise from the plane, radians."""
    parts = []
    for whorl, size in ((0, 1.0), (1, 0.72)):
        for k in range(count):
            length = radius * size * rng.uniform(0.9, 1.08)
            grown = frond(length, radius * slim, 0.7, 0.35, 1.5, 0.12)
            open_by = 90 - np.degrees(cup) * (1 + 0.6 * whorl) + rng.uniform(-7, 7)
            tilted = grown.turned("x", open_by)
            parts.append(tilted.turned("y", 360 * (k + 0.5 * whorl) / count + rng.uniform(-6, 6)))
    return joined(parts)


def blossoms(mouth: Points, reach: float, rng: Rng) -> Iterator[Item]:
    """Flowers on a dome above a vase's mouth, with their stems."""
    looks: tuple[tuple[Rgb, Rgb, Rgb], ...] = (
        (NAVY, MADDER, (226, 92, 70)),
        (SAFFRON, CREAM, (250, 240, 222)),
        (MADDER, (226, 120, 60), SAFFRON),
        (CREAM, BLUSH, (206, 96, 110)),
        (NAVY, (96, 84, 160), (172, 164, 214)),
        (COCOA, SAFFRON, (248, 214, 110)),
    )
    count = 19
    for k in range(count):
        rise, spin = np.arccos(1 - 0.97 * (k + 0.6) / count), k * 2.39996 + 0.4
        way = np.array([np.sin(rise) * np.cos(spin), np.cos(rise), np.sin(rise) * np.sin(spin)])
        head = mouth + way * reach * (1.0, 1.15, 0.8) * rng.uniform(0.86, 1.1)
        size, many = rng.uniform(0.066, 0.098), int(rng.choice([5, 6, 8, 12]))
        mesh = flower(size, many, rng.uniform(0.2, 0.55), 4.4 / many + 0.12, rng)
        gaze = way + np.array((0.0, 0.15, 0.55))
        skin = paint_of.petal_skin(rng, *looks[k % len(looks)])
        yield Item(f"flower-{k}", mesh.aimed(gaze).moved(*head), skin)
        core = paint_of.fruit_skin(rng, COCOA, (120, 80, 30), (240, 206, 110))
        gaze /= np.linalg.norm(gaze)
        yield Item(f"core-{k}", ball(0.2 * size).moved(*(head + 0.1 * size * gaze)), core)
        stalk = mouth + np.linspace(0, 1, 9)[:, None] ** (1.0, 0.8, 1.0) * (head - mouth)
        yield Item(
            f"stalk-{k}",
            tube(stalk, 0.006),
            paint_of.fruit_skin(rng, (40, 70, 36), (92, 124, 56), (30, 50, 30)),
        )


def bouquet(x: float, z: float, rng: Rng) -> Iterator[Item]:
    """The blue and white vase with its flowers and some leaves."""
    profile = [
        (0.072, 0.35),
        (0.062, 0.325),
        (0.056, 0.29),
        (0.085, 0.24),
        (0.128, 0.17),
        (0.125, 0.1),
        (0.085, 0.03),
        (0.078, 0.0),
    ]
    yield Item("delft", lathe(profile).moved(x, 0.0, z), paint_of.delft(1300, 640, rng), True)
    mouth = np.array([x, 0.33, z])
    yield from blossoms(mouth, 0.265, rng)
    for k in range(16):
        spin = k * 2.39996 + 1.0
        mesh = frond(rng.uniform(0.2, 0.31), 0.085, 0.9, 0.3).turned("x", rng.uniform(38, 72))
        mesh = mesh.turned("y", np.degrees(spin)).moved(*mouth)
        yield Item(f"spray-{k}", mesh, paint_of.blade(rng))


def plant(x: float, y: float, z: float, rng: Rng) -> Iterator[Item]:
    """A calathea in a painted pot whose foot stands at height y."""
    pot = lathe([(0.165, 0.26), (0.172, 0.25), (0.168, 0.22), (0.15, 0.1), (0.115, 0.0)])
    colours = (CREAM, TERRACOTTA, INDIGO, SAFFRON, (120, 40, 36))
    yield Item("pot", pot.moved(x, y, z), paint_of.banded(1200, 380, rng, colours, 5), True)
    soil = lathe([(0.001, 0.222), (0.16, 0.22)], 40, 4)
    yield Item("soil", soil.moved(x, y, z), paint_of.fruit_skin(rng, NAVY, COCOA, (150, 110, 70)))
    count = 19
    for k in range(count):
        part = k / count
        spin, out = (k * 61.8 + 20) % 230 - 115, 4 + 52 * part + rng.uniform(-4, 4)
        rise = 0.36 - 0.27 * part + rng.uniform(-0.03, 0.03)
        stem = frond(0.29 - 0.04 * part, 0.19, 0.8, 0.12, 0.8, 0.05).moved(y=rise)
        mesh = stem.turned("x", out).turned("y", spin).moved(x, y + 0.2, z)
        yield Item(f"leaf-{k}", mesh, paint_of.blade(rng))
        rod = tube(np.linspace((0, 0, 0), (0, rise, 0), 5), 0.007)
        yield Item(
            f"rod-{k}",
            rod.turned("x", out).turned("y", spin).moved(x, y + 0.2, z),
            paint_of.fruit_skin(rng, (110, 60, 60), (150, 130, 80), (60, 80, 50)),
        )


def pottery(rng: Rng) -> Iterator[Item]:
    """The tall amphora, a jug with a handle, a cup and a small round pot."""
    amphora = lathe(
        [
            (0.09, 0.72),
            (0.075, 0.7),
            (0.055, 0.6),
            (0.11, 0.52),
            (0.185, 0.4),
            (0.165, 0.24),
            (0.085, 0.06),
            (0.1, 0.0),
        ]
    )
    reds = ((206, 116, 66), (48, 30, 26), (226, 176, 116), (140, 52, 38), (40, 26, 24))
    skin = paint_of.banded(1300, 1000, rng, reds, 11)
    yield Item("amphora", amphora.moved(0.93, 0.0, -2.12), skin, True)
    jug = lathe(
        [
            (0.062, 0.34),
            (0.052, 0.32),
            (0.05, 0.28),
            (0.105, 0.2),
            (0.112, 0.12),
            (0.075, 0.02),
            (0.07, 0.0),
        ]
    )
    greens = (TEAL, CREAM, SAFFRON, (36, 66, 84), MADDER)
    yield Item("jug", jug.moved(0.6, 0.0, -2.32), paint_of.banded(1000, 620, rng, greens, 8), True)
    bow = np.linspace(-1.25, 1.35, 24)
    loop = np.stack([0.1 * np.cos(bow) + 0.06, 0.085 * np.sin(bow) + 0.22, 0 * bow], axis=1)
    yield Item(
        "handle",
        tube(loop, 0.013).moved(0.6, 0.0, -2.32),
        paint_of.banded(300, 600, rng, greens, 16),
    )
    cup = lathe([(0.078, 0.12), (0.074, 0.1), (0.066, 0.05), (0.048, 0.012), (0.05, 0.0)])
    warm = (CREAM, MADDER, TEAL, SAFFRON, INDIGO)
    yield Item("cup", cup.moved(-0.6, 0.19, -1.33), paint_of.banded(900, 260, rng, warm, 4), True)
    squat = lathe([(0.05, 0.18), (0.06, 0.165), (0.12, 0.11), (0.115, 0.05), (0.06, 0.0)])
    dark = (INDIGO, (226, 196, 140), TERRACOTTA, OLIVE, CREAM)
    skin = paint_of.banded(1100, 360, rng, dark, 6)
    yield Item("pot-round", squat.moved(0.68, 0.0, -1.64), skin, True)


def fruit_bowl(x: float, z: float, rng: Rng) -> Iterator[Item]:
    """A majolica bowl of fruit."""
    bowl = lathe(
        [(0.15, 0.108), (0.182, 0.118), (0.172, 0.1), (0.12, 0.04), (0.07, 0.016), (0.082, 0.0)]
    )
    inks = (CREAM, INDIGO, SAFFRON, TEAL, MADDER)
    yield Item("bowl", bowl.moved(x, 0.0, z), paint_of.banded(1300, 330, rng, inks, 4), True)
    skins: tuple[tuple[Rgb, Rgb, Rgb, bool], ...] = (
        ((186, 40, 34), (232, 176, 74), CREAM, True),
        ((222, 128, 30), (250, 178, 64), TERRACOTTA, False),
        ((120, 26, 48), (206, 88, 70), SAFFRON, False),
        ((226, 186, 48), (246, 222, 110), OLIVE, False),
        ((150, 160, 60), (222, 210, 110), COCOA, True),
        ((176, 50, 40), (220, 120, 60), CREAM, True),
    )
    spots = (
        (-0.085, 0.13, 0.045),
        (0.05, 0.13, 0.075),
        (0.0, 0.132, -0.07),
        (0.1, 0.13, -0.035),
        (-0.085, 0.14, -0.06),
        (0.005, 0.215, 0.008),
    )
    for k, (look, spot) in enumerate(zip(skins, spots, strict=True)):
        shape = ball(rng.uniform(0.066, 0.078), 1.2 if k == 3 else 0.93)
        shape = shape.turned("z", rng.uniform(-40, 40)).turned("y", rng.uniform(0, 360))
        spotted = shape.moved(x + spot[0], spot[1], z + spot[2])
        yield Item(f"fruit-{k}", spotted, paint_of.fruit_skin(rng, *look), True)


def small_things(rng: Rng) -> Iterator[Item]:
    """The marquetry chest, leaning tiles, a marbled box, plates on the wall and two lemons."""
    chest = block(0.62, 0.27, 0.34, (0, 0, 1, 0.62), (0.3, 0, 0.8, 0.62), (0, 0.1, 1, 1))
    chest = chest.turned("y", -7).moved(0.32, 0.004, -2.5)
    yield Item("chest", chest, paint_of.marquetry(1000, 620, rng))
    for k, (x, z, turn) in enumerate(((-0.06, -2.42, 5), (1.25, -2.4, -22))):
        slab = block(0.29, 0.29, 0.018).turned("x", -13).turned("y", turn)
        yield Item(f"tile-{k}", slab.moved(x, 0.006, z), paint_of.tile(420, rng), True)
    box = block(0.42, 0.16, 0.36, (0, 0, 1, 0.5), (0, 0.4, 0.8, 0.9), (0, 0, 1, 1))
    yield Item("box", box.turned("y", 12).moved(-1.0, 0.002, -2.2), paint_of.marbled(700, 700, rng))
    spots = ((-1.42, 0.98, 0.19), (-1.1, 0.74, 0.14))
    for k, (x, y, radius) in enumerate(spots):
        plate = dish(radius, 0.035).moved(x, y, WALL_Z + 0.012)
        yield Item(f"plate-{k}", plate, paint_of.plate(420, rng), True)
    for k, (x, z) in enumerate(((0.26, -1.03), (0.1, -1.42))):
        skin = paint_of.fruit_skin(rng, (226, 150, 40), (248, 210, 90), (150, 84, 30))
        lemon = ball(0.05, 1.25).turned("z", 80 - 50 * k).turned("y", 40 + 70 * k)
        yield Item(f"lemon-{k}", lemon.moved(x, 0.05, z), skin, True)


def still_life(seed: int) -> list[Item]:
    """All bodies of the scene; each group draws from a generator of its own."""
    groups: list[Callable[[Rng], Iterator[Item]]] = [
        table_and_wall,
        lambda r: framed("landscape", paint_of.landscape(1000, 640, r), 0.28, 0.56, 0.86, r),
        lambda r: framed("chart", paint_of.chart(640, 520, r), -0.62, 0.68, 0.5, r),
        lambda r: framed("botanical", paint_of.botanical(480, 640, r), 1.2, 0.62, 0.42, r),
        lambda r: shelf_row("left", -1.95, -0.2, -2.8, r),
        lambda r: shelf_row("right", 0.75, 1.95, -2.8, r),
        lambda r: book_pile(-0.55, -1.33, r),
        lambda r: open_book(-0.06, -1.14, 10, r),
        lambda r: globe(-0.42, -1.86, r),
        lambda r: bouquet(0.24, -1.78, r),
        lambda r: plant(-1.0, 0.162, -2.2, r),
        pottery,
        lambda r: fruit_bowl(0.48, -1.27, r),
        small_things,
    ]
    seeds = np.random.SeedSequence(seed).spawn(len(groups))
    return [
        item
        for group, s in zip(groups, seeds, strict=True)
        for item in group(np.random.default_rng(s))
    ]
