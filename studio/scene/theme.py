"""The scene's few colours, dark and light, as the panel has them."""

from dataclasses import dataclass

from studio.scene.colours import Colour


@dataclass(frozen=True)
class Theme:
    """Colours of what is not data."""

    ground: Colour  # where there is no novel view
    ink: Colour  # the virtual camera, and what is pointed out
    reference: Colour  # cameras to compare with
    miss: Colour  # lines from learned cameras to these


DARK = Theme(
    ground=(0x12, 0x16, 0x1B),
    ink=(0xFF, 0xFF, 0xFF),
    reference=(0xB4, 0xBC, 0xC6),
    miss=(0xE5, 0x73, 0x68),
)
LIGHT = Theme(
    ground=(0xE9, 0xEE, 0xF2),
    ink=(0x12, 0x16, 0x1B),
    reference=(0x5A, 0x64, 0x72),
    miss=(0xC2, 0x48, 0x3C),
)
