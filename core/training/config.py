"""Every setting of a run, declared once. `configs/default.yaml` is generated from this file."""

import functools

from core.fields import DENSITY_ACTIVATIONS, FIELDS
from core.fields.precision import PRECISIONS
from core.fields.triplane import HEADS
from core.geometry.focals import FOCALS
from core.geometry.rotations import ROTATIONS
from core.rendering.spaces import SPACES
from core.training.options import Effect, Frozen, Section, option

view = functools.partial(option, effect=Effect.VIEW)
RESTART, CONVERT, REBUILD_FIELD = Effect.RESTART, Effect.CONVERT, Effect.REBUILD_FIELD


class Data(Section):
    """Which photos, and how they are read."""

    photos: str = option("", "Photos", "A folder of photos or a video file.", RESTART)
    long_side: int = option(
        504, "Long side", "Photos are downscaled to this many pixels; 0 keeps their size.", RESTART,
        at_least=0, at_most=8192,
    )  # fmt: skip
    held_out: str = option(
        "none", "Held-out photos", "Photos kept aside to measure novel views on.", RESTART,
        choices=("none", "every8", "last10"),
    )  # fmt: skip
    disabled: tuple[str, ...] = option((), "Photos left out", "File names not trained on.")
    exif_focal: bool = option(
        True, "Focal length from EXIF", "Start from the focal length the photos state.", RESTART
    )
    alpha_background: str = option(
        "white", "Behind transparency", "Colour put behind transparent pixels.", RESTART,
        choices=("white", "black"), expert=True,
    )  # fmt: skip
    video_frames: int = option(
        25, "Frames of a video", "How many frames are taken, evenly spread, the sharpest nearby.",
        RESTART, at_least=2, at_most=500,
    )  # fmt: skip
    video_rate: float = option(
        0.0, "Frames per second of a video", "Frames taken each second; 0 takes the number above.",
        RESTART, at_least=0, at_most=60, expert=True,
    )  # fmt: skip
    video_start: float = option(
        0.0, "Video from", "Seconds into the video where frames begin.", RESTART,
        at_least=0, expert=True,
    )  # fmt: skip
    video_end: float = option(
        0.0, "Video to", "Seconds into the video where frames end; 0 is its end.", RESTART,
        at_least=0, expert=True,
    )  # fmt: skip


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
    initial_fov: float = option(
        62.7, "Initial field of view", "Degrees across the longer side, where EXIF says nothing.",
        RESTART, at_least=10, at_most=150,
    )  # fmt: skip
    learn_rotation: bool = option(True, "Learn rotation", "The optimizer may turn the cameras.")
    learn_position: bool = option(True, "Learn position", "The optimizer may move the cameras.")
    learn_focal: bool = option(True, "Learn focal length", "The optimizer may change the focal.")
    rate: float = option(
        2e-3, "Camera learning rate", "Adam's step for rotations and positions.",
        at_least=0, at_most=1,
    )  # fmt: skip
    focal_rate: float = option(
        2e-5, "Focal learning rate", "Adam's step for the focal parameter.", at_least=0, at_most=1
    )
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


