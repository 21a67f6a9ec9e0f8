"""A new run that begins with something known instead of nothing but photos.

`training.start_from` names a run, a checkpoint, or cameras of another program; `training.keep` says
what of it is taken over:

- cameras, of a run: as they are, and the stage is refine (NeRF--, section 4.3: cameras stay, the
  field begins anew). Of another program: put into a world that suits the space, see
  `core.rendering.worlds.into_view`; the stage is explore, as no field of ours has explained them.
- field: the scene, which keeps its age, so that view directions and octaves that show still do.
- optimizers: Adam's moments and the age of the cameras' schedules; together with all they move.

The counters of the run begin at 0. Once begun, it no longer needs what it began with.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from core.config import Config
from core.distributed.process_group import ALONE, Alone
from core.errors import InputError
from core.formats.reference import read_content, read_reference
from core.geometry.cameras import Camera, CameraRig
from core.geometry.stored import upright
from core.multiplane.schedule import Recipe
from core.photos import PhotoSet, local_path
from core.rendering.worlds import between, into_view
from core.runs import checkpoint
from core.runs.checkpoint import Checkpoint
from core.runs.header import Header, Welcome, header
from core.runs.keeping import take_field, take_optimizers
from core.training import build
from core.training.multiplane_learner import MultiplaneLearner
from core.training.room import Room
from core.training.trainer import Trainer
from core.training.wide import by_depth_maps

SAME_SHAPE = 0.02  # of width / height, which whole pixels round
SAME_LENS = 0.02  # of focal lengths, and of the principal point over the longer side
MOST_NAMED = 5  # photos in one sentence


def started(
    config: Config, photos: PhotoSet, recipe: Recipe | None = None, processes: Alone = ALONE
) -> Trainer:
    """A trainer at step 0 that has taken over what the config says.

    Raises:
        InputError: what `training.start_from` names is not there, cannot be read, or does not fit
            the photos or the other options.
    """
    keep, named = set(config.training.keep), config.training.start_from
    _require_sense(keep, named)
    place = local_path(named, "run or the cameras of training.start_from")

    def welcome(said: Header) -> None:
        if "field" in keep and (config.training.bootstrap or config.field.kind == "planes"):
            room = Room.of(config, build.choose_device(config.training.device), photos.pixels.shape)
            room.require(said.shapes, said.path)

    found = _run_at(place, welcome)
    if found is None and keep != {"cameras"}:
        raise InputError(f"{place} holds no run but cameras alone; set training.keep to cameras.")
    rig = build.build_rig(config, photos)
    build.express(rig, config, "explore")
    said: list[str] = []
    given: list[int] = []  # photos
    if "cameras" in keep:
        if found is not None:
            source, known = _of_run(found, config, rig)
        else:
            cameras = _reference(place, photos)
            source, known = of_cameras(cameras, read_content(place), place, config, rig)
            said += _lens_doubts(cameras, rig)
        said += take_cameras(source, known, place, config, photos, rig)
        given += _rows(photos.names, known, place)
    trainer = Trainer(config, photos, recipe, rig, processes)
    trainer.given[given] = True
    try:
        if found is not None and "field" in keep:
            take_field(found, trainer)
        if "cameras" not in keep:
            _require_motion(trainer)
        if found is not None and "optimizers" in keep:
            take_optimizers(found, trainer)
    except InputError:
        trainer.close()
        raise
    if found is not None and "cameras" in keep:
        trainer.stage = "refine"
    trainer.say(f"Begun with {' and '.join(config.training.keep)} of {place}.")
    for sentence in said:
        trainer.say(sentence)
    return trainer


def _require_sense(keep: set[str], named: str) -> None:
    if not keep:
        raise InputError(
            f"training.keep names nothing to take over from {named}; add cameras to it, or leave "
            "training.start_from empty."
        )
    if "optimizers" in keep and len(keep) < 3:
        raise InputError(
            "Optimizers belong to the cameras and the field that they move; set training.keep to "
            "cameras,field,optimizers, or leave optimizers out."
        )


def _require_motion(trainer: Trainer) -> None:
    """New cameras beside a scene that was learned are moved by somebody."""
    planes, still = trainer.find(MultiplaneLearner), trainer.config.cameras.rate_beside_planes == 0
    if planes is not None and planes.finished and still:
        raise InputError(
            "The planes taken over are finished, so nothing would move the new cameras; add "
            "cameras to training.keep, or raise cameras.rate_beside_planes."
        )


def _run_at(place: Path, welcome: Welcome) -> Checkpoint | None:
    """The checkpoint meant by a file or a run's folder, if welcome; None where it is neither."""
    if place.suffix == ".safetensors":
        if (said := header(place)) is not None:
            welcome(said)
        return checkpoint.read(place)
    return checkpoint.newest_in(place, welcome) if checkpoint.folder(place).is_dir() else None


