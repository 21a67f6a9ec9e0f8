"""What matched features tell: cameras, points and pairs, as values that a run can keep."""

import json
from dataclasses import dataclass, fields

import numpy as np
import safetensors
from safetensors.numpy import save

from core.errors import InputError

FORMAT = "features 1"
# By name: kind, and shape in letters, P photos, M points, O sights, K pairs.
MODEL = {
    "photos": ("i8", "P"), "camera_to_world": ("f8", "P44"), "lenses": ("f8", "P5"),
    "points": ("f8", "M3"), "seen": ("i8", "O2"), "pixels": ("f4", "O2"), "residuals": ("f4", "O"),
}  # fmt: skip
PAIRS = {
    "photos": ("i8", "K2"), "homography": ("f4", "K33"),
    **dict.fromkeys(("matches", "inliers", "mirrored"), ("i8", "K")),
    **dict.fromkeys(("flat", "parallax", "shift", "turn"), ("f4", "K")),
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class FeatureModel:
    """Cameras that see the same points; a world of its own, of its own scale.

    P photos are placed, M points are seen, O times in all. Lengths of a picture are fractions of
    its width and height, so they hold at every resolution.

    Attributes:
        photos: (P,) int64 which photos are placed, rising.
        camera_to_world: (P, 4, 4) float64, OpenCV axes.
        lenses: (P, 5) float64 fx / width, fy / height, cx / width, cy / height, and k1 as in
            `core.geometry.distortion`.
        points: (M, 3) float64 in the world.
        seen: (O, 2) int64 row of `points` and row of `photos`.
        pixels: (O, 2) float32 where the point was seen, as fractions of width and height.
        residuals: (O,) float32 distance from where the camera shows the point, in pixels of the
            photos that were matched.
    """

    photos: np.ndarray
    camera_to_world: np.ndarray
    lenses: np.ndarray
    points: np.ndarray
    seen: np.ndarray
    pixels: np.ndarray
    residuals: np.ndarray

    @property
    def error(self) -> float:
        """Mean of the residuals, in pixels of the photos that were matched."""
        return float(self.residuals.mean()) if len(self.residuals) else 0.0


@dataclass(frozen=True, eq=False)
class Pairs:
    """What K pairs of photos have in common. Lengths are fractions of the longer side.

    Attributes:
        photos: (K, 2) int64, the first before the second.
        matches: (K,) int64 features that are alike and that nothing else is as like.
        inliers: (K,) int64 of these, what one motion of the camera explains.
        flat: (K,) float32 share of the inliers that one homography explains.
        parallax: (K,) float32 what a homography leaves of their places, 80th percentile.
        shift: (K,) float32 how far they move, median.
        turn: (K,) float32 by how much the second picture is turned in its plane, radians.
        mirrored: (K,) int64 inliers after mirroring the second photo; -1 where not looked at.
        homography: (K, 3, 3) float32 that brings the first photo's places, measured from its
            centre, to the second's; zero where there is none.
    """

    photos: np.ndarray
    matches: np.ndarray
    inliers: np.ndarray
    flat: np.ndarray
    parallax: np.ndarray
    shift: np.ndarray
    turn: np.ndarray
    mirrored: np.ndarray
    homography: np.ndarray

    @staticmethod
    def none() -> "Pairs":
        """Where nothing was compared."""
        counts = {name: np.zeros(0, np.int64) for name in ("matches", "inliers", "mirrored")}
        lengths = {name: np.zeros(0, np.float32) for name in ("flat", "parallax", "shift", "turn")}
        homography = np.zeros((0, 3, 3), np.float32)
        return Pairs(np.zeros((0, 2), np.int64), **counts, **lengths, homography=homography)


@dataclass(frozen=True, eq=False)
class Features:
    """All that matching told. `models` fall in size; two scenes come apart as two of them."""

    count: int  # photos that were looked at
    pairs: Pairs
    models: tuple[FeatureModel, ...]

    @property
    def placed(self) -> int:
        """Photos in the largest model."""
        return len(self.models[0].photos) if self.models else 0


def packed(found: Features) -> bytes:
    """A safetensors file of all of it; the same values give the same bytes."""
    parts: dict[str, FeatureModel | Pairs] = {"pairs": found.pairs}
    parts |= {f"models.{row}": model for row, model in enumerate(found.models)}
    arrays = {
        f"{name}.{field.name}": np.ascontiguousarray(getattr(part, field.name))
        for name, part in parts.items()
        for field in fields(part)
    }
    facts = {"format": FORMAT, "count": found.count, "models": len(found.models)}
    return save(arrays, {"features": json.dumps(facts)})


def unpacked(content: bytes, where: str = "The features", photos: int | None = None) -> Features:
    """The inverse of `packed`.

    Args:
        where: the file, for a complaint.
        photos: how many it is to be of, where that is known.

    Raises:
        InputError: it is damaged or something else.
    """
    try:
        (size,) = np.frombuffer(content[:8], "<u8")
        header = json.loads(content[8 : 8 + int(size)])
        facts = json.loads(header["__metadata__"]["features"])
        if facts["format"] != FORMAT:
            raise KeyError(FORMAT)
        arrays = safetensors.numpy.load(content)
        pairs = Pairs(**_part(arrays, "pairs", PAIRS))
        models = tuple(
            FeatureModel(**_part(arrays, f"models.{row}", MODEL)) for row in range(facts["models"])
        )
        if photos not in (None, facts["count"]):
            raise ValueError("of other photos")
        _require_sound(facts["count"], pairs, models)
        return Features(facts["count"], pairs, models)
    except (KeyError, ValueError, TypeError, RecursionError, safetensors.SafetensorError) as error:
        raise InputError(
            f"{where}: it holds no matched features; delete it and match again."
        ) from error


def _part(
    arrays: dict[str, np.ndarray], place: str, forms: dict[str, tuple[str, str]]
) -> dict[str, np.ndarray]:
    """The arrays of a part, none of which can be written.

    Raises:
        KeyError: one is missing.
        ValueError: one is of another kind or shape, or a number of a place is not finite.
    """
    part, sizes = {name: arrays[f"{place}.{name}"] for name in forms}, dict[str, int]()
    for name, array in part.items():
        kind, letters = forms[name]
        wanted = [
            int(letter) if letter.isdigit() else sizes.setdefault(letter, size)
            for letter, size in zip(letters, array.shape, strict=True)
        ]
        finite = kind != "f8" or bool(np.isfinite(array).all())
        if array.dtype != np.dtype(kind) or list(array.shape) != wanted or not finite:
            raise ValueError(f"{place}.{name}")
        array.setflags(write=False)
    return part


def _require_sound(count: int, pairs: Pairs, models: tuple[FeatureModel, ...]) -> None:
    """See that all indices name something.

    Raises:
        ValueError: one does not.
    """
    named = [(pairs.photos, count)]
    for model in models:
        named.append((model.photos, count))
        named.append((model.seen[:, 0], len(model.points)))
        named.append((model.seen[:, 1], len(model.photos)))
        if not (np.diff(model.photos) > 0).all() or not (model.lenses[:, :2] > 0).all():
            raise ValueError("a model")
    if not all(((index >= 0) & (index < most)).all() for index, most in named):
        raise ValueError("an index")
