"""Painting tools of the demo scene: noise, colour ramps, an anti-aliased canvas and motifs.

Conventions: an image is an H x W x 3 uint8 array of sRGB values, row 0 at the top; a colour is a
tuple of three numbers in 0..255; canvas points are (x, y) in pixels, x to the right and y down;
angles are in radians, growing clockwise on the canvas because y points down.  Every random choice
comes from the generator that is passed in, so that a picture depends on its seed alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]
Field = npt.NDArray[np.float64]
Rgb = tuple[float, float, float]
Rng = np.random.Generator

CREAM: Rgb = (242, 228, 198)
PARCHMENT: Rgb = (226, 201, 152)
MADDER: Rgb = (166, 44, 40)
TERRACOTTA: Rgb = (196, 92, 52)
SAFFRON: Rgb = (228, 160, 48)
BLUSH: Rgb = (232, 164, 140)
OLIVE: Rgb = (116, 122, 54)
LEAF: Rgb = (66, 106, 58)
TEAL: Rgb = (30, 98, 104)
INDIGO: Rgb = (38, 56, 112)
NAVY: Rgb = (22, 32, 58)
COCOA: Rgb = (74, 44, 30)
WARM: tuple[Rgb, ...] = (MADDER, TERRACOTTA, SAFFRON, BLUSH)
MIXED: tuple[Rgb, ...] = (MADDER, TERRACOTTA, SAFFRON, BLUSH, OLIVE, TEAL, INDIGO)


def cloud(shape: tuple[int, int], rng: Rng, beta: float = 2.2, low: float = 2.0) -> Field:
    """Periodic Gaussian noise of unit variance whose power falls as frequency ** -beta.

    shape is (height, width); waves longer than 1/low of the height are left out.
    """
    height, width = shape
    fy = np.fft.fftfreq(height)[:, None] * height
    fx = np.fft.rfftfreq(width)[None, :] * height
    frequency = np.hypot(fy, fx)
    gain = np.where(frequency >= low, np.maximum(frequency, 1e-9) ** (-beta / 2), 0.0)
    white = np.fft.rfft2(rng.standard_normal(shape))
    field = np.fft.irfft2(white * gain, s=shape)
    return (field - field.mean()) / field.std()


def ramp(value: Field, colours: Sequence[Rgb]) -> Image:
    """Piecewise linear colour scale: value 0 is the first colour and 1 the last."""
    stops = np.linspace(0.0, 1.0, len(colours))
    table = np.array(colours, dtype=float)
    channels = [np.interp(value, stops, table[:, c]) for c in range(3)]
    return np.stack(channels, axis=-1).astype(np.uint8)


def shade(image: Image, gain: Field) -> Image:
    """Multiply an image by a field of the same height and width."""
    return np.clip(image * gain[..., None], 0, 255).astype(np.uint8)


def aged(image: Image, rng: Rng, fine: float = 0.05, broad: float = 0.07) -> Image:
    """Add wear: fine mottling and broad stains, as fractions of the brightness."""
    shape = image.shape[:2]
    gain = 1 + fine * cloud(shape, rng, 1.0, 24) + broad * cloud(shape, rng, 2.6, 2)
    return shade(image, np.clip(gain, 0.55, 1.35))


def threads(image: Image, rng: Rng, amount: float = 0.09) -> Image:
    """Irregular woven threads: noise drawn out along x and along y."""
    noise = rng.standard_normal(image.shape[:2]).astype(np.float32)
    weft = cv2.GaussianBlur(noise, (0, 0), sigmaX=14, sigmaY=1.4)
    warp = cv2.GaussianBlur(noise[::-1].copy(), (0, 0), sigmaX=1.4, sigmaY=14)
    return shade(image, 1 + amount * (weft / weft.std() + warp / warp.std()))


def vary(colour: Rgb, rng: Rng, amount: float = 0.14) -> Rgb:
    """A colour near the given one."""
    gain = 1 + amount * rng.uniform(-1, 1) + 0.4 * amount * rng.uniform(-1, 1, 3)
    red, green, blue = np.clip(np.array(colour) * gain, 0, 255)
    return float(red), float(green), float(blue)


def pick(colours: Sequence[Rgb], rng: Rng) -> Rgb:
    """One of the colours, slightly varied."""
    return vary(colours[int(rng.integers(len(colours)))], rng)


@dataclass
class Canvas:
    """An image to draw on; with wrap the left edge joins the right one (vases, globe)."""

    image: Image
    wrap: bool = False

    @classmethod
    def plain(cls, width: int, height: int, colour: Rgb, wrap: bool = False) -> Canvas:
        """A canvas of one colour."""
        image = np.empty((height, width, 3), np.uint8)
        image[:] = np.array(colour, np.uint8)
        return cls(image, wrap)

    @property
    def width(self) -> int:
        """Width in pixels."""
        return int(self.image.shape[1])

    @property
    def height(self) -> int:
        """Height in pixels."""
        return int(self.image.shape[0])

    def _copies(self, points: npt.ArrayLike) -> list[npt.NDArray[np.int32]]:
        xy = np.atleast_2d(np.asarray(points, float))
        shifts = (-self.width, 0, self.width) if self.wrap else (0,)
        return [np.round((xy + np.array((s, 0))) * 16).astype(np.int32) for s in shifts]

    def polygon(self, points: npt.ArrayLike, colour: Rgb) -> None:
        """Fill a closed polygon of N x 2 points."""
        for copy in self._copies(points):
            cv2.fillPoly(self.image, [copy], colour, cv2.LINE_AA, 4)

    def line(self, points: npt.ArrayLike, colour: Rgb, thickness: float = 1.0) -> None:
        """Stroke an open polyline."""
        for copy in self._copies(points):
            pen = max(1, round(thickness))
            cv2.polylines(self.image, [copy], False, colour, pen, cv2.LINE_AA, 4)

    def disc(self, centre: npt.ArrayLike, radius: float, colour: Rgb) -> None:
        """Fill a disc."""
        turn = np.linspace(0, 2 * np.pi, max(12, int(radius * 2)), endpoint=False)
        ring = np.stack([np.cos(turn), np.sin(turn)], axis=1) * radius
        self.polygon(np.asarray(centre, float) + ring, colour)


def scatter(width: float, height: float, radius: float, tries: int, rng: Rng) -> Field:
    """Dart throwing: N x 2 points of a width x height area that keep radius apart."""
    kept: list[Field] = []
    for point in rng.uniform((0, 0), (width, height), (tries, 2)):
        if not kept or np.min(np.hypot(*(np.array(kept) - point).T)) > radius:
            kept.append(point)
    return np.array(kept)


def leaf(
    canvas: Canvas,
    base: npt.ArrayLike,
    angle: float,
    length: float,
    colour: Rgb,
    rng: Rng,
    slim: float = 0.3,
) -> None:
    """A pointed, curved leaf with a midrib and side veins, growing from base along angle."""
    t = np.linspace(0, 1, 22)
    bend = rng.uniform(-0.25, 0.25)
    spine = np.stack([t, bend * t**2], axis=1) * length
    side = np.stack([0 * t, slim * length * np.sin(np.pi * t**0.8) * (1 - 0.3 * t)], axis=1)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    rib = spine @ turn + base
    half = side @ turn
    canvas.polygon(np.concatenate([rib + half, (rib - half)[::-1]]), colour)
    dark = vary((colour[0] * 0.55, colour[1] * 0.55, colour[2] * 0.6), rng, 0.05)
    canvas.polygon(np.concatenate([rib, (rib - half)[::-1]]), vary(colour, rng, 0.2))
    canvas.line(rib[:-1], dark, length / 40)
    if length > 46:
        for i in range(4, 18, 3):
            tip = rib[min(i + 3, 21)]
            canvas.line([rib[i], tip + 0.7 * half[i]], dark, length / 90)
            canvas.line([rib[i], tip - 0.7 * half[i]], dark, length / 90)


def petals(centre: npt.ArrayLike, radius: float, count: int, depth: float, phase: float) -> Field:
    """Outline of a flower with count rounded petals; depth in 0..1 says how far they are cut."""
    turn = np.linspace(0, 2 * np.pi, 18 * count, endpoint=False)
    lobes = np.abs(np.cos(count * turn / 2)) ** 0.6
    reach = radius * (1 - depth + depth * lobes)
    ring = np.stack([np.cos(turn + phase), np.sin(turn + phase)], axis=1)
    return ring * reach[:, None] + np.asarray(centre, float)


def rosette(
    canvas: Canvas,
    centre: npt.ArrayLike,
    radius: float,
    rng: Rng,
    colours: Sequence[Rgb] = MIXED,
    rim: Rgb = NAVY,
) -> None:
    """A large embroidered flower: nested rings of petals, dots and spokes, all chosen at random."""
    centre = np.asarray(centre, float)
    size, last = radius, -1
    while size > 0.1 * radius:
        choice = int(rng.integers(len(colours)))
        choice = (choice + 1) % len(colours) if choice == last else choice
        last, count, phase = choice, int(rng.integers(5, 13)), rng.uniform(0, 6.28)
        outline = petals(centre, size, count, rng.uniform(0.1, 0.4), phase)
        canvas.polygon(outline, rim)
        inner = centre + (outline - centre) * (1 - 0.035 * radius / size)
        canvas.polygon(inner, vary(colours[choice], rng))
        mark = pick((CREAM, SAFFRON, rim), rng)
        for k in range(count):
            angle = phase + 2 * np.pi * k / count
            way = np.array([np.cos(angle), np.sin(angle)])
            if count % 2:
                canvas.disc(centre + way * size * 0.78, 0.06 * size + 1, mark)
            else:
                canvas.line(
                    [centre + way * size * 0.6, centre + way * size * 0.9], mark, radius / 30
                )
        size *= rng.uniform(0.5, 0.74)
    canvas.disc(centre, max(size, 0.06 * radius), pick((CREAM, SAFFRON), rng))


def vine(
    canvas: Canvas,
    start: npt.ArrayLike,
    angle: float,
    length: float,
    size: float,
    greens: Sequence[Rgb],
    rng: Rng,
    stem: Rgb = COCOA,
) -> Field:
    """A wandering stem with leaves on both sides and berries; returns its points."""
    steps = max(6, int(length / (0.55 * size)))
    turn = np.cumsum(rng.normal(0, 0.22, steps)) + angle
    turn += 0.5 * np.sin(np.linspace(0, rng.uniform(3, 9), steps) + rng.uniform(0, 6))
    hop = np.stack([np.cos(turn), np.sin(turn)], axis=1) * 0.55 * size
    path = np.asarray(start, float) + np.cumsum(hop, axis=0)
    canvas.line(path, stem, size / 9)
    for i in range(1, steps):
        side = 1 if i % 2 else -1
        way = turn[i] + side * rng.uniform(0.6, 1.25)
        if rng.random() < 0.84:
            grown = size * rng.uniform(0.75, 1.3)
            leaf(canvas, path[i], way, grown, pick(greens, rng), rng)
        else:
            tip = path[i] + np.array([np.cos(way), np.sin(way)]) * 0.5 * size
            canvas.line([path[i], tip], stem, size / 14)
            canvas.disc(tip, 0.17 * size, vary(stem, rng))
            canvas.disc(tip, 0.13 * size, pick((MADDER, SAFFRON, BLUSH), rng))
    return path


def glyphs(
    canvas: Canvas,
    start: npt.ArrayLike,
    size: float,
    count: int,
    colour: Rgb,
    rng: Rng,
    downwards: bool = False,
    weight: float = 0.13,
) -> None:
    """A row of invented letters, size pixels tall, made of stems, bars and bows.

    downwards turns the row by a quarter turn, as on the spine of a book.
    """
    pen = np.asarray(start, float)
    along, up = np.array([1.0, 0.0]), np.array([0.0, -1.0])
    if downwards:
        along, up = np.array([0.0, 1.0]), np.array([1.0, 0.0])
    for _ in range(count):
        if rng.random() < 0.14:
            pen = pen + along * 0.6 * size
            continue
        wide, tall = rng.uniform(0.4, 0.62), rng.choice([0.66, 0.66, 1.0])
        strokes: list[npt.ArrayLike] = [[(0, 0), (0, tall)]]
        bow = np.linspace(-np.pi / 2, np.pi / 2, 9)
        ring = np.stack([wide * np.cos(bow), 0.33 + 0.33 * np.sin(bow)], axis=1)
        menu: list[npt.ArrayLike] = [
            ring,
            [(0, 0), (wide, 0.66)],
            [(wide, 0), (wide, 0.66)],
            [(0, 0.62), (wide, 0.62)],
            [(0, 0.04), (wide, 0.04)],
            ring * (-0.6, 1) + np.array((wide, 0)),
        ]
        for k in rng.choice(len(menu), 2, replace=False):
            strokes.append(menu[int(k)])
        for stroke in strokes:
            xy = np.asarray(stroke, float) * size
            canvas.line(pen + xy[:, :1] * along + xy[:, 1:] * up, colour, weight * size)
        pen = pen + along * (wide + 0.24) * size


def lattice(points: Field, rng: Rng, octaves: int = 6, base: float = 1.6) -> Field:
    """Value noise over 3-D points (... x 3), roughly in -1..1; free of seams on a sphere."""
    total = np.zeros(points.shape[:-1])
    for octave in range(octaves):
        table = rng.uniform(-1, 1, (32, 32, 32))
        where = points * base * 2**octave + rng.uniform(0, 32, 3)
        cell = np.floor(where).astype(int)
        t = where - cell
        t = t * t * (3 - 2 * t)
        for corner in np.ndindex(2, 2, 2):
            weight = np.prod(np.where(corner, t, 1 - t), axis=-1)
            x, y, z = np.moveaxis((cell + corner) % 32, -1, 0)
            total += weight * table[x, y, z] * 0.56**octave
    return total
