"""What a person should know about the photos before training: blur, exposure, duplicates."""

import cv2
import numpy as np

from core.photos.local import quoted
from core.photos.photoset import PhotoSet
from core.photos.sizes import Size, scaled_down

LONG_SIDE = 480  # pixels, where sharpness is measured: noise averages out, resolutions compare
THUMBNAIL = (48, 48)
BLURRED = 0.2  # of the median sharpness
STOPS = 1.0  # of exposure away from the median
ALIKE = 1.5  # root mean square difference of thumbnails, in 8-bit levels


def sharpness(pixels: np.ndarray) -> np.ndarray:
    """Variance of the Laplacian of each photo's grey version, long side at most 480 pixels.

    Larger is sharper; only comparable between photos of one scene (Pech-Pacheco et al., Diatom
    autofocusing in brightfield microscopy, ICPR 2000).

    Args:
        pixels: (N, H, W, 3) uint8.

    Returns:
        (N,) float64, in squared 8-bit levels.
    """
    return np.array([cv2.Laplacian(_grey(photo), cv2.CV_32F).var() for photo in pixels], float)


def check(photoset: PhotoSet) -> tuple[str, ...]:
    """One sentence with its remedy for each photo that may spoil the scene; the photos stay in."""
    names = [quoted(name) for name in photoset.names]
    thumbnails = np.stack([_resized(photo, THUMBNAIL) for photo in photoset.pixels])
    return (
        *_blurred(names, sharpness(photoset.pixels)),
        *_badly_exposed(names, thumbnails),
        *_repeated(names, thumbnails, photoset.pixels),
    )


def _grey(photo: np.ndarray) -> np.ndarray:
    """(h, w) uint8 with a long side of at most 480."""
    height, width = photo.shape[:2]
    return cv2.cvtColor(
        _resized(photo, scaled_down((width, height), LONG_SIDE)), cv2.COLOR_RGB2GRAY
    )


def _resized(photo: np.ndarray, size: Size) -> np.ndarray:
    return cv2.resize(photo, size, interpolation=cv2.INTER_AREA)


def _blurred(names: list[str], sharp: np.ndarray) -> list[str]:
    typical = float(np.median(sharp))
    return [
        f"{name} looks blurred, {sharp[row] / typical:.0%} as sharp as most: leave it out or take "
        "it again."
        for row, name in enumerate(names)
        if sharp[row] < BLURRED * typical
    ]


def _badly_exposed(names: list[str], thumbnails: np.ndarray) -> list[str]:
    light = ((thumbnails / 255.0) ** 2.2).mean(axis=(1, 2, 3))  # sRGB's curve as a power of 2.2
    stops = np.log2(np.maximum(light, 1e-4))
    stops -= np.median(stops)
    return [
        f"{name} is {abs(stops[row]):.1f} stops {'brighter' if stops[row] > 0 else 'darker'} than "
        "most: leave it out, or lock the exposure and take it again."
        for row, name in enumerate(names)
        if abs(stops[row]) > STOPS
    ]


def _repeated(names: list[str], thumbnails: np.ndarray, pixels: np.ndarray) -> list[str]:
    """Each photo that repeats an earlier one, told against the most alike of these."""
    levels = thumbnails.reshape(len(names), -1).astype(np.float32)
    sentences = []
    for row in range(1, len(names)):
        difference = np.sqrt(np.square(levels[:row] - levels[row]).mean(axis=1))
        twin = int(difference.argmin())
        if difference[twin] < ALIKE:
            same = np.array_equal(pixels[twin], pixels[row])
            how = "is the same picture as" if same else "shows almost the same as"
            sentences.append(f"{names[row]} {how} {names[twin]}: one of them is enough.")
    return sentences
