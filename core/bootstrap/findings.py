"""How cameras were found, and what the bootstrap learned besides."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

Way = Literal["pixels", "features", "given"]  # how cameras were found


@dataclass(frozen=True)
class Findings:
    """None where it was not asked.

    Attributes:
        mirror_gap: dB by which the mirrored scene explains the photos worse.
        focal_interval: likely focal lengths over the longer side, from and to.
    """

    mirror_gap: float | None = None
    focal_interval: tuple[float, float] | None = None

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> Self:
        """From plain JSON."""
        interval = facts["focal_interval"]
        return cls(facts["mirror_gap"], None if interval is None else tuple(interval))
