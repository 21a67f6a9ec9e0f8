"""A trajectory as the TUM RGB-D benchmark writes it, for tools that compare paths such as evo.

One line for each camera: timestamp, centre in the world, and a quaternion `xyzw` of the rotation
camera to world, in OpenCV axes. See https://cvg.cit.tum.de/data/datasets/rgbd-dataset/file_formats.
"""

import codecs
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from scipy.spatial.transform import Rotation

from core.errors import InputError
from core.formats.checks import LARGEST_NUMBER, check_writable, exact_rotation, pose_of
from core.formats.files import read_file, write_file
from core.geometry.cameras import Camera


def write_tum(cameras: Mapping[str, Camera], out: Path, remarks: Sequence[str] = ()) -> None:
    """Write a trajectory, with 0, 1, ... as timestamps; the form has no names and no intrinsics.

    What there is to say of the cameras stands in comments.

    Raises:
        InputError: there are no cameras, one is not finite, or nothing can be written at `out`.
    """
    check_writable(cameras)
    lines = ["# timestamp tx ty tz qx qy qz qw", *(f"# {remark}" for remark in remarks)]
    for index, camera in enumerate(cameras.values()):
        quaternion = Rotation.from_matrix(camera.camera_to_world[:3, :3]).as_quat(canonical=True)
        numbers = [index, *camera.position.tolist(), *quaternion.tolist()]
        lines.append(" ".join(str(number) for number in numbers))
    write_file(("\n".join(lines) + "\n").encode(), out)


def read_tum(path: Path, like: Camera) -> dict[str, Camera]:
    """The poses of a trajectory, by timestamps as they are written, with the intrinsics of `like`.

    Raises:
        InputError: the file cannot be read, is not of that form, or states a time twice.
    """
    cameras: dict[str, Camera] = {}
    content = read_file(path).removeprefix(codecs.BOM_UTF8)
    for number, line in enumerate(content.splitlines(), start=1):
        words = line.decode(errors="replace").split()
        if not words or words[0].startswith("#"):
            continue
        where = f"{path}, line {number}"
        _, *position, x, y, z, w = _numbers(words, where)
        if words[0] in cameras:
            raise InputError(f"{where} has a timestamp that stands before; correct it.")
        pose = pose_of(exact_rotation((w, x, y, z), where), position)
        cameras[words[0]] = replace(like, camera_to_world=pose)
    if not cameras:
        raise InputError(f"{path}: it has no poses; choose a TUM trajectory.")
    return cameras


def _numbers(words: list[str], where: str) -> list[float]:
    try:
        numbers = [float(word) for word in words]
    except ValueError:
        numbers = []
    if len(numbers) != 8 or not all(abs(number) <= LARGEST_NUMBER for number in numbers[1:]):
        raise InputError(f"{where} must be a timestamp and seven finite numbers; correct it.")
    return numbers
