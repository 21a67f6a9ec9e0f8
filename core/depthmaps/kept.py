"""What is kept of depth maps in the making, looked at before anybody goes on from it.

A state may come from anywhere, so each tensor is of the kind and shape that its name has, names
what there is, and nothing that the next stages read is missing.
"""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from core.depthmaps.adjustment.unknowns import OF_CAMERA, Unknowns
from core.depthmaps.cameras import Cameras
from core.geometry.cameras import LARGEST

UPRIGHT = 1e-3  # by which a rotation may miss being one
# By name: a kind, and the shape in letters, N photos on a canvas H x W. See `stages`, `joint`.
FORMS = {
    "rotation": ("real", "N33"), "centre": ("real", "N3"), "intrinsics": ("real", "N4"),
    "k1": ("real", "N"), "sizes": ("above", "N2"), "seen": ("any", "NCHW"),
    "inverse": ("above", "NHW"), "support": ("any", "NVU"), "through": ("any", "NVU"),
    "sources": ("photo", "NK"), "range": ("real", "N2"), "step": ("real", "N"),
    "picked": ("real", "NP3"), "points": ("real", "P3"), "visible": ("truth", "NP"),
    "ratios": ("real", "NKC"), "gains": ("real", "NC"), "long_side": ("above", ""),
}  # fmt: skip
OF_JOINT = FORMS | {
    "inverse": ("above", "L"), "middle": ("real", "N2"), "worth": ("real", "M"),
    "damping": ("real", "3"),
}  # fmt: skip
# By stage: what it reads of what others have left, and what it leaves.
STAGES = {
    "look": ("", "inverse sources"),
    "check": ("inverse sources", "support through"),
    "pick": ("inverse support sources", "points"),
    "see": ("points inverse", "visible"),
    "relate": ("points visible", "sources range step"),
    "sweep": ("sources range step", "inverse"),
    "complete": ("inverse support through sources range", "inverse"),
    "sharpen": ("inverse support through sources range step", "inverse"),
    "finer": ("inverse sources range step long_side", "inverse step"),
    "finest": ("inverse sources range step long_side", "inverse step"),
    "finish": ("inverse support through sources range step", "inverse"),
    "fill": ("inverse support through sources range", "inverse"),
    "publish": ("inverse support through sources", "ratios"),
}
FINER = ("finer", "finest")  # which read maps of another size


def _real(tensor: Tensor) -> bool:
    return tensor.is_floating_point()


def _above(tensor: Tensor) -> bool:
    return tensor.dtype in (torch.float32, torch.float64, torch.int64) and bool((tensor > 0).all())


KINDS: dict[str, Callable[[Tensor], bool]] = {
    "real": _real,
    "above": _above,
    "photo": lambda tensor: tensor.dtype is torch.int64,
    "truth": lambda tensor: tensor.dtype is torch.bool,
    "byte": lambda tensor: tensor.dtype is torch.uint8,
    "any": lambda tensor: tensor.dtype in (torch.uint8, torch.float32),
}


def require(
    tensors: Mapping[str, Tensor],
    sizes: Mapping[str, int],
    forms: Mapping[str, tuple[str, str]] = FORMS,
    single: bool = False,
) -> dict[str, int]:
    """See that tensors have the forms of their names.

    Args:
        sizes: of letters, "N" among them; others are what the first tensor says.
        single: of one photo, without the axis of photos.

    Returns: sizes of all letters that stand in these names.

    Raises:
        ValueError: one has another, or stands under no name that there is.
    """
    known = dict(sizes)
    for name, tensor in tensors.items():
        if name not in forms:
            raise ValueError(f"{name} is nothing that is kept")
        kind, letters = forms[name]
        letters = letters.removeprefix("N") if single else letters
        wanted = letters if tensor.ndim == len(letters) else "?"
        for letter, size in zip(wanted, tensor.shape, strict=False):
            if size != (int(letter) if letter.isdigit() else known.setdefault(letter, size)):
                wanted = "?"
        inside = kind != "photo" or bool(((tensor >= 0) & (tensor < known["N"])).all())
        if wanted == "?" or not KINDS[kind](tensor) or not inside:
            raise ValueError(f"{name} is {list(tensor.shape)} of {tensor.dtype}")
    return known


def cameras_in(state: Mapping[str, Tensor], sizes: Tensor) -> Cameras:
    """The cameras of photos of these sizes (N, 2) in pixels.

    Raises:
        ValueError: they are of other photos, or of nowhere.
    """
    require(state, {"N": len(sizes)})
    cameras = Cameras(**state)
    if not torch.equal(cameras.sizes, sizes):
        raise ValueError("cameras are of photos of other sizes")
    turn, eye = cameras.rotation.double(), torch.eye(3, dtype=torch.float64)
    off = (turn @ turn.mT - eye).abs().amax(), (turn.det() - 1).abs().amax()
    numbers = cameras.centre, cameras.intrinsics, cameras.k1
    if max(off) > UPRIGHT or max(float(n.abs().amax()) for n in numbers) > LARGEST:
        raise ValueError("a camera is nowhere")
    if not bool((cameras.intrinsics[:, :2] > 0).all()):
        raise ValueError("a focal length is not above 0")
    return cameras


def require_stages(now: Mapping[str, Tensor], journey: Sequence[tuple[str, int]]) -> None:
    """See that what earlier stages have left is all that the next ones read, at their size.

    Args: `journey`: what is left of it, stages and their photos' longer sides.

    Raises:
        ValueError: something is missing, or of another size.
    """
    there, at = set(now), int(now.get("long_side", 0))
    checked = "support" in now and now["support"].shape == now["inverse"].shape
    for name, side in journey:
        reads, leaves = STAGES[name]
        if missing := set(reads.split()) - there:
            raise ValueError(f"{name} lacks {', '.join(sorted(missing))}")
        if "inverse" in reads and name not in FINER and side != at:
            raise ValueError(f"{name} at {side} pixels of maps at {at}")
        if "support" in reads and not checked:
            raise ValueError(f"{name} lacks support of its size")
        there, at = there | {"long_side", *leaves.split()}, side
        checked = name == "check" or (checked and name not in (*FINER, "look", "sweep"))


def require_rows(
    rows: Sequence[Mapping[str, Tensor]], stage: str, sizes: Mapping[str, int]
) -> None:
    """See that these are what a stage leaves of its first photos; `sizes` as in `require`.

    Raises:
        ValueError: they are not.
    """
    wanted = {"picked"} if stage == "pick" else set(STAGES[stage][1].split())
    known = dict(sizes)
    for row in rows:
        if set(row) != wanted:
            raise ValueError(f"{stage} leaves {', '.join(sorted(row))}")
        known = require(row, known, single=True)


def unknowns_in(state: Mapping[str, Tensor], photos: int) -> Unknowns:
    """What may change of so many photos' cameras, of a state's `unknowns` and their `count`.

    Raises:
        ValueError: it is of others.
    """
    index, count = state["unknowns"], int(state["count"])
    inside = index.dtype is torch.int64 and 0 < count <= index.numel()
    if index.shape != (photos, OF_CAMERA) or not inside:
        raise ValueError(f"{count} unknowns in {list(index.shape)} of {index.dtype}")
    if not bool(((index >= 0) & (index <= count)).all()):
        raise ValueError("unknowns that there are not")
    return Unknowns(index, count)
