"""From a config to the things it describes. Below here, functions take numbers."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from core.errors import InputError
from core.fields import FIELDS
from core.geometry.cameras import CameraRig
from core.photos import PhotoSet
from core.rendering.scene import Scene
from core.rendering.volume import RaySettings
from core.training.config import Config
from core.training.learned import Learned


def build_field(config: Config, generator: torch.Generator) -> nn.Module:
    """A fresh field, its weights drawn from `generator`."""
    part = config.field
    kind = FIELDS[part.kind]
    wanted = kind.__init__.__annotations__.keys() - {"return"}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(torch.randint(2**31, (1,), generator=generator)))
        return kind(**{name: getattr(part, name) for name in wanted})


def build_rig(config: Config, photos: PhotoSet) -> CameraRig:
    """All cameras at the identity, with the focal length of EXIF or the chosen field of view."""
    part = config.cameras
    ratio = 0.5 / float(torch.tan(torch.deg2rad(torch.tensor(part.initial_fov / 2))))
    if config.data.exif_focal and photos.focal_ratio is not None:
        ratio = photos.focal_ratio
    height, width = photos.pixels.shape[1:3]
    return CameraRig(
        len(photos.names), width, height, part.rotation, part.focal, part.shared_focal, ratio
    )


def make_learned(
    config: Config,
    names: tuple[str, ...],
    rig: CameraRig,
    field: nn.Module,
    unlearned: tuple[bool, ...],
) -> Learned:
    """The cameras and a field as a value. The field is taken as it is: give it a copy."""
    scene = Scene(field.requires_grad_(False), rig.frame().detach(), ray_settings(config))
    return Learned(names, tuple(rig.cameras()), unlearned, scene)


def ray_settings(config: Config) -> RaySettings:
    """How rays are rendered while training."""
    part = config.rendering
    return RaySettings(part.space, part.near, part.far, part.samples, part.white_background)


def choose_device(wanted: str) -> torch.device:
    """The device a config asks for.

    Raises:
        InputError: cuda is asked for and there is none.
    """
    if wanted == "cuda" and not torch.cuda.is_available():
        raise InputError("training.device is cuda, but no CUDA GPU is usable here; take auto.")
    if wanted == "auto":
        wanted = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(wanted)


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