# -- cameras: a rig that holds them in this run's world, and the row in it of each name ---------


def _of_run(found: Checkpoint, config: Config, rig: CameraRig) -> tuple[CameraRig, dict[str, int]]:
    theirs, facts = found.config, found.facts
    source = checkpoint.rig_of(found)
    _require_shape(found.path, source.width, source.height, rig)
    source.convert(rig.rotation_kind, rig.focal_kind, rig.shared_focal, rig.zooms)
    if theirs.rendering.space != config.rendering.space:
        part = theirs.rendering if theirs.rendering.space == "camera" else config.rendering
        world = between(theirs.rendering.space, config.rendering.space, part.near, part.far)
        moved = world.points(source.position.detach().double().numpy())
        with torch.no_grad():
            source.position.copy_(torch.from_numpy(moved))
    names, error = facts["names"], found.tensors["photo_error"]
    split = build.held_out(theirs.data.held_out, len(names))
    unknown = build.without_camera(theirs, names, error, split)
    waiting = error.isnan() & ("bootstrap" in facts)  # photos whose turn has not come
    known = {name: row for row, name in enumerate(names) if not (unknown[row] or waiting[row])}
    return source, known


def _reference(place: Path, photos: PhotoSet) -> dict[str, Camera]:
    """Those of another program's cameras that belong to some of the photos."""
    names, stored = photos.names, dict(zip(photos.names, photos.stored, strict=False))
    cameras = upright(read_reference(place), stored)
    wanted = set(_rows(names, {name: row for row, name in enumerate(cameras)}, place).values())
    return {name: camera for row, (name, camera) in enumerate(cameras.items()) if row in wanted}


def of_cameras(
    cameras: Mapping[str, Camera], content: np.ndarray, place: Path, config: Config, rig: CameraRig
) -> tuple[CameraRig, dict[str, int]]:
    """Cameras of any world in this run's, and the row of each name.

    Args:
        cameras: by the names of their photos.
        content: (P, 3) points of their world, perhaps none.
        place: what they are called in a complaint.
        config: what the run's world is.
        rig: as which they are stored.

    Raises:
        InputError: they are of photos of another shape, or look to all sides.
    """
    part = config.rendering
    for name, camera in cameras.items():
        _require_shape(place / name, camera.width, camera.height, rig)
    try:
        everyone = list(cameras.values())
        bounds = part.space, part.near, part.far
        world = into_view(everyone, content, *bounds, all_around=True)
        if not by_depth_maps(config, [world.camera(camera) for camera in everyone]):
            world = into_view(everyone, content, *bounds)
    except InputError as error:
        raise InputError(f"{place}: {error}.") from None
    source = CameraRig(
        len(cameras), rig.width, rig.height, rig.rotation_kind, rig.focal_kind, rig.shared_focal,
        focal_ratio=1.0,
    )  # fmt: skip
    poses = np.stack([world.camera(camera).camera_to_world for camera in cameras.values()])
    source.place(torch.arange(len(cameras)), torch.from_numpy(poses))
    source.set_focal_lengths(_focal_lengths(cameras, rig))
    source.convert(zooms=rig.zooms)
    if rig.zooms:
        source.set_zooms(torch.from_numpy(_ratios(cameras) * [rig.width, rig.height]))
    with torch.no_grad():
        source.distortion.fill_(float(np.median([camera.k1 for camera in cameras.values()])))
    return source, {name: row for row, name in enumerate(cameras)}


