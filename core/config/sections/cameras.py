"""Options of the cameras."""

from core.config.declare import CONVERT, RESTART, Section, option
from core.geometry.focals import FOCALS
from core.geometry.rotations import ROTATIONS


class Cameras(Section):
    """How cameras are stored and learned."""

    rotation: str = option(
        "axis-angle", "Rotation", "How each camera's orientation is stored and optimised.", CONVERT,
        choices=ROTATIONS,
    )  # fmt: skip
    focal: str = option(
        "square", "Focal length", "Which function of the parameter gives the focal length.",
        CONVERT, choices=FOCALS,
    )  # fmt: skip
    shared_focal: bool = option(
        True, "Square pixels", "One focal length for both directions, fx = fy.", CONVERT
    )
    focal_of: str = option(
        "all-photos", "Focal length of",
        "One focal length, or each photo its own, once the cameras are found; back takes the mean.",
        CONVERT, choices=("all-photos", "each-photo"), expert=True,
    )  # fmt: skip
    initial_fov: float = option(
        62.7, "Initial field of view", "Degrees across the longer side, where EXIF says nothing.",
        RESTART, at_least=10, at_most=150,
    )  # fmt: skip
    search: str = option(
        "auto", "Search",
        "Cameras from pixels, from matched features, or from whichever stands the test better.",
        choices=("auto", "pixels", "features"),
    )  # fmt: skip
    rival: str = option(
        "", "Cameras of another program",
        "A transforms.json, COLMAP model, poses_bounds.npy, .npz or TUM trajectory to be judged "
        "beside those found here; they are taken where you say so.",
    )  # fmt: skip
    learn_rotation: bool = option(True, "Learn rotation", "The optimizer may turn the cameras.")
    learn_position: bool = option(True, "Learn position", "The optimizer may move the cameras.")
    learn_focal: bool = option(True, "Learn focal length", "The optimizer may change the focal.")
    learn_distortion: bool = option(
        False, "Learn distortion",
        "Planes and networks may bend all rays like a lens (k1), once the cameras are found; "
        "depth maps look for it in any case.",
        expert=True,
    )  # fmt: skip
    exact: bool = option(
        True, "Exact cameras",
        "Once planes have found the cameras, joint steps through depth maps make them exact, and "
        "then they keep still.",
        expert=True,
    )  # fmt: skip
    rate: float = option(
        2e-3, "Camera learning rate",
        "Adam's step for rotations and positions, where a network moves them.",
        at_least=0, at_most=1,
    )  # fmt: skip
    focal_rate: float = option(
        2e-5,
        "Focal learning rate",
        "Adam's step for the focal parameter, where a network moves it.",
        at_least=0,
        at_most=1,
    )
    distortion_rate: float = option(
        1e-4, "Distortion learning rate",
        "Adam's step for the distortion k1, where a network moves it.",
        at_least=0, at_most=1, expert=True,
    )  # fmt: skip
    rate_beside_planes: float = option(
        0.0, "Cameras beside planes", "Part of the camera rates that a network has after planes.",
        at_least=0, at_most=1, expert=True,
    )  # fmt: skip
    decay: float = option(
        0.9, "Camera rate decay", "Both camera rates are multiplied by this, step by step.",
        at_least=0.01, at_most=1, expert=True,
    )  # fmt: skip
    decay_epochs: int = option(
        100, "Epochs between camera decays", "How many epochs one decay step lasts.",
        at_least=1, expert=True,
    )  # fmt: skip
    decay_steps: int = option(
        0, "Steps between camera decays", "How many steps one lasts instead; 0 counts epochs.",
        at_least=0, expert=True,
    )  # fmt: skip
