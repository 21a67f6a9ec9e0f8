"""The scene's few colours that are not data. They are the same whatever the page around wears.

What lets light pass is seen before `GROUND`, so another ground would be another picture: over a
pale one, dark things that are not yet opaque look washed out.
"""

from core.search.judging.verdict import Word
from studio.scene.colours import Colour

GROUND: Colour = (0x12, 0x16, 0x1B)  # where there is no novel view; `--scene` of the page
INK: Colour = (0xFF, 0xFF, 0xFF)  # the virtual camera, and what is pointed out
REFERENCE: Colour = (0xB4, 0xBC, 0xC6)  # cameras to compare with
OTHER_RUN: Colour = (0xE0, 0x6F, 0xA8)  # cameras of another run
PATH: Colour = (0xE2, 0xB0, 0x4A)  # a camera path, and its keyframes
MISS: Colour = (0xE5, 0x73, 0x68)  # lines from learned cameras to these
VERDICTS: dict[Word, Colour] = {"doubtful": (0xE2, 0xB0, 0x4A), "wrong": MISS}  # of one's camera
