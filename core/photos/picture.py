"""One picture file: what its header says, and its pixels as 8-bit RGB."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import pillow_heif
from PIL import ExifTags, Image, UnidentifiedImageError

from core.errors import InputError
from core.geometry.canvas import Size
from core.photos.colour import in_srgb, pixels_in_srgb
from core.photos.exif import focal_ratio
from core.photos.listing import KINDS
from core.photos.local import is_regular_file, quoted

Background = Literal["white", "black"]

FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "HEIF")  # by content; the suffix is not believed
MOST_PIXELS = 64_000_000  # decoded
LEAST_SIDE = 8  # pixels: less is no photo, but a line, or what counts visitors
MOST_IN_JPEG = 128_000_000  # which is decoded smaller, as phones' 108 million are
BAND = 256  # rows that are converted at once: two whole copies of a picture are enough
MOST_BYTES = 512_000_000  # some decoders read the whole file before looking at it

# How to undo each EXIF orientation (Exif 2.32, tag 0x0112); 1 is upright.
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
SIDEWAYS = (5, 6, 7, 8)

# Remarks on sloppy metadata and large pictures; here a file is either good or refused.
warnings.filterwarnings("ignore", module=r"PIL\.")
pillow_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)


@dataclass(frozen=True)
class Header:
    """What is known of a picture before decoding it.

    Attributes:
        path: The file.
        size: Width and height in pixels, upright.
        orientation: EXIF's number for the turn that is still to be undone; 1 is none.
        focal_ratio: Focal length / longer side, None if unknown.
    """

    path: Path
    size: Size
    orientation: int
    focal_ratio: float | None

    @property
    def stored(self) -> tuple[int, int, int]:
        """Width and height in the file, and the turn that is still to be made."""
        return (*_turned(self.size, self.orientation), self.orientation)


def read_header(path: Path) -> Header:
    """Size and focal length of a picture, without decoding it.

    Raises:
        InputError: It is no regular file, no PNG, JPEG, WebP, TIFF or HEIC inside, damaged, larger
            than 64 million pixels (a JPEG than 128) or 512 MB, a line of pixels, or it holds
            32-bit numbers.
    """
    with _opened(path) as image:
        exif = _exif(image)
        turn = exif.get(ExifTags.Base.Orientation, 1)
        if turn not in TURNS or image.format == "TIFF":  # a TIFF or HEIC is turned by its reader
            turn = 1
        size = _turned(image.size, turn)
        return Header(path, size, turn, focal_ratio(exif, size))


def decode(header: Header, size: Size, background: Background) -> np.ndarray:
    """The picture at a wanted size, upright: (H, W, 3) uint8.

    Shrinks by area averaging. JPEG is decoded at 1/2, 1/4 or 1/8 where that is still large enough,
    which averages likewise and saves most of the time. Of an animation the first picture counts.
    Colours of another profile are brought to sRGB.

    Args:
        header: Of the picture.
        size: Wanted width and height in pixels, upright.
        background: The colour put behind transparent pixels.

    Raises:
        InputError: As `read_header`; or the pixels are damaged or cut short.
    """
    stored = _turned(size, header.orientation)
    with _opened(header.path) as image:
        image.draft(None, stored)
        if image.width * image.height > MOST_PIXELS:
            raise Image.DecompressionBombError
        profile = image.info.get("icc_profile", b"") if image.mode != "CMYK" else b""
        pixels = _to_rgb(image, background)
    pixels = pixels_in_srgb(_resized(pixels, stored), profile)
    if header.orientation != 1:
        turn = TURNS[header.orientation]
        pixels = np.asarray(Image.fromarray(pixels).transpose(turn))
    return pixels


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """The picture opened but not decoded; whatever its decoder raises becomes an `InputError`."""
    try:
        if not is_regular_file(path):
            raise _refusal(path, "is not a regular file", "put the picture itself there")
        if path.stat().st_size > MOST_BYTES:
            raise _refusal(path, "is larger than 512 MB", "export it as JPEG")
        with path.open("rb") as file, Image.open(file, formats=FORMATS) as image:
            most = MOST_IN_JPEG if image.format in ("JPEG", "MPO") else MOST_PIXELS
            if image.width * image.height > most:
                raise Image.DecompressionBombError
            if min(image.size) < LEAST_SIDE:
                small = f"is only {image.width} x {image.height} pixels"
                raise _refusal(path, small, "remove it, or put the whole photo there")
            if image.mode in ("I", "F"):
                raise _refusal(
                    path, "holds 32-bit numbers of unknown range", "save it with 8 or 16 bits"
                )
            yield image
    except InputError:
        raise
    except Image.DecompressionBombError as error:
        raise _refusal(path, "has more than 64 million pixels", "make it smaller first") from error
    except UnidentifiedImageError as error:
        raise _refusal(
            path, f"is not a {KINDS} picture inside", "export it again as JPEG"
        ) from error
    # Decoders leak SyntaxError, struct.error, EOFError, zlib.error and more for damaged files.
    except Exception as error:
        if isinstance(error, OSError) and error.strerror:
            raise _refusal(
                path, f"cannot be opened ({error.strerror})", "make it readable"
            ) from error
        raise _refusal(path, "is damaged or cut short", "copy or export it again") from error


def _refusal(path: Path, fault: str, remedy: str) -> InputError:
    return InputError(f"{quoted(path.name)} was left out because it {fault}: {remedy}.")


def _exif(image: Image.Image) -> Image.Exif:
    """The EXIF block, empty if damaged. A PNG without one in front would be decoded to seek it."""
    if image.format == "PNG" and "exif" not in image.info:
        return Image.Exif()
    try:
        return image.getexif()
    except Exception:  # a broken EXIF block raises anything, and the picture is good without it
        return Image.Exif()


def _turned(size: Size, orientation: int) -> Size:
    """The size before or after the turn that undoes an orientation: sides swapped for a quarter."""
    return size[::-1] if orientation in SIDEWAYS else size


def _to_rgb(image: Image.Image, background: Background) -> np.ndarray:
    """Decode whatever mode to (H, W, 3) uint8; Pillow itself scales 16-bit colour to 8."""
    image.load()
    if image.mode == "RGB" and not image.has_transparency_data:
        return np.asarray(image)
    pixels = np.empty((image.height, image.width, 3), np.uint8)
    for top in range(0, image.height, BAND):
        rows = slice(top, min(top + BAND, image.height))
        pixels[rows] = _band(image.crop((0, rows.start, image.width, rows.stop)), background)
    return pixels


def _band(image: Image.Image, background: Background) -> np.ndarray:
    """A decoded piece of a picture as (H, W, 3) uint8."""
    if image.mode.startswith("I;16"):
        grey = np.asarray(image).astype(np.uint16)  # native byte order
        return cv2.cvtColor(cv2.convertScaleAbs(grey, alpha=255 / 65535), cv2.COLOR_GRAY2RGB)
    if image.has_transparency_data:
        canvas = Image.new("RGB", image.size, background)
        rgba = image.convert("RGBA")
        canvas.paste(rgba, mask=rgba)
        return np.asarray(canvas)
    if image.mode == "CMYK":
        image = in_srgb(image, image.info.get("icc_profile", b""))
    return np.asarray(image.convert("RGB"))


def _resized(pixels: np.ndarray, size: Size) -> np.ndarray:
    """Pixels at (width, height): area average to shrink, linear to enlarge."""
    if pixels.shape[1::-1] == size:
        return pixels
    shrinks = pixels.shape[1] >= size[0]
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
