"""Options of how a network's pictures should look, beside the colour of each pixel."""

import functools

from core.config.declare import Section, option

weight = functools.partial(option, 0.0, at_least=0, at_most=100, expert=True)


class Losses(Section):
    """What a network is judged by beside the squared error of its pixels."""

    ssim: float = weight(
        title="SSIM", help="Weight of 1 - SSIM of a patch of a photo; 0 is off, 0.01 is usual."
    )
    lpips: float = weight(
        title="LPIPS", help="Weight of LPIPS of a patch; needs the package lpips; 0 is off."
    )
    clip: float = weight(
        title="CLIP",
        help="Weight of what CLIP sees from new views; needs open_clip; 0 is off, 0.1 is usual.",
    )
    every: int = option(
        10, "Steps between pictures", "A picture is rendered and judged in each so many steps.",
        at_least=1, at_most=100_000, expert=True,
    )  # fmt: skip
    side: int = option(
        48, "Side of pictures", "Rays along each side of a picture that is judged.",
        at_least=16, at_most=512, expert=True,
    )  # fmt: skip
    clip_model: str = option(
        "ViT-B-32", "CLIP model", "An architecture of open_clip; OpenAI's end with -quickgelu.",
        expert=True,
    )  # fmt: skip
    clip_weights: str = option(
        "", "CLIP weights", "A file; without one, what the hub's cache holds. Never downloaded.",
        expert=True,
    )  # fmt: skip
    lpips_weights: str = option(
        "", "LPIPS weights", "VGG-16 of torchvision; without a file, what torch's cache holds.",
        expert=True,
    )  # fmt: skip
