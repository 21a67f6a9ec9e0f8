"""The focal length that a camera wrote beside its picture."""

import math

from PIL import ExifTags, Image

from core.geometry.canvas import Size

FILM_DIAGONAL = math.hypot(36.0, 24.0)  # mm
MM_PER_UNIT = {2: 25.4, 3: 10.0, 4: 1.0, 5: 0.001}  # FocalPlaneResolutionUnit, inch if absent
NARROWEST, WIDEST = 20.0, 0.1  # ratios of a 720 mm lens and of a field of view of 157 degrees


def focal_ratio(exif: Image.Exif, size: Size) -> float | None:
    """Focal length / longer image side, or None where EXIF does not tell or tells nonsense.

    FocalLengthIn35mmFilm comes first: the focal length that gives the same *diagonal* field of
    view on 36 x 24 mm film (CIPA DCG-001), which for a 3:2 photo is the ratio to 36 mm. Else
    FocalLength times FocalPlaneXResolution: the focal length in pixels.

    Args:
        exif: The picture's EXIF.
        size: Width and height of the picture in pixels, either way up.
    """
    try:
        camera = exif.get_ifd(ExifTags.IFD.Exif)
    except Exception:  # a broken EXIF block raises anything, and the picture is good without it
        return None
    longer = max(size)
    film = _number(camera.get(ExifTags.Base.FocalLengthIn35mmFilm))
    if film:
        return _sane(film / FILM_DIAGONAL * math.hypot(*size) / longer)
    millimetres = _number(camera.get(ExifTags.Base.FocalLength))
    per_unit = _number(camera.get(ExifTags.Base.FocalPlaneXResolution))
    unit = MM_PER_UNIT.get(camera.get(ExifTags.Base.FocalPlaneResolutionUnit, 2))
    if not (millimetres and per_unit and unit):
        return None
    # The density belongs to the picture as taken, which may have been scaled down since.
    taken = max(
        _number(camera.get(ExifTags.Base.ExifImageWidth)),
        _number(camera.get(ExifTags.Base.ExifImageHeight)),
    )
    return _sane(millimetres * per_unit / unit / (taken or longer))


def _number(value: object) -> float:
    """A positive finite number out of an EXIF field, else 0."""
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, ArithmeticError):
        return 0.0
    return number if math.isfinite(number) and number > 0 else 0.0


def _sane(ratio: float) -> float | None:
    return ratio if WIDEST < ratio < NARROWEST else None
