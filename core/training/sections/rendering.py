"""Options of rendering while training."""

from core.rendering.spaces import SPACES
from core.training.options import RESTART, Section, option


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
