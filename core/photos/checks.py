"""What a person should know about the photos before training, each with a culprit and a remedy."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from core.geometry.canvas import Size
from core.photos.local import quoted
from core.photos.parallax import parallax
from core.photos.photoset import PhotoSet
from core.photos.sizes import scaled_down

LONG_SIDE = 480  # pixels, where sharpness is measured: noise averages out, resolutions compare
THUMBNAIL = (48, 48)
BLURRED = 0.2  # of the median sharpness of an even contrast, as dark photos are not blurred
STOPS = 1.0  # of exposure away from the median
ALIKE = 1.5  # root mean square difference of thumbnails, in 8-bit levels
ZOOMED = 1.1  # times the focal length of most: one is learned for all
MATCHED_SIDE = 360  # pixels, where parallax is measured
PARALLAX = 1.0  # of these pixels: turned cameras leave 0.1 to 0.6, sets that can be learned over 3


@dataclass(frozen=True)
class Finding:
    """Something that may spoil the scene."""

    photo: str | None  # its name; None where it is about all photos
    reason: str  # a word or two for a caption
    sentence: str  # which photo or set, what is wrong with it, and the remedy


def sharpness(pixels: Sequence[np.ndarray]) -> np.ndarray:
    """Variance of the Laplacian of each photo's grey version, long side at most 480 pixels.

    Larger is sharper; only comparable between photos of one scene (Pech-Pacheco et al., Diatom
    autofocusing in brightfield microscopy, ICPR 2000).

    Args:
        pixels: N photos (h, w, 3) uint8.

    Returns:
        (N,) float64, in squared 8-bit levels.
    """
    return np.array([cv2.Laplacian(_grey(photo), cv2.CV_32F).var() for photo in pixels], float)


def check(photoset: PhotoSet) -> tuple[Finding, ...]:
    """What may spoil the scene; the photos stay in. Takes half a second for 20 photos."""
    names, pictures = photoset.names, photoset.pictures
    thumbnails = np.stack([_resized(photo, THUMBNAIL) for photo in pictures])
    return (
        *_without_parallax(pictures),
        *_blurred(names, pictures),
        *_badly_exposed(names, thumbnails),
        *_repeated(names, thumbnails, pictures),
        *(() if photoset.sizes else _zoomed(names, photoset.focal_ratios)),
    )


def _grey(photo: np.ndarray, long_side: int = LONG_SIDE) -> np.ndarray:
    """(h, w) uint8 with a long side of at most so many pixels."""
    height, width = photo.shape[:2]
    return cv2.cvtColor(
        _resized(photo, scaled_down((width, height), long_side)), cv2.COLOR_RGB2GRAY
    )


def _resized(photo: np.ndarray, size: Size) -> np.ndarray:
    return cv2.resize(photo, size, interpolation=cv2.INTER_AREA)


def _without_parallax(pixels: Sequence[np.ndarray]) -> list[Finding]:
    amount = parallax([_grey(photo, MATCHED_SIDE) for photo in pixels])
    if amount is None or amount >= PARALLAX:
        return []
    return [
        Finding(
            None,
            "no parallax",
            f"The {len(pixels)} photos show almost no parallax, as if the camera only turned or "
            "everything were flat: step aside between photos, with near and far things in view.",
        )
    ]


def _blurred(names: Sequence[str], pixels: Sequence[np.ndarray]) -> list[Finding]:
    contrast = np.array([_grey(photo).var() for photo in pixels])
    sharp = sharpness(pixels) / np.maximum(contrast, 1.0)
    parts = sharp / max(float(np.median(sharp)), 1e-9)
    return [
        Finding(
            names[row],
            "blurred",
            f"{quoted(names[row])} looks blurred, {max(parts[row], 0.01):.0%} as sharp as most: "
            "leave it out or take it again.",
        )
        for row in np.flatnonzero(parts < BLURRED).tolist()
        if contrast[row] > 1.0
    ]


def _badly_exposed(names: Sequence[str], thumbnails: np.ndarray) -> list[Finding]:
    light = ((thumbnails / 255.0) ** 2.2).mean(axis=(1, 2, 3))  # sRGB's curve as a power of 2.2
    stops = np.log2(np.maximum(light, 1e-4))
    stops -= np.median(stops)
    findings = []
    for row in np.flatnonzero(np.abs(stops) > STOPS).tolist():
        word = "brighter" if stops[row] > 0 else "darker"
        sentence = (
            f"{quoted(names[row])} is {abs(stops[row]):.1f} stops {word} than most: leave it out, "
            "or lock the exposure and take it again."
        )
        findings.append(Finding(names[row], word, sentence))
    return findings


def _repeated(
    names: Sequence[str], thumbnails: np.ndarray, pixels: Sequence[np.ndarray]
) -> list[Finding]:
    """Each photo that repeats an earlier one, told against the most alike of these."""
    levels = thumbnails.reshape(len(names), -1).astype(np.float32)
    findings = []
    for row in range(1, len(names)):
        difference = np.sqrt(np.square(levels[:row] - levels[row]).mean(axis=1))
        other = int(difference.argmin())
        if difference[other] < ALIKE:
            same = np.array_equal(pixels[other], pixels[row])
            how = "is the same picture as" if same else "shows almost the same as"
            sentence = f"{quoted(names[row])} {how} {quoted(names[other])}: leave one of them out."
            findings.append(Finding(names[row], "repeated", sentence))
    return findings


def _zoomed(names: Sequence[str], ratios: Sequence[float | None]) -> list[Finding]:
    """Photos whose EXIF states another focal length than most."""
    known = {name: ratio for name, ratio in zip(names, ratios, strict=False) if ratio is not None}
    usual = statistics.median_low(known.values()) if known else 1.0
    return [
        Finding(
            name,
            "zoom",
            f"{quoted(name)} was taken at {ratio / usual:.1f} times the focal length of most and "
            "one is learned for all: let each have its own (cameras.focal_of), or leave it out.",
        )
        for name, ratio in known.items()
        if max(ratio, usual) > ZOOMED * min(ratio, usual)
    ]
