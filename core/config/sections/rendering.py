"""Options of rendering while training."""

from typing import Self

from pydantic import model_validator

from core.config.declare import RESTART, Section, option
from core.rendering.sampling import SPACINGS
from core.rendering.spaces import SPACES


class Rendering(Section):
    """How a ray becomes a colour."""

    space: str = option(
        "ndc", "Space", "Samples even in disparity up to infinity (ndc), or in depth (camera).",
        RESTART, choices=SPACES,
    )  # fmt: skip
    near: float = option(0.0, "Near", "Where samples begin along a ray.", at_least=0, at_most=100)
    far: float = option(1.0, "Far", "Where samples end; 1 is infinity in ndc.", at_least=1e-3,
        at_most=1000)  # fmt: skip
    samples: int = option(
        24, "Samples", "Points on each ray, where no planes guide the field.", at_least=2,
        at_most=1024,
    )  # fmt: skip
    spacing: str = option(
        "depth", "Samples even in", "Unguided, in camera space: depth, or disparity (lindisp).",
        choices=SPACINGS, expert=True,
    )  # fmt: skip
    importance_samples: int = option(
        0, "Importance samples", "Unguided: more points where a first look finds something.",
        at_least=0, at_most=1024, expert=True,
    )  # fmt: skip
    guided_samples: int = option(
        8, "Guided samples", "Points where planes see something, and 4 even ones; 0: no guide.",
        at_least=0, at_most=256, expert=True,
    )  # fmt: skip
    perturb: bool = option(
        True, "Stratified samples", "Jitter samples within their bins while training.", expert=True
    )
    white_background: bool = option(
        False, "White background", "Light that nothing stops is white instead of black.",
        expert=True,
    )  # fmt: skip

    @model_validator(mode="after")
    def _near_is_before_far(self) -> Self:
        if self.near >= self.far:
            raise ValueError(
                f"rendering.near {self.near:g} is not before rendering.far {self.far:g}; change "
                "the other one first, or both at once"
            )
        return self

    @model_validator(mode="after")
    def _disparity_has_ends(self) -> Self:
        if self.spacing == "disparity" and self.space == "ndc":
            raise ValueError("Samples in ndc are even in disparity; set rendering.spacing to depth")
        if self.spacing == "disparity" and self.near == 0:
            raise ValueError("Samples even in disparity need rendering.near above 0; set it first")
        return self
