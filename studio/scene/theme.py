"""The scene's few colours, dark and light, as the panel has them."""

from dataclasses import dataclass

from studio.scene.colours import Colour


@dataclass(frozen=True)
class Theme:
    """Colours of what is not data."""

    ground: Colour  # where there is no novel view
    ink: Colour  # the virtual camera, and what is pointed out


DARK = Theme(ground=(0x12, 0x16, 0x1B), ink=(0xFF, 0xFF, 0xFF))
LIGHT = Theme(ground=(0xE9, 0xEE, 0xF2), ink=(0x12, 0x16, 0x1B))
