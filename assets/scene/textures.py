"""The painted surfaces of the demo scene, each a function of its random generator alone.

See paint.py for the conventions of images, colours and canvases.  Where a picture goes round a
body of revolution its left edge continues its right one.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import cv2
import numpy as np
from paint import (
    BLUSH,
    COCOA,
    CREAM,
    INDIGO,
    LEAF,
    MADDER,
    MIXED,
    NAVY,
    OLIVE,
    PARCHMENT,
    SAFFRON,
    TEAL,
    TERRACOTTA,
    WARM,
    Canvas,
    Image,
    Rgb,
    Rng,
    aged,
    cloud,
    glyphs,
    lattice,
    leaf,
    petals,
    pick,
    ramp,
    rosette,
    scatter,
    shade,
    threads,
    vary,
    vine,
)

GREENS: tuple[Rgb, ...] = (LEAF, OLIVE, (86, 128, 84), (140, 146, 74), (52, 92, 80))


def embroidered_cloth(width: int, height: int, rng: Rng) -> Image:
    """Table cloth in the manner of a suzani: rosettes, vines and sprigs on a cream ground."""
    canvas = Canvas(ramp(0.5 + 0.2 * cloud((height, width), rng), [(214, 190, 146), CREAM]))
    for point in scatter(width, height, 112, 900, rng):
        vine(canvas, point, rng.uniform(0, 6.28), rng.uniform(150, 320), 50, GREENS, rng, OLIVE)
    for radius, gap in ((118, 320), (68, 180), (36, 104)):
        for point in scatter(width, height, gap, 600, rng):
            rosette(canvas, point, radius * rng.uniform(0.75, 1.2), rng)
    for point in scatter(width, height, 42, 4000, rng):
        x, y = int(point[0]), int(point[1])
        if canvas.image[y, x].min() > 130:
            canvas.polygon(
                petals(point, rng.uniform(9, 16), 5, 0.5, rng.uniform(0, 6)), pick(MIXED, rng)
            )
            canvas.disc(point, 4, SAFFRON)
    return threads(aged(canvas.image, rng), rng)


def wallpaper(width: int, height: int, rng: Rng) -> Image:
    """A mural of climbing vines, blossoms and berries on deep teal."""
    canvas = Canvas(ramp(0.5 + 0.25 * cloud((height, width), rng), [(12, 46, 56), (34, 86, 90)]))
    shadow = ((32, 88, 90), (48, 112, 104), (24, 72, 92), (66, 122, 98))
    for point in scatter(width, height, 60, 1400, rng):
        vine(canvas, point, rng.uniform(0, 6.28), 220, 46, shadow, rng, (18, 58, 66))
    bright = ((128, 150, 84), (168, 166, 96), (92, 140, 108), (196, 178, 110), (70, 124, 110))
    for point in scatter(width, height, 112, 1200, rng):
        vine(
            canvas,
            point,
            rng.uniform(-2.4, -0.7),
            rng.uniform(200, 360),
            56,
            bright,
            rng,
            (150, 124, 70),
        )
    for radius, gap in ((62, 220), (36, 128)):
        for point in scatter(width, height, gap, 700, rng):
            rosette(
                canvas,
                point,
                radius * rng.uniform(0.7, 1.2),
                rng,
                (CREAM, BLUSH, TERRACOTTA, SAFFRON, (214, 120, 96)),
                (60, 40, 44),
            )
    return aged(canvas.image, rng)


def landscape(width: int, height: int, rng: Rng) -> Image:
    """A painted evening: a large sun behind ranges of hatched, wooded hills."""
    rows = np.linspace(0, 1, height)[:, None]
    streaks = cv2.resize(cloud((height, max(8, width // 9)), rng, 2.4), (width, height))
    sky = ramp(rows * 1.5 + 0.09 * streaks, [INDIGO, (150, 90, 120), BLUSH, SAFFRON, CREAM])
    canvas = Canvas(sky)
    for k, colour in enumerate([(244, 176, 96), (250, 204, 120), (252, 232, 176)]):
        canvas.disc((0.62 * width, 0.36 * height), (0.2 - 0.035 * k) * height, colour)
    tones: tuple[Rgb, ...] = (
        (176, 120, 130),
        (130, 96, 120),
        (180, 100, 66),
        (92, 104, 92),
        (62, 92, 70),
        (120, 84, 44),
        (30, 54, 52),
    )
    x = np.arange(width)
    for k, tone in enumerate(tones):
        white = rng.standard_normal((1, width))
        waves = cv2.GaussianBlur(white, (0, 0), sigmaX=width / (14 + 3 * k))
        crest = height * (0.42 + 0.085 * k + 0.05 * waves[0] / waves.std() - 0.02 * np.cos(x / 90))
        for row in range(12):
            line = crest + (0.012 * row + 0.0012 * row**2) * height
            band = np.stack([x, line], axis=1)
            below = np.concatenate([band, [(width, height), (0, height)]])
            canvas.polygon(below, vary(tone, rng, 0.25))
        for _ in range(12 * k):
            i = int(rng.integers(width))
            tall = rng.uniform(0.02, 0.035) * (1 + 0.45 * k) * height
            foot = (i, crest[i] + rng.uniform(0.01, 0.07) * height)
            leaf(canvas, foot, -np.pi / 2, tall, pick((LEAF, OLIVE, (30, 62, 54)), rng), rng, 0.2)
    return aged(canvas.image, rng, 0.06, 0.03)


def _coloured_relief(relief: np.ndarray, biome: np.ndarray) -> Image:
    """Map colours of a height field: sea below 0, land above, dark along the coast."""
    sea = ramp(np.clip(1 + relief * 1.6, 0, 1), [(36, 92, 112), (92, 150, 150), (168, 196, 172)])
    land = ramp(
        np.clip(relief * 1.2 + 0.22 * biome + 0.3, 0, 1),
        [(196, 168, 84), (150, 150, 76), (222, 180, 104), (196, 110, 62), (140, 74, 54), CREAM],
    )
    image = np.where((relief > 0)[..., None], land, sea)
    level = np.abs((relief * 9) % 1 - 0.5)
    image = shade(image, np.where((level > 0.44) & (relief < 0), 0.8, 1.0))
    return shade(image, 1 - 0.75 * np.exp(-((relief / 0.018) ** 2)))


def world_map(width: int, height: int, rng: Rng, labels: int = 90) -> Image:
    """Equirectangular map of made-up continents with names, mountains and a graticule."""
    longitude = np.linspace(0, 2 * np.pi, width, endpoint=False)[None, :]
    latitude = np.linspace(np.pi / 2, -np.pi / 2, height)[:, None]
    ball = np.stack(
        [
            np.cos(latitude) * np.cos(longitude),
            np.cos(latitude) * np.sin(longitude),
            np.sin(latitude) + 0 * longitude,
        ],
        axis=-1,
    )
    relief = lattice(ball, rng) + 0.06
    canvas = Canvas(_coloured_relief(relief, lattice(ball, rng, 4, 5.0)), wrap=True)
    for k in range(1, 12):
        canvas.line([(0, height * k / 12), (width, height * k / 12)], (112, 92, 70), 1)
        for half in (0, 1):
            x = width * (k + 12 * half) / 24
            canvas.line([(x, 0), (x, height)], (112, 92, 70), 1)
    for point in scatter(width, height, height / 22, 1200, rng):
        r = relief[int(point[1]), int(point[0])]
        size = height / 60
        if r > 0.22:
            ridge = point + np.array([(-size, size), (0, -size), (size, size)])
            canvas.polygon(ridge, COCOA)
            canvas.polygon(ridge + np.array((0.35 * size, 0.5)), (232, 206, 160))
        elif labels > 0:
            labels -= 1
            glyphs(
                canvas,
                point,
                size * 1.5,
                int(rng.integers(4, 9)),
                COCOA if r > 0 else (20, 50, 66),
                rng,
            )
    return aged(canvas.image, rng)


def chart(width: int, height: int, rng: Rng) -> Image:
    """An old sea chart: islands, rhumb lines, a compass rose, a title and a border."""
    x, y = np.meshgrid(np.linspace(0, width / height * 1.6, width), np.linspace(0, 1.6, height))
    grid = np.stack([x, y, 0 * x], axis=-1)
    relief = lattice(grid, rng) - 0.02
    canvas = Canvas(_coloured_relief(relief, lattice(grid, rng, 4, 5.0)))
    canvas.image = (0.72 * canvas.image + 0.28 * np.array(PARCHMENT)).astype(np.uint8)
    rose = np.array([0.7 * width, 0.72 * height])
    for k in range(16):
        way = np.array([np.cos(k * np.pi / 8 + 0.1), np.sin(k * np.pi / 8 + 0.1)])
        canvas.line([rose, rose + way * height * 1.6], (140, 84, 60), 1)
    rosette(canvas, rose, 0.12 * height, rng)
    for point in scatter(width, height, height / 12, 300, rng):
        glyphs(canvas, point, height / 42, int(rng.integers(4, 10)), COCOA, rng)
    canvas.polygon(
        np.array([(0.1, 0.07), (0.62, 0.07), (0.62, 0.18), (0.1, 0.18)]) * (width, height), CREAM
    )
    glyphs(canvas, (0.13 * width, 0.155 * height), height / 14, 9, MADDER, rng)
    return aged(canvas.image, rng)


def botanical(width: int, height: int, rng: Rng) -> Image:
    """A botanical plate: flowering stems on foxed paper with lines of notes."""
    canvas = Canvas(ramp(0.5 + 0.25 * cloud((height, width), rng), [PARCHMENT, CREAM]))
    for k in range(7):
        start = np.array([width * (0.5 + 0.02 * (k - 3)), 0.86 * height])
        path = vine(
            canvas,
            start,
            -np.pi / 2 + 0.24 * (k - 3),
            height * rng.uniform(0.75, 1.05),
            width / 8,
            GREENS,
            rng,
            OLIVE,
        )
        rosette(canvas, path[-1], width * rng.uniform(0.1, 0.15), rng, WARM, (96, 30, 34))
    for row in range(3):
        glyphs(canvas, (0.14 * width, (0.9 + 0.03 * row) * height), height / 46, 24, COCOA, rng)
    return aged(canvas.image, rng, 0.05, 0.09)


def marbled(width: int, height: int, rng: Rng, colours: Sequence[Rgb] = MIXED) -> Image:
    """Combed marbled paper: warped colour bands with dark veins."""
    y, x = np.mgrid[0:height, 0:width] / height
    fold = 0.16 * cloud((height, width), rng, 3.6) + 0.03 * cloud((height, width), rng, 3.0, 6)
    comb = 0.07 * np.abs(((x * 7 + 0.7 * cloud((height, width), rng, 3.6)) % 2) - 1)
    phase = (y + fold + comb) * 17
    order = rng.integers(0, len(colours), 512)
    shades = np.array([vary(colours[k], rng, 0.2) for k in order] + [CREAM] * 64)
    index = np.floor(phase).astype(int) % 512
    edge = np.minimum(phase % 1, 1 - phase % 1)
    image = shades[index].astype(np.uint8)
    return aged(shade(image, np.where(edge < 0.07, 0.45, 1.0)), rng, 0.04, 0.04)


def plank(
    width: int, height: int, rng: Rng, dark: Rgb = COCOA, light: Rgb = (176, 116, 66)
) -> Image:
    """Wood with grain along x and a few knots."""
    y = np.linspace(0, 1, height)[:, None] * 5
    bend = cv2.resize(cloud((height, max(8, width // 8)), rng, 2.6), (width, height))
    rings = (y + 0.5 * bend) % 1
    fibre = cv2.GaussianBlur(rng.standard_normal((height, width)), (0, 0), sigmaX=18, sigmaY=0.9)
    return aged(ramp(np.clip(rings**1.5 + 1.5 * fibre, 0, 1), [light, dark]), rng)


def marquetry(width: int, height: int, rng: Rng) -> Image:
    """Inlaid wood: a border of unequal lozenges round a rosette and vines."""
    canvas = Canvas(plank(width, height, rng))
    woods: tuple[Rgb, ...] = ((222, 178, 112), (150, 84, 44), (58, 34, 26), (236, 212, 160))
    edge = 0.13 * height
    for y in (edge / 2, height - edge / 2):
        x = 0.0
        while x < width:
            w = edge * rng.uniform(0.5, 1.3)
            lozenge = [(x, y), (x + w / 2, y - edge / 2), (x + w, y), (x + w / 2, y + edge / 2)]
            canvas.polygon(lozenge, pick(woods, rng))
            x += w
    for _ in range(5):
        start = rng.uniform((0.1 * width, 0.3 * height), (0.9 * width, 0.7 * height))
        vine(canvas, start, rng.uniform(0, 6), 0.4 * width, 0.13 * height, woods, rng, woods[2])
    for x in (0.2, 0.5, 0.8):
        rosette(canvas, (x * width, 0.5 * height), 0.26 * height, rng, woods, woods[2])
    return aged(canvas.image, rng)


def delft(width: int, height: int, rng: Rng) -> Image:
    """Blue brush work on white for a vase: bands above and below, flowers between."""
    blues: tuple[Rgb, ...] = ((30, 58, 138), (52, 92, 172), (96, 136, 196), (24, 40, 104))
    glaze = ramp(0.6 + 0.2 * cloud((height, width), rng), [(206, 212, 214), (246, 242, 230)])
    canvas = Canvas(glaze, wrap=True)
    for point in scatter(width, height, height / 6, 300, rng):
        vine(canvas, point, rng.uniform(0, 6.28), height / 3, height / 15, blues, rng, blues[0])
    for radius, gap in ((0.13, 0.36), (0.06, 0.2)):
        for x, y in scatter(width, 0.62 * height, gap * height, 300, rng):
            size = radius * height * rng.uniform(0.8, 1.2)
            inks = (*blues, (238, 236, 226), (190, 206, 226))
            rosette(canvas, (x, y + 0.2 * height), size, rng, inks, blues[3])
    for y in (0.03, 0.14, 0.88, 0.97):
        canvas.line([(0, y * height), (width, y * height)], blues[3], height / 60)
    for y in (0.085, 0.925):
        for x in np.cumsum(rng.uniform(0.04, 0.09, 40)) * height:
            if x < width:
                way = rng.uniform(-1, 1)
                leaf(canvas, (x, y * height), way, 0.09 * height, pick(blues, rng), rng)
    return aged(canvas.image, rng, 0.03, 0.03)


def banded(width: int, height: int, rng: Rng, colours: Sequence[Rgb], bands: int = 9) -> Image:
    """Earthenware painted in bands, each with its own uneven motif."""
    canvas = Canvas.plain(width, height, colours[0], wrap=True)
    cuts = np.cumsum(rng.uniform(0.6, 1.5, bands + 1))
    cuts = (cuts - cuts[0]) / (cuts[-1] - cuts[0]) * height
    for k, (top, bottom) in enumerate(pairwise(cuts)):
        tall, middle = bottom - top, (top + bottom) / 2
        ground, ink = colours[k % len(colours)], colours[(k + 1 + k % 2) % len(colours)]
        canvas.polygon([(0, top), (width, top), (width, bottom), (0, bottom)], vary(ground, rng))
        x = 0.0
        while x < width:
            step = tall * rng.uniform(0.55, 1.3)
            colour = vary(ink, rng, 0.25)
            if k % 4 == 0:
                canvas.polygon([(x, bottom), (x + step / 2, top), (x + step, bottom)], colour)
            elif k % 4 == 1:
                rosette(canvas, (x + step / 2, middle), 0.42 * min(step, tall), rng, colours)
            elif k % 4 == 2:
                leaf(canvas, (x, bottom - 0.2 * tall), -0.5, step * 1.1, colour, rng)
            else:
                canvas.line([(x, top), (x + step * 0.7, bottom)], colour, tall * 0.2)
                canvas.disc((x + step * 0.7, top + 0.3 * tall), 0.14 * tall, colours[-1])
            x += step
        canvas.line([(0, top), (width, top)], colours[-1], max(2, tall / 12))
    return aged(canvas.image, rng)


def tile(size: int, rng: Rng) -> Image:
    """One hand-painted tile: corner fans, a ring of leaves and a rosette in the middle."""
    inks = [vary(c, rng) for c in ((34, 70, 140), SAFFRON, TERRACOTTA, TEAL, MADDER)]
    canvas = Canvas(ramp(0.5 + 0.2 * cloud((size, size), rng), [(222, 214, 196), (248, 242, 228)]))
    for corner in ((0, 0), (size, 0), (0, size), (size, size)):
        rosette(canvas, corner, size * rng.uniform(0.26, 0.34), rng, inks, NAVY)
    count, spin = int(rng.integers(7, 13)), rng.uniform(0, 6)
    for k in range(count):
        angle = spin + 2 * np.pi * k / count
        base = np.array([np.cos(angle), np.sin(angle)]) * 0.2 * size + size / 2
        leaf(canvas, base, angle, 0.27 * size, inks[k % len(inks)], rng, 0.24)
    rosette(canvas, (size / 2, size / 2), 0.24 * size, rng, inks, NAVY)
    rim = size - 1
    canvas.line([(1, 1), (rim, 1), (rim, rim), (1, rim), (1, 1)], inks[0], size / 28)
    return aged(canvas.image, rng)


def plate(size: int, rng: Rng) -> Image:
    """A painted plate seen from the front: leaves on the rim and flowers in the well."""
    inks = [pick((INDIGO, TERRACOTTA, TEAL, SAFFRON, MADDER), rng) for _ in range(4)]
    canvas = Canvas(ramp(0.5 + 0.2 * cloud((size, size), rng), [(214, 206, 190), (248, 242, 228)]))
    middle = np.array([size / 2, size / 2])
    count = int(rng.integers(15, 22))
    for k in range(count):
        angle = 2 * np.pi * k / count + rng.uniform(-0.06, 0.06)
        base = middle + np.array([np.cos(angle), np.sin(angle)]) * 0.34 * size
        leaf(canvas, base, angle + rng.uniform(-0.4, 0.4), 0.15 * size, pick(inks, rng), rng, 0.34)
    for _ in range(9):
        start = middle + rng.uniform(-0.16, 0.16, 2) * size
        vine(canvas, start, rng.uniform(0, 6), 0.22 * size, 0.09 * size, inks, rng, inks[0])
    for k in range(3):
        spot = middle + 0.14 * size * np.array([np.cos(2.1 * k + 0.4), np.sin(2.1 * k + 0.4)])
        rosette(canvas, spot, size * rng.uniform(0.1, 0.15), rng, inks, NAVY)
    return aged(canvas.image, rng, 0.03, 0.04)


def book(rng: Rng, kind: int) -> Image:
    """Atlas of a book, 600 x 640: spine in x < 120, cover to x < 360, page edges to the right."""
    ground = pick(
        (
            MADDER,
            TEAL,
            INDIGO,
            OLIVE,
            TERRACOTTA,
            (206, 150, 70),
            (104, 44, 62),
            CREAM,
            (70, 92, 110),
        ),
        rng,
    )
    light = sum(ground) > 420
    ink = pick((COCOA, MADDER, INDIGO) if light else (SAFFRON, CREAM, (236, 196, 120)), rng)
    canvas = Canvas.plain(600, 640, ground)
    canvas.image[:] = threads(aged(canvas.image, rng, 0.06, 0.1), rng, 0.07)
    if kind % 3 == 0:
        palette = [pick(MIXED, rng) for _ in range(4)] + [ground]
        canvas.image[:, 120:360] = marbled(240, 640, rng, palette)
        if kind % 2:
            canvas.image[:, :120] = marbled(120, 640, rng, palette)
    else:
        rosette(canvas, (240, 300), 96, rng, (ink, ground, CREAM, SAFFRON), COCOA)
        for _ in range(4):
            start = rng.uniform((150, 60), (330, 580))
            vine(canvas, start, rng.uniform(0, 6), 160, 30, (ink,), rng, ink)
    lines = rng.uniform(0.68, 1.05, 240)[None, :]
    paper = Canvas.plain(240, 640, (228, 208, 168)).image
    canvas.image[:, 360:] = shade(paper, lines * (1 + 0.08 * cloud((640, 240), rng)))
    _spine(canvas, ground, ink, rng)
    return canvas.image


def _spine(canvas: Canvas, ground: Rgb, ink: Rgb, rng: Rng) -> None:
    """Letter the spine of a book atlas: raised bands, a title panel and ornaments."""
    for y in rng.uniform(20, 90) + np.cumsum(rng.uniform(60, 150, 6)):
        if y < 620:
            canvas.polygon([(0, y), (119, y), (119, y + 9), (0, y + 9)], ink)
            canvas.line([(0, y + 15), (119, y + 15)], vary(ground, rng, 0.5), 3)
    top = rng.uniform(90, 220)
    panel = pick((MADDER, INDIGO, COCOA, TEAL, CREAM), rng)
    canvas.polygon([(4, top), (115, top), (115, top + 290), (4, top + 290)], panel)
    canvas.line(
        [(12, top + 6), (107, top + 6), (107, top + 284), (12, top + 284), (12, top + 6)], ink, 3
    )
    letter = COCOA if sum(panel) > 420 else pick((CREAM, SAFFRON), rng)
    glyphs(canvas, (32, top + 22), 58, 6, letter, rng, downwards=True, weight=0.15)
    rosette(canvas, (60, 590), 32, rng, (ink, panel, ground), COCOA)
    rosette(canvas, (60, 44), 30, rng, (ink, panel, ground), COCOA)


def page(rng: Rng, picture: bool) -> Image:
    """A printed page of 520 x 680: lines of glyphs, and a picture or an initial."""
    canvas = Canvas(ramp(0.6 + 0.2 * cloud((680, 520), rng), [(222, 200, 156), (246, 234, 206)]))
    first = 70
    if picture:
        canvas.image[60:350, 50:470] = landscape(420, 290, rng)
        canvas.line([(50, 60), (470, 60), (470, 350), (50, 350), (50, 60)], COCOA, 4)
        first = 400
    else:
        canvas.polygon([(50, 52), (150, 52), (150, 152), (50, 152)], MADDER)
        rosette(canvas, (100, 102), 46, rng, (SAFFRON, CREAM, TEAL), COCOA)
    for y in range(first, 640, 34):
        indent = 170 if not picture and y < 160 else 50
        count = int((470 - indent) / 15.5)
        glyphs(canvas, (indent, y + 14), 21, count, (48, 34, 28), rng, weight=0.15)
    return aged(canvas.image, rng, 0.03, 0.05)


def blade(rng: Rng) -> Image:
    """A calathea leaf, 256 x 512, stem at the top row and tip at the bottom row."""
    v, u = np.mgrid[0:512, 0:256] / np.array([512, 256]).reshape(2, 1, 1)
    off = np.abs(u - 0.5) * 2
    bars = (v * 11 - off * 2.4 + 0.5 * cloud((512, 256), rng, 3.0)) % 2
    stripe = (np.abs(bars - 1) < 0.42) & (off < 0.86 + 0.05 * cloud((512, 256), rng))
    green = 0.5 + 0.2 * cloud((512, 256), rng) + 0.4 * off - 0.2
    image = ramp(green, [(22, 62, 44), (66, 118, 60)])
    pale = ramp(0.5 + 0.2 * cloud((512, 256), rng), [(150, 176, 96), (208, 214, 140)])
    image = np.where(stripe[..., None], pale, image)
    image = np.where((off < 0.05)[..., None], np.array((214, 206, 130), np.uint8), image)
    return aged(image, rng)


def petal_skin(rng: Rng, heart: Rgb, body: Rgb, tip: Rgb) -> Image:
    """A petal, 128 x 256, heart at the top row: streaks running outwards."""
    v = np.linspace(0, 1, 256)[:, None]
    streak = cv2.GaussianBlur(rng.standard_normal((256, 128)), (0, 0), sigmaX=1.6, sigmaY=26)
    value = v + 0.16 * streak / streak.std() * (1.1 - v)
    return aged(ramp(value, [heart, heart, body, body, tip]), rng, 0.05, 0.05)


def fruit_skin(rng: Rng, low: Rgb, high: Rgb, speck: Rgb, streaks: bool = False) -> Image:
    """Skin of a fruit, 512 x 256, mottled and freckled, perhaps streaked from pole to pole."""
    field = cloud((256, 512), rng, 2.4)
    if streaks:
        noise = rng.standard_normal((256, 512))
        lines = cv2.GaussianBlur(noise, (0, 0), sigmaX=3, sigmaY=50)
        field = 0.6 * field + 0.9 * lines / lines.std()
    canvas = Canvas(ramp(0.5 + 0.3 * field, [low, high]), wrap=True)
    for point in scatter(512, 256, 11, 900, rng):
        canvas.disc(point, rng.uniform(0.8, 2.4), vary(speck, rng, 0.3))
    return aged(canvas.image, rng)
