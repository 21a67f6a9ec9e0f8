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

import functools
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from core.config import Config
from core.distributed.process_group import SINGLE_PROCESS, ProcessGroup
from core.errors import InputError
from core.geometry.cameras import Camera, CameraRig
from core.multiplane.schedule import Recipe
from core.photos import PhotoSet, local_path
from core.rendering.worlds import between, into_view
from core.runs import checkpoint
from core.runs.checkpoint import Checkpoint
from core.runs.header import Header, Welcome, welcomed
from core.runs.soundness import fitting
from core.runs.starting.fitting import (
    focal_lengths,
    lens_notices,
    require_shape,
    rows_by_name,
    with_depth_maps,
    with_own_lenses,
)
from core.runs.starting.given import given_cameras, given_content
from core.runs.starting.keeping import take_field, take_optimizers
from core.training import build, devices
from core.training.learners.multiplane_learner import MultiplaneLearner
from core.training.room import Room
from core.training.trainer import Trainer
from core.training.wide import by_depth_maps

MOST_NAMED = 5  # photos in one sentence
HELD = (
    "Depth maps hold the scene: they leave given cameras as they are where these are right. Set "
    "field.geometry to planes for those before all cameras."
)


def started(
    config: Config,
    photos: PhotoSet,
    recipe: Recipe | None = None,
    processes: ProcessGroup = SINGLE_PROCESS,
) -> Trainer:
    """A trainer at step 0 that has taken over what the config says.

    Raises:
        InputError: what `training.start_from` names is not there, cannot be read, or does not fit
            the photos or the other options.
    """
    keep, named = set(config.training.keep), config.training.start_from
    _require_sense(keep, named)
    path = local_path(named, "run or the cameras of training.start_from")
    found = _run_at(path, functools.partial(_see_that_planes_fit, config, photos))
    if found is None and keep != {"cameras"}:
        raise InputError(f"{path} holds no run but cameras alone; set training.keep to cameras.")
    config, rig, given, said = _cameras(config, photos, path, found)
    trainer = Trainer(config, photos, recipe, rig, processes)
    trainer.given[given] = True
    try:
        if found is not None and "field" in keep:
            with fitting(found.path):
                take_field(found, trainer)
        if "cameras" not in keep:
            _require_motion(trainer)
        if found is not None and "optimizers" in keep:
            with fitting(found.path):
                take_optimizers(found, trainer)
    except InputError:
        trainer.close()
        raise
    if found is not None and "cameras" in keep:
        trainer.course = replace(trainer.course, stage="refine")
    trainer.say(f"Begun with {' and '.join(config.training.keep)} of {path}.")
    for sentence in said:
        trainer.say(sentence)
    return trainer


class _Cameras(NamedTuple):
    """What a run begins with besides its photos."""

    config: Config
    rig: CameraRig
    given: list[int]  # photos whose cameras were taken over
    said: list[str]


def _cameras(config: Config, photos: PhotoSet, path: Path, found: Checkpoint | None) -> _Cameras:
    """The cameras of a run, or of another program's file, where they are to be kept."""
    said: list[str] = []
    keep = "cameras" in config.training.keep
    if keep and found is None:
        cameras = given_cameras(path, photos, build.build_rig(config, photos).cameras()[0])
        config, said = with_own_lenses(config, cameras)
        own, config = config, with_depth_maps(config)
        said += [HELD] if config != own else []
    rig = build.build_rig(config, photos)
    build.express(rig, config, "explore")
    if not keep:
        return _Cameras(config, rig, [], said)
    if found is not None:
        with fitting(found.path):
            source, known = _of_run(found, config, rig)
    else:
        source, known = of_cameras(cameras, given_content(path), path, config, rig)
        said += lens_notices(cameras, rig)
    said += take_cameras(source, known, path, config, photos, rig)
    return _Cameras(config, rig, list(rows_by_name(photos.names, known, path)), said)


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


def _see_that_planes_fit(config: Config, photos: PhotoSet, said: Header) -> None:
    planes = config.training.bootstrap or config.field.kind == "planes"
    if "field" in config.training.keep and planes:
        device = devices.choose_device(config.training.device)
        Room.of(config, device, photos.pixels.shape).require(said.shapes, said.path)


