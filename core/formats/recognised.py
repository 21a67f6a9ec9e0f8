"""Which files among others are likely cameras of some program."""

import re
from pathlib import Path

NAMES = re.compile(
    r"transforms[\w.-]*\.json|poses_bounds\.npy|.+\.npz|.+\.tum|(cameras|images|points3D)\.(bin|txt)"
    r"|((camera|keyframe)?trajectory|groundtruth)[\w.-]*\.txt",
    re.IGNORECASE,
)


def is_cameras(file: Path) -> bool:
    """Whether a file is called as files of cameras are; of a COLMAP model, whether it is of one."""
    return NAMES.fullmatch(file.name) is not None
