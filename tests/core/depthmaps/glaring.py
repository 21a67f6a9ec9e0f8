"""A correction that cannot be overlooked."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from core.depthmaps.warping.corrected import CorrectedScene
from core.rendering.picture import Picture


class Glaring:
    """Makes all white, after a while."""

    left = 0.5

    def added_to(self, picture: Picture) -> Iterator[Picture | None]:
        """White."""
        yield None
        yield replace(picture, rgb=np.ones_like(picture.rgb))


def glaring(scene: Any) -> CorrectedScene:
    """A field's scene, corrected so."""
    correction: Any = Glaring()
    return CorrectedScene.of(scene, correction)
