"""Colours of a picture's own profile (ICC), as sRGB has them, which is what everything here is in.

Phones write Display P3, cameras Adobe RGB, scanners and print shops CMYK of some paper. Taken as
sRGB all of them are paler than they were.
"""

from io import BytesIO

import numpy as np
from PIL import Image, ImageCms

LARGEST = 4_000_000  # bytes of a profile; those of papers have about half a million
SPACES = {"RGB": "RGB ", "CMYK": "CMYK"}  # by the mode of pictures


def in_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """An RGB or CMYK picture as sRGB.

    One whose profile is sRGB, of another kind of colours, or broken stays as it is: colours that
    are a little off are better than none.
    """
    if not profile or len(profile) > LARGEST or image.mode not in SPACES:
        return image
    try:
        own = ImageCms.getOpenProfile(BytesIO(profile))
        known = "sRGB" in ImageCms.getProfileDescription(own)
        if known or own.profile.xcolor_space != SPACES[image.mode]:
            return image
        srgb = ImageCms.createProfile("sRGB")
        return ImageCms.profileToProfile(image, own, srgb, outputMode="RGB") or image
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return image


def pixels_in_srgb(pixels: np.ndarray, profile: bytes) -> np.ndarray:
    """(H, W, 3) uint8 of such a picture."""
    return np.asarray(in_srgb(Image.fromarray(pixels), profile)) if profile else pixels
