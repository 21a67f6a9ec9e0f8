"""Camera paths that a person made elsewhere."""

from collections.abc import Sequence
from pathlib import Path

from core.errors import InputError
from core.formats.transforms import read_cameras, write_transforms
from core.geometry.cameras import Camera
from core.geometry.paths import covering, interpolate


def read_path(file: Path, like: Camera, frames: int) -> list[Camera]:
    """A smooth tour through the keyframes of a file, in the file's order.

    Args:
        file: cameras in the form of transforms.json, see `read_cameras`.
        like: every frame has its size, and its field of view where the file states none.
        frames: how many cameras come back, at least one for each keyframe.

    Raises:
        InputError: the file cannot be read, is not of that form, or has too many keyframes.
    """
    keyframes = [camera for _, camera in read_cameras(file, like)]
    fitting = [covering(camera, like.width, like.height) for camera in keyframes]
    return interpolate(fitting, frames, order="file")


def written(keys: Sequence[Camera], path: Path) -> Path:
    """The keyframes as a transforms.json, which a video can follow.

    Raises:
        InputError: there are none, or they cannot be written there.
    """
    if not keys:
        raise InputError("There is no camera path yet; add views to it.")
    write_transforms({f"{number:03d}": key for number, key in enumerate(keys, 1)}, path)
    return path
