"""Learned cameras against reference cameras, in figures that do not depend on either's world."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.errors import InputError
from core.geometry.alignment import (
    FEWEST_POINTS,
    Similarity,
    best_rotation,
    fixes_rotation,
    rotation_angles,
    stand_together,
    umeyama,
)
from core.geometry.cameras import Camera

ALIGNMENT = "umeyama-sim3"
HALF = 90.0  # degrees; a solution whose depth is reversed is turned by nearly 180


@dataclass(frozen=True)
class CameraErrors:
    """How far learned cameras are from a reference, after the Sim(3) that fits their centres.

    Centres of photos taken from one side are nearly in a plane or on a line, so that a small error
    of a centre turns the alignment by a lot: `rotation` shows that too, `rotation_best` does not.
    """

    frames: int  # photos that both know
    ate: float  # root mean square distance of centres / that of the reference from its mean
    rotation: float | None  # mean degrees; None where centres on one line fix no rotation
    rotation_best: float  # mean degrees after the one rotation that fits the orientations best
    focal: float  # mean |f / f_reference - 1|, f in units of the picture's width
    mirrored: bool | None  # whether depth is reversed; None where `rotation` is


def compare_cameras(learned: Mapping[str, Camera], reference: Mapping[str, Camera]) -> CameraErrors:
    """Compare cameras of the same photos, by file name without folder and suffix.

    Args:
        learned: by photo; only those whose camera was learned.
        reference: by photo; may know fewer photos, or more.

    Raises:
        InputError: fewer than three photos in common, a name that stands for two photos, or
            cameras that are all in one place.
    """
    pairs = list(_matched(learned, reference).values())
    mine, theirs = (np.stack([pair[side].camera_to_world for pair in pairs]) for side in (0, 1))
    centres, wanted = mine[:, :3, 3], theirs[:, :3, 3]
    _require_spread(centres, "learned cameras", "train the run further")
    _require_spread(wanted, "cameras of the reference", "give another reference")
    fit, axes, goal = umeyama(centres, wanted), mine[:, :3, :3], theirs[:, :3, :3]
    misses = np.linalg.norm(fit.points(centres) - wanted, axis=-1)
    radii = np.linalg.norm(wanted - wanted.mean(axis=0), axis=-1)
    rotation = None
    if fixes_rotation(centres, wanted):
        rotation = float(rotation_angles(fit.rotation @ axes, goal).mean())
    best = rotation_angles(best_rotation(axes, goal) @ axes, goal)
    return CameraErrors(
        frames=len(pairs),
        ate=float(np.sqrt(np.mean(misses**2) / np.mean(radii**2))),
        rotation=rotation,
        rotation_best=float(best.mean()),
        focal=float(np.mean([abs(_focal(a) / _focal(b) - 1) for a, b in pairs])),
        mirrored=None if rotation is None else rotation > HALF,
    )


def beside_learned(
    learned: Mapping[str, Camera], reference: Mapping[str, Camera]
) -> dict[str, Camera]:
    """Reference cameras in the learned world, by the learned photos' names.

    The Sim(3) moves the reference onto the learned cameras, so that the distances that are left
    are the least in the world that is looked at; `compare_cameras` measures in the reference's.

    Args, Raises: as `compare_cameras`.
    """
    fit, pairs = onto_learned(learned, reference), _matched(learned, reference)
    return {name: fit.camera(other) for name, (_, other) in pairs.items()}


def onto_learned(learned: Mapping[str, Camera], reference: Mapping[str, Camera]) -> Similarity:
    """What moves the reference's world onto the learned one, as `beside_learned` moves cameras.

    Args, Raises: as `compare_cameras`.
    """
    pairs = _matched(learned, reference)
    mine, theirs = (np.stack([pair[side].position for pair in pairs.values()]) for side in (0, 1))
    _require_spread(mine, "learned cameras", "train the run further")
    _require_spread(theirs, "cameras of the reference", "give another reference")
    return umeyama(theirs, mine)


def _matched(
    learned: Mapping[str, Camera], reference: Mapping[str, Camera]
) -> dict[str, tuple[Camera, Camera]]:
    """Learned cameras with their references, by the learned photos' names and in their order."""
    mine, theirs = _by_stem(learned), _by_stem(reference)
    common = [stem for stem in mine if stem in theirs]
    _require_one(common, mine, "photos of the run")
    _require_one(common, theirs, "photos of the reference")
    if len(common) < FEWEST_POINTS:
        raise InputError(
            f"Only {len(common)} of the {len(learned)} learned photos are in the reference under "
            f"their own name and {FEWEST_POINTS} are needed; give the reference of these photos."
        )
    return {mine[stem][0]: (learned[mine[stem][0]], reference[theirs[stem][0]]) for stem in common}


def _by_stem(names: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(Path(name).stem, []).append(name)
    return found


def _require_one(stems: list[str], names: Mapping[str, list[str]], whose: str) -> None:
    for stem in stems:
        if len(names[stem]) > 1:
            first, second = names[stem][:2]
            raise InputError(
                f"The {whose} {first!r} and {second!r} differ in folder or suffix alone, so that "
                "they cannot be told apart; rename one."
            )


def _require_spread(centres: np.ndarray, whose: str, remedy: str) -> None:
    if stand_together(centres):
        raise InputError(f"All {whose} stand in one place, so nothing can be aligned; {remedy}.")


def _focal(camera: Camera) -> float:
    return camera.fx / camera.width