class Field(Section):
    """The scene function: position and direction in, colour and density out."""

    kind: str = option(
        "relu", "Field", "What holds the scene: a network, or planes of pictures.", REBUILD_FIELD,
        choices=FIELDS,
    )  # fmt: skip
    width: int = option(
        64, "Width", "Neurons of each hidden layer.", REBUILD_FIELD, at_least=8, at_most=1024
    )
    depth: int = option(4, "Depth", "Hidden layers.", REBUILD_FIELD, at_least=2, at_most=16)
    skip: int = option(
        2, "Skip after layer", "ReLU: the input enters again after this layer, counted from 0.",
        REBUILD_FIELD, at_least=0, at_most=15, expert=True,
    )  # fmt: skip
    position_octaves: int = option(
        5, "Position octaves", "ReLU: frequencies of the positional encoding.", REBUILD_FIELD,
        at_least=0, at_most=16,
    )  # fmt: skip
    direction_octaves: int = option(
        4, "Direction octaves", "ReLU: frequencies of the view direction's encoding.",
        REBUILD_FIELD, at_least=0, at_most=8, expert=True,
    )  # fmt: skip
    anneal_epochs: int = option(
        0, "Octaves appear over", "ReLU: epochs in which higher octaves fade in; 0 shows all.",
        REBUILD_FIELD, at_least=0, expert=True,
    )  # fmt: skip
    view_directions: bool = option(
        True, "View directions", "Colour may depend on where it is seen from.", REBUILD_FIELD
    )
    view_epochs: int = option(
        40, "View directions after", "Epochs before they count, so that parallax is learned first.",
        at_least=0, expert=True,
    )  # fmt: skip
    head: str = option(
        "relu", "Head", "Tri-plane: activation of the network behind the planes.", REBUILD_FIELD,
        choices=HEADS,
    )  # fmt: skip
    plane_side: int = option(
        384, "Tri-plane side", "Tri-plane: texels along x and y.", REBUILD_FIELD,
        at_least=8, at_most=2048, expert=True,
    )  # fmt: skip
    plane_depth: int = option(
        64, "Tri-plane depth", "Tri-plane: texels along z.", REBUILD_FIELD,
        at_least=4, at_most=1024, expert=True,
    )  # fmt: skip
    plane_channels: int = option(
        16, "Tri-plane features", "Tri-plane: numbers stored in each texel.", REBUILD_FIELD,
        at_least=1, at_most=64, expert=True,
    )  # fmt: skip
    plane_extent: float = option(
        1.6, "Tri-plane reach", "Tri-plane: half sides of the reference picture it covers.",
        REBUILD_FIELD, at_least=1, at_most=8, expert=True,
    )  # fmt: skip
    precision: str = option(
        "auto", "Precision", "Numbers in hidden layers; auto takes bfloat16 where that is faster.",
        REBUILD_FIELD, choices=("auto", *PRECISIONS), expert=True,
    )  # fmt: skip
    density_activation: str = option(
        "softplus", "Density activation", "Softplus keeps a gradient where space is empty.",
        REBUILD_FIELD, choices=DENSITY_ACTIVATIONS,
    )  # fmt: skip
    density_noise: float = option(
        0.0, "Density noise", "Standard deviation of noise on raw density while training.",
        at_least=0, at_most=100, expert=True,
    )  # fmt: skip
    first_w0: float = option(
        30.0, "First w0", "SIREN: frequency of the first sine layer.", REBUILD_FIELD,
        at_least=0.1, at_most=200,
    )  # fmt: skip
    following_w0: float = option(
        1.0, "Following w0", "SIREN: frequency of the other sine layers.", REBUILD_FIELD,
        at_least=0.1, at_most=200, expert=True,
    )  # fmt: skip
    density_scale: float = option(
        20.0, "Density scale", "SIREN: positive raw density is multiplied by this (sigma_mul).",
        REBUILD_FIELD, at_least=0.1, at_most=1000,
    )  # fmt: skip
    rgb_scale: float = option(
        1.0, "Colour scale", "SIREN: raw colour is multiplied by this (rgb_mul).", REBUILD_FIELD,
        at_least=0.1, at_most=100, expert=True,
    )  # fmt: skip
    rate: float = option(
        5e-3, "Field learning rate", "Adam's step for the network.", at_least=0, at_most=1
    )
    decay: float = option(
        0.9954, "Field rate decay", "The field's rate is multiplied by this, step by step.",
        at_least=0.01, at_most=1, expert=True,
    )  # fmt: skip
    decay_epochs: int = option(
        10, "Epochs between field decays", "How many epochs one decay step lasts.",
        at_least=1, expert=True,
    )  # fmt: skip