def _run_at(path: Path, welcome: Welcome) -> Checkpoint | None:
    """The checkpoint meant by a file or a run's folder, if welcome; None where it is neither."""
    if path.suffix == ".safetensors":
        welcomed(path, welcome)
        return checkpoint.read(path)
    return checkpoint.newest_in(path, welcome) if checkpoint.folder(path).is_dir() else None


# -- cameras: a rig that holds them in this run's world, and the row in it of each name ---------


def _of_run(found: Checkpoint, config: Config, rig: CameraRig) -> tuple[CameraRig, dict[str, int]]:
    theirs, facts = found.config, found.facts
    source = checkpoint.rig_of(found)
    ours = (rig.width, rig.height)
    require_shape(found.path, (source.width, source.height), ours)
    source.convert(rig.rotation_kind, rig.focal_kind, rig.shared_focal, rig.zooms)
    if theirs.rendering.space != config.rendering.space:
        rendering = theirs.rendering if theirs.rendering.space == "camera" else config.rendering
        world = between(
            theirs.rendering.space, config.rendering.space, rendering.near, rendering.far
        )
        moved = world.points(source.position.detach().double().numpy())
        with torch.no_grad():
            source.position.copy_(torch.from_numpy(moved))
    names, error = facts["names"], found.tensors["photo_error"]
    split = build.held_out(theirs.data.held_out, len(names))
    unknown = build.without_camera(theirs, names, error, split)
    waiting = error.isnan() & ("bootstrap" in facts)  # photos whose turn has not come
    known = {name: row for row, name in enumerate(names) if not (unknown[row] or waiting[row])}
    return source, known


def of_cameras(
    cameras: Mapping[str, Camera], content: np.ndarray, path: Path, config: Config, rig: CameraRig
) -> tuple[CameraRig, dict[str, int]]:
    """Cameras of any world in this run's, and the row of each name.

    Args:
        cameras: by the names of their photos, at the sizes of these.
        content: (P, 3) points of their world, perhaps none.
        path: what they are called in a complaint.
        config: what the run's world is.
        rig: as which they are stored.

    Raises:
        InputError: they look to all sides.
    """
    rendering = config.rendering
    try:
        everyone = list(cameras.values())
        bounds = rendering.space, rendering.near, rendering.far
        world = into_view(everyone, content, *bounds, all_around=True)
        if not by_depth_maps(config, [world.camera(camera) for camera in everyone]):
            world = into_view(everyone, content, *bounds)
    except InputError as error:
        raise InputError(f"{path}: {error}.") from None
    source = CameraRig(
        len(cameras), rig.width, rig.height, rig.rotation_kind, rig.focal_kind, rig.shared_focal,
        focal_ratio=1.0,
    )  # fmt: skip
    poses = np.stack([world.camera(camera).camera_to_world for camera in cameras.values()])
    source.place(torch.arange(len(cameras)), torch.from_numpy(poses))
    source.set_focal_lengths(torch.from_numpy(np.median(focal_lengths(cameras), axis=0)))
    source.convert(zooms=rig.zooms)
    if rig.zooms:
        source.set_zooms(torch.from_numpy(focal_lengths(cameras)))
    with torch.no_grad():
        source.distortion.fill_(float(np.median([camera.k1 for camera in cameras.values()])))
        if not rig.sizes:
            asides = np.median([camera.principal for camera in cameras.values()], axis=0)
            source.principal.copy_(torch.from_numpy(asides))
    return source, {name: row for row, name in enumerate(cameras)}


@torch.no_grad()
def take_cameras(
    source: CameraRig,
    known: Mapping[str, int],
    path: Path,
    config: Config,
    photos: PhotoSet,
    rig: CameraRig,
) -> list[str]:
    """Give every photo its camera, by name, or its neighbour's; what to say of that.

    Args:
        source, known: the cameras, and the row in them of each name.
        path: what they are called in a complaint.
        rig: changed in place.
    """
    rows = rows_by_name(photos.names, known, path)
    have = torch.tensor(list(rows))
    for photo in range(len(photos.names)):
        nearest = int(have[(have - photo).abs().argmin()])
        rig.rotation[photo] = source.rotation[rows[nearest]]
        rig.position[photo] = source.position[rows[nearest]]
        if rig.zooms:
            rig.zoom[photo] = source.zoom[rows[nearest]]
    rig.focal.copy_(source.focal)
    rig.distortion.copy_(source.distortion)
    rig.principal.copy_(source.principal)
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
