"""Learned cameras in the forms other tools read."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from core.errors import InputError
from core.exporting.colour import THERE
from core.exporting.pictures import shrunk, whole_picture
from core.exporting.sparse import sparse_points
from core.formats.checks import check_writable
from core.formats.colmap_binary import write_colmap_binary
from core.formats.colmap_text import write_colmap_text
from core.formats.llff import write_llff
from core.formats.npz import write_npz
from core.formats.ply import write_ply
from core.formats.pytorch3d import write_pytorch3d
from core.formats.sparse import SparsePoints
from core.formats.transforms import write_transforms
from core.formats.tum import write_tum
from core.geometry.cameras import Camera
from core.geometry.gauge import Gauge, into_gauge
from core.geometry.stored import as_stored
from core.rendering.picture import Pace
from core.rendering.scene import Scene
from core.training.learned import Learned

AS_LEARNED = Gauge()
UNSAID: Mapping[str, Any] = MappingProxyType({})
REMARKED = ("found_by", "verdict", "pictures")
UNJUDGED = "unknown yet"  # what is thought of a camera that nothing was thought of
NEAREST, FARTHEST = 0.1, 99.9  # percentiles of depth that LLFF calls a photo's bounds

Cameras = Mapping[str, Camera]
Bounds = Mapping[str, tuple[float, float]]  # nearest and farthest depth in each photo


@dataclass(frozen=True)
class About:
    """What is to be known of cameras beside where they are.

    Attributes:
        not_placed: names of the photos that have none.
        verdict: how they were found and what is thought of them, as `core.runs.judged.judgement_of`
            has it, and of which `pictures` they are.
    """

    not_placed: Sequence[str]
    verdict: Mapping[str, Any]

    @property
    def remarks(self) -> list[str]:
        """The same in lines, for forms that have a place for comments."""
        said = [f"{word}: {self.verdict[word]}" for word in REMARKED if word in self.verdict]
        return [*said, *(f"not placed: {name!r}" for name in self.not_placed)]

    def arrays(self, names: Sequence[str]) -> dict[str, Any]:
        """The same as texts and rows of texts: the sentences of reasons, and a word for each photo.

        Args: `names` of the photos with cameras.
        """
        reasons = self.verdict.get("verdict_reasons", [])
        words = {one["photo"]: one["verdict"] for one in self.verdict.get("cameras", [])}
        return {
            **{word: self.verdict[word] for word in REMARKED if word in self.verdict},
            "verdict_reasons": [reason["sentence"] for reason in reasons],
            "verdicts": [words.get(name, UNJUDGED) for name in names],
        }


@dataclass(frozen=True)
class Measured:
    """What a scene tells of the cameras' world, measured where it is asked for."""

    bounds: Callable[[], Bounds]
    points: Callable[[], SparsePoints]


@dataclass(frozen=True)
class Form:
    """A way to write cameras: the usual file name, and who writes it.

    The writer is given what can be measured, as that means to render every view, and `About`, which
    it states where the form has a place for it.
    """

    file: str
    write: Callable[[Cameras, Path, "Measured", About], None]
    stored: bool = False  # whether cameras are those of the photos' files: tools read both


EXPORTS: dict[str, Form] = {
    "transforms": Form(
        "transforms.json",
        lambda cameras, out, _, about: write_transforms(
            cameras, out, about.not_placed, about.verdict
        ),
        stored=True,
    ),
    "colmap-text": Form(
        "colmap-text.zip",
        lambda cameras, out, measured, about: write_colmap_text(
            cameras, out, about.remarks, measured.points()
        ),
        stored=True,
    ),
    "colmap-binary": Form(
        "colmap-binary.zip",
        lambda cameras, out, measured, _: write_colmap_binary(cameras, out, measured.points()),
        stored=True,
    ),
    "llff": Form(
        "poses_bounds.npy",
        lambda cameras, out, measured, _: write_llff(cameras, out, measured.bounds()),
        stored=True,
    ),
    "tum": Form(
        "trajectory.txt", lambda cameras, out, _, about: write_tum(cameras, out, about.remarks)
    ),
    "npz": Form(
        "cameras.npz",
        lambda cameras, out, _, about: write_npz(
            cameras, out, about.not_placed, about.arrays(list(cameras))
        ),
    ),
    "pytorch3d": Form("pytorch3d.npz", lambda cameras, out, *_: write_pytorch3d(cameras, out)),
    "ply": Form(
        "frustums.ply", lambda cameras, out, _, about: write_ply(cameras, out, about.remarks)
    ),
}


def write_cameras(
    form: str,
    learned: Learned,
    out: Path,
    gauge: Gauge = AS_LEARNED,
    verdict: Mapping[str, Any] = UNSAID,
) -> None:
    """Write the cameras of a run for other tools.

    Photos that are kept aside, or whose turn has not come, are left out: their cameras were never
    learned, and the tools would train on them. Forms that tools read beside the photos are of the
    photos' files: at their size, and not turned by EXIF.

    Args:
        form: one of `EXPORTS`.
        learned: the cameras, and the scene that tells depths.
        out: a file; a COLMAP model is a folder, or an archive of it where the name ends in .zip.
        gauge: the world that the cameras are written in.
        verdict: see `About`.

    Raises:
        InputError: there is no such form, it cannot hold these cameras, they do not tell the
            gauge, or nothing can be written at `out`.
    """
    if form not in EXPORTS:
        raise InputError(f"There is no form {form!r} of cameras; choose {', '.join(EXPORTS)}.")
    kept = _trained(learned)
    world = into_gauge(list(kept.values()), gauge)
    moved = {name: world.camera(camera) for name, camera in kept.items()}
    if EXPORTS[form].stored:
        files = learned.stored_by_name
        moved = {n: as_stored(c, files[n]) if n in files else c for n, c in moved.items()}

    def bounds() -> Bounds:
        return {
            name: (near * world.scale, far * world.scale)
            for name, (near, far) in depth_bounds(learned.scene, kept).items()
        }

    def points() -> SparsePoints:
        return sparse_points(learned.scene, kept, world, moved)

    about = About(learned.not_placed, {**verdict, "pictures": pictures_of(form, learned)})
    EXPORTS[form].write(moved, out, Measured(bounds, points), about)


def pictures_of(form: str, learned: Learned) -> str:
    """Which pictures the cameras of a form belong to, in the person's words."""
    if EXPORTS[form].stored and learned.stored:
        turned = any(orientation != 1 for *_, orientation in learned.stored)
        return "the photos' files" + (", as they lie before EXIF turns them" if turned else "")
    camera = learned.cameras[0]
    return f"the photos upright, scaled to {camera.width} x {camera.height} pixels"


def depth_bounds(scene: Scene, cameras: Cameras) -> Bounds:
    """Nearest and farthest depth that each camera sees, save 0.1 % of outliers at either end.

    LLFF takes these percentiles of the depths of sparse points; here they are those of a small
    picture, where something is there, or everywhere if nothing is.
    """
    pace, bounds = Pace(), {}
    for name, camera in cameras.items():
        picture = whole_picture(scene, shrunk(camera), pace)
        there = picture.opacity > THERE
        near, far = np.percentile(
            picture.depth[there] if there.any() else picture.depth, (NEAREST, FARTHEST)
        )
        bounds[name] = (float(near), float(far))
    return bounds


def _trained(learned: Learned) -> dict[str, Camera]:
    """The cameras that were learned, by the names of their photos.

    Raises:
        InputError: there are none, or they are not finite.
    """
    kept = learned.by_name
    check_writable(kept)
    return kept
