"""Options of what is shown."""

import functools

from core.config.declare import Effect, Section, option

view = functools.partial(option, effect=Effect.VIEW)


class Explore(Section):
    """What the 3D scene shows. Nothing here touches training's result."""

    channel: str = view(
        "rgb", "Channel", "What novel views show.", choices=("rgb", "depth", "opacity")
    )
    colour_map: str = view(
        "turbo", "Colour map", "Colours of depth and opacity.",
        choices=("turbo", "viridis", "magma", "gray"),
    )  # fmt: skip
    show: str = view(
        "best", "Field shown",
        "Where planes and a network learn side by side: the one that knows unseen pixels better, "
        "one of them, or both with a line to drag between. Beside depth maps a network learns "
        "while it is shown. Files show one: of both, the better.",
        choices=("best", "planes", "network", "both"),
    )  # fmt: skip
    quality: int = view(
        512,
        "Picture while moving",
        "Longer side of it at its sharpest, in pixels; at rest all the canvas has is rendered.",
        at_least=64,
        at_most=2048,
    )
    samples: int = view(
        32, "Samples of views", "Points on each ray of a novel view, where no planes guide it.",
        at_least=8, at_most=512, expert=True,
    )  # fmt: skip
    share: float = view(
        0.5, "Share for views", "Part of the machine that novel views may take from training.",
        at_least=0.1, at_most=0.9,
    )  # fmt: skip
    background: bool = view(True, "Novel view behind", "The scene rendered behind the frustums.")
    scene: str = view(
        "planes", "Scene while moving",
        "What browsers draw themselves: learned planes if they are quick, points of them (lighter "
        "to send and to draw), or nothing.",
        choices=("planes", "points", "none"),
    )  # fmt: skip
    frustums: bool = view(True, "Frustums", "Show the learned cameras.")
    frustum_scale: float = view(
        1.0, "Frustum size", "Size of the camera frustums.", at_least=0.1, at_most=5
    )
    frustum_pictures: str = view(
        "photo", "Frustums show", "The photo, what the scene looks like from there, or the signed "
        "error of that: orange is too bright, blue too dark.", choices=("photo", "render", "error"),
    )  # fmt: skip
    trails: bool = view(True, "Trails", "Show where each camera came from.")
    reference: str = view(
        "", "Reference cameras",
        "A transforms.json, COLMAP model or poses_bounds.npy on the studio's computer to compare "
        "with; training never sees it.",
    )  # fmt: skip
    show_reference: bool = view(
        True,
        "Show the reference",
        "Outlines in the scene, and a line from each learned camera to its own.",
    )
    colour_by: str = view(
        "order", "Colour by", "Frustum colour: order of the photos, or error of each.",
        choices=("order", "error"),
    )  # fmt: skip