class Rendering(Section):
    """How a ray becomes a colour."""

    space: str = option(
        "ndc", "Space", "Samples even in disparity up to infinity (ndc), or in depth (camera).",
        RESTART, choices=SPACES,
    )  # fmt: skip
    near: float = option(0.0, "Near", "Where samples begin along a ray.", at_least=0, at_most=100)
    far: float = option(1.0, "Far", "Where samples end; 1 is infinity in ndc.", at_least=1e-3,
        at_most=1000)  # fmt: skip
    samples: int = option(24, "Samples", "Points on each ray.", at_least=2, at_most=1024)
    perturb: bool = option(
        True, "Stratified samples", "Jitter samples within their bins while training.", expert=True
    )
    white_background: bool = option(
        False, "White background", "Light that nothing stops is white instead of black.",
        expert=True,
    )  # fmt: skip


class Training(Section):
    """The optimisation itself."""

    bootstrap: bool = option(
        True, "Bootstrap", "Planes find the cameras first, then the chosen field begins.", RESTART
    )
    seed: int = option(0, "Seed", "Same seed, same run.", RESTART, at_least=0, at_most=2**31 - 1)
    rays: int = option(512, "Rays", "Pixels drawn in each step.", at_least=1, at_most=65536)
    pixels_from: str = option(
        "all-photos", "Pixels from", "Each step draws from all photos, or from one as published.",
        choices=("all-photos", "one-photo"),
    )  # fmt: skip
    epochs: int = option(
        0, "Stop after epochs", "Training pauses after this many passes over the photos; 0 never.",
        at_least=0,
    )  # fmt: skip
    refine_after_epochs: int = option(
        0, "Refine after epochs", "The scene restarts by itself then, cameras stay; 0 never.",
        at_least=0,
    )  # fmt: skip
    freeze_cameras_epochs: int = option(
        0, "Cameras frozen in refine", "Epochs of refine in which cameras do not move.",
        at_least=0,
    )  # fmt: skip
    autosave_seconds: float = option(
        60.0, "Autosave", "Seconds between checkpoints.", at_least=1, at_most=86400
    )
    device: str = option(
        "auto", "Device", "Where tensors live; auto takes a GPU where there is one.", RESTART,
        choices=("auto", "cpu", "cuda"), expert=True,
    )  # fmt: skip
    workers: int = option(
        0, "Workers", "Threads that share a step on the CPU; 0 takes what proves faster.",
        at_least=0, at_most=64, expert=True,
    )  # fmt: skip


class Explore(Section):
    """What the 3D scene shows. Nothing here touches training's result."""

    channel: str = view(
        "rgb", "Channel", "What novel views show.", choices=("rgb", "depth", "opacity")
    )
    colour_map: str = view(
        "turbo", "Colour map", "Colours of depth and opacity.",
        choices=("turbo", "viridis", "magma", "gray"),
    )  # fmt: skip
    quality: int = view(
        512, "Quality", "Longer side of the sharp picture, in pixels.", at_least=64, at_most=2048
    )
    samples: int = view(
        32, "Samples of views", "Points on each ray of a novel view.", at_least=8, at_most=512,
        expert=True,
    )  # fmt: skip
    share: float = view(
        0.5, "Share for views", "Part of the machine that novel views may take from training.",
        at_least=0.1, at_most=0.9,
    )  # fmt: skip
    background: bool = view(True, "Novel view behind", "The scene rendered behind the frustums.")
    planes: bool = view(
        True, "Planes in the scene", "Moving, quick browsers draw the learned planes themselves."
    )
    frustums: bool = view(True, "Frustums", "Show the learned cameras.")
    frustum_scale: float = view(
        1.0, "Frustum size", "Size of the camera frustums.", at_least=0.1, at_most=5
    )
    trails: bool = view(True, "Trails", "Show where each camera came from.")
    colour_by: str = view(
        "order", "Colour by", "Frustum colour: order of the photos, or error of each.",
        choices=("order", "error"),
    )  # fmt: skip


class Config(Frozen):
    """Everything that decides a run, in sections."""

    data: Data = Data()
    cameras: Cameras = Cameras()
    field: Field = Field()
    rendering: Rendering = Rendering()
    training: Training = Training()
    explore: Explore = Explore()
