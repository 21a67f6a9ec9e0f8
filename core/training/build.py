"""From a config to the things it describes. Below here, functions take numbers."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from core.config import Config
from core.config.sections.schedule import LEVELS
from core.errors import InputError
from core.fields import FIELDS
from core.fields.gradual import Gradual
from core.fields.precision import fastest_precision
from core.geometry.cameras import CameraRig
from core.multiplane.schedule import Level, Recipe
from core.photos import PhotoSet
from core.rendering.spaces import NEAR_PLANE
from core.rendering.volume import RaySettings
from core.training import devices
from core.training.camera_optimizer import Learns


def build_field(config: Config, generator: torch.Generator) -> Gradual:
    """A fresh network of the chosen kind, its weights drawn from `generator`."""
    kind = FIELDS[config.field.kind]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(torch.randint(2**31, (1,), generator=generator)))
        field = kind(**field_arguments(config))
    assert isinstance(field, Gradual), "planes are made by their learner"
    return field


def field_arguments(config: Config) -> dict[str, Any]:
    """What the chosen kind of network is made with, by the names of its arguments."""
    field = config.field
    given = field.model_dump() | {
        "anneal": field.anneal_epochs > 0,
        "precision": precision(config),
    }
    wanted = FIELDS[field.kind].__init__.__annotations__.keys() - {"return"}
    return {name: given[name] for name in given if name in wanted}


def precision(config: Config) -> str:
    """The numbers of hidden layers: as asked for, or what is faster here."""
    wanted = config.field.precision
    if wanted == "auto":
        return fastest_precision(devices.choose_device(config.training.device).type)
    return wanted


def ripen(field: Gradual, config: Config, epochs: int) -> None:
    """Let show of a field what may show after so many epochs of its schedule."""
    options = config.field
    field.set_progress(min(1.0, epochs / options.anneal_epochs) if options.anneal_epochs else 1.0)
    field.set_view_weight(float(epochs >= options.view_epochs))


def build_rig(config: Config, photos: PhotoSet) -> CameraRig:
    """All cameras at the identity, with the focal length of EXIF or the chosen field of view."""
    cameras = config.cameras
    ratio = 0.5 / float(torch.tan(torch.deg2rad(torch.tensor(cameras.initial_fov / 2))))
    if config.data.exif_focal and photos.focal_ratio is not None:
        ratio = photos.focal_ratio
    rig = CameraRig(
        len(photos.names),
        *photos.canvas,
        cameras.rotation,
        cameras.focal,
        cameras.shared_focal,
        ratio,
    )
    rig.sizes = photos.sizes
    return rig


def express(rig: CameraRig, config: Config, stage: str) -> None:
    """Store all cameras as the config asks for at this stage, without moving one.

    The bootstrap finds one focal length for all photos: its trials compare one number, and small
    pictures of few planes hardly tell several, or distortion, from depths and poses.
    """
    cameras, found = config.cameras, stage != "bootstrap"
    zooms = found and cameras.focal_of == "each-photo"
    distorts = found and cameras.learn_distortion
    rig.convert(cameras.rotation, cameras.focal, cameras.shared_focal, zooms, distorts)


def learns(config: Config, stage: str) -> Learns:
    """Which camera numbers a config lets learn at this stage; see `express`."""
    cameras = config.cameras
    distortion = cameras.learn_distortion and stage != "bootstrap"
    return Learns(cameras.learn_rotation, cameras.learn_position, cameras.learn_focal, distortion)


def recipe(config: Config) -> Recipe:
    """The levels that planes go through."""
    schedule = config.schedule
    levels = [
        Level(
            pixels=schedule.pixels[i],
            planes=schedule.planes[i],
            rays=schedule.rays[i],
            steps=schedule.steps[i],
            plane_rate=(schedule.texel_rate[i], schedule.texel_rate_end[i]),
            pose_rate=(schedule.pose_rate[i], schedule.pose_rate_end[i]),
            shape_rate=(schedule.floor_rate[i], schedule.floor_rate_end[i]),
            focal_rate=(schedule.focal_rate[i], schedule.focal_rate_end[i]),
            smoothness=schedule.smoothness[i],
            sharing=schedule.sharing[i],
            placed=LEVELS[i] == "sharpen",
        )
        for i in range(len(LEVELS))
    ]
    by_phase = {
        phase: tuple(level for level, of in zip(levels, LEVELS, strict=True) if of == phase)
        for phase in LEVELS
    }
    return Recipe(
        by_phase["start"], by_phase["settle"], by_phase["focal"][0], by_phase["join"],
        by_phase["sharpen"], schedule.most_photos,
    )  # fmt: skip


def near_depth(config: Config) -> float:
    """World z of the nearest plane: the near plane of ndc, or well before `far`."""
    return NEAR_PLANE if config.rendering.space == "ndc" else 0.2 * config.rendering.far


def ray_settings(config: Config) -> RaySettings:
    """How rays are rendered while training."""
    asked = config.rendering
    return RaySettings(
        asked.space, asked.near, asked.far, asked.samples, asked.white_background, asked.spacing,
        asked.importance_samples, asked.guided_samples,
    )  # fmt: skip


def check_rays(config: Config, processes: int) -> None:
    """See that each process has a ray to explain.

    Raises:
        InputError: there are more processes than rays.
    """
    if 0 < config.training.rays < processes:
        raise InputError(
            f"training.rays is {config.training.rays}, too few for {processes} processes; raise it."
        )


def without_camera(
    config: Config, names: Sequence[str], photo_error: Tensor, split: Sequence[bool]
) -> tuple[bool, ...]:
    """Which photos have no learned camera: those held out, and those left out from the start.

    Args: `photo_error` (N,) is NaN where a photo was never drawn from; `split` as of `held_out`.
    """
    left_out, never = set(config.data.disabled), photo_error.isnan().tolist()
    return tuple(
        out or (name in left_out and unseen)
        for name, unseen, out in zip(names, never, split, strict=True)
    )


def trained_photos(config: Config, names: Sequence[str], split: Sequence[bool]) -> Tensor:
    """(K,) indices of the photos that are neither held out nor left out.

    Args: `split` as of `held_out`.

    Raises:
        InputError: fewer than two photos are left to train on.
    """
    left_out = set(config.data.disabled)
    left = [i for i, name in enumerate(names) if not split[i] and name not in left_out]
    if len(left) < 2:
        raise InputError(
            "Fewer than two photos are left to train on; add photos, or take some out of "
            "data.disabled or data.held_out."
        )
    return torch.tensor(left)


def kept_aside(config: Config, names: Sequence[str]) -> list[int]:
    """Places of the photos that the split keeps aside, but for those that the person took out."""
    split = held_out(config.data.held_out, len(names))
    return [i for i, out in enumerate(split) if out and names[i] not in config.data.disabled]


def held_out(split: str, count: int) -> tuple[bool, ...]:
    """Which of `count` photos are kept aside: every 8th from the first, or the last 10 %."""
    match split:
        case "every8":
            return tuple(index % 8 == 0 for index in range(count))
        case "last10":
            first = count - max(1, count // 10)
            return tuple(index >= first for index in range(count))
        case _:
            return (False,) * count