def _lens_doubts(cameras: Mapping[str, Camera], rig: CameraRig) -> list[str]:
    """A sentence where what the rig can hold says less than was read."""
    ratios = _ratios(cameras)
    zooms = 0.0 if rig.zooms else np.abs(ratios / np.median(ratios, axis=0) - 1).max()
    aside = max(
        max(abs(c.cx - c.width / 2), abs(c.cy - c.height / 2)) / max(c.width, c.height)
        for c in cameras.values()
    )
    if max(zooms, aside) <= SAME_LENS:
        return []
    return [
        "The photos' focal lengths or principal points differ there; all begin with the median."
    ]


def _focal_lengths(cameras: Mapping[str, Camera], rig: CameraRig) -> Tensor:
    """(2,) the median fx and fy, in pixels of the rig."""
    return torch.from_numpy(np.median(_ratios(cameras), axis=0) * [rig.width, rig.height])


def _ratios(cameras: Mapping[str, Camera]) -> np.ndarray:
    """(N, 2) fx / width and fy / height."""
    return np.array([(c.fx / c.width, c.fy / c.height) for c in cameras.values()])


def _require_shape(place: Path, width: int, height: int, rig: CameraRig) -> None:
    if abs(width / height * rig.height / rig.width - 1) > SAME_SHAPE:
        raise InputError(
            f"{place} is of {width} x {height} pixels and the photos have {rig.width} x "
            f"{rig.height}, another shape; name cameras of these photos."
        )


@torch.no_grad()
def take_cameras(
    source: CameraRig,
    known: Mapping[str, int],
    place: Path,
    config: Config,
    photos: PhotoSet,
    rig: CameraRig,
) -> list[str]:
    """Give every photo its camera, by name, or its neighbour's; what to say of that.

    Args:
        source, known: the cameras, and the row in them of each name.
        place: what they are called in a complaint.
        rig: changed in place.
    """
    rows = _rows(photos.names, known, place)
    have = torch.tensor(list(rows))
    for photo in range(len(photos.names)):
        nearest = int(have[(have - photo).abs().argmin()])
        rig.rotation[photo] = source.rotation[rows[nearest]]
        rig.position[photo] = source.position[rows[nearest]]
        if rig.zooms:
            rig.zoom[photo] = source.zoom[rows[nearest]]
    rig.focal.copy_(source.focal)
    rig.distortion.copy_(source.distortion)
    split = build.held_out(config.data.held_out, len(photos.names))
    trained = build.trained_photos(config, photos.names, split).tolist()
    without = [photos.names[photo] for photo in trained if photo not in rows]
    if not without:
        return []
    shown = ", ".join(without[:MOST_NAMED]) + (" and others" if without[MOST_NAMED:] else "")
    return [
        f"{len(without)} of {len(trained)} photos have no camera there and begin beside their "
        f"neighbour in the order of names: {shown}."
    ]


def _rows(names: Sequence[str], known: Mapping[str, int], place: Path) -> dict[int, int]:
    """Photo -> row of the source: by file name, else by file name without suffix where it tells."""
    stems: dict[str, list[int]] = {}
    for name, row in known.items():
        stems.setdefault(Path(name).stem, []).append(row)
    rows = {}
    for photo, name in enumerate(names):
        alike = stems.get(Path(name).stem, [])
        if name in known:
            rows[photo] = known[name]
        elif len(alike) == 1:
            rows[photo] = alike[0]
    if not rows:
        raise InputError(
            f"None of the photos has a camera under its own name in {place}; name cameras of "
            f"these photos, such as {names[0]!r}."
        )
    return rows
