"""Pictures with turned bytes and cut ends: decoded, or refused in a sentence, within seconds."""

import io
import random
import tempfile
import time
from pathlib import Path

import numpy as np
import pillow_heif
from PIL import Image

from core.errors import InputError
from core.photos.picture import decode, read_header

CASES, SECONDS = 5000, 2.0
KINDS = {"png": "PNG", "jpg": "JPEG", "webp": "WEBP", "tif": "TIFF", "heic": "HEIF"}


def run(part: int) -> str:
    """Damage one of each kind, again and again."""
    rng, refused, slowest = random.Random(0), 0, 0.0
    whole = {ending: _encoded(kind) for ending, kind in KINDS.items()}
    with tempfile.TemporaryDirectory() as folder:
        for case in range(CASES // part):
            ending = rng.choice(list(whole))
            content = bytearray(whole[ending])
            for _ in range(rng.randrange(1, 12)):
                content[rng.randrange(len(content))] = rng.randrange(256)
            if rng.random() < 0.3:
                del content[rng.randrange(len(content)) :]
            file = Path(folder) / f"a.{ending}"
            file.write_bytes(content)
            began = time.monotonic()
            try:
                decode(read_header(file), (60, 40), "white")
            except InputError as error:
                assert "\n" not in str(error), f"case {case}: {error}"
                refused += 1
            except Exception as error:
                raise AssertionError(f"case {case}, {ending}: {error!r}") from error
            slowest = max(slowest, time.monotonic() - began)
            assert slowest < SECONDS, f"case {case}, {ending}: {slowest:.1f} s"
    return f"{CASES // part} pictures: {refused} refused, {slowest:.2f} s at most"


def _encoded(kind: str) -> bytes:
    noise = np.random.default_rng(0).integers(0, 255, (40, 60, 3), np.uint8)
    picture, out = Image.fromarray(noise), io.BytesIO()
    if kind == "HEIF":
        pillow_heif.from_pillow(picture).save(out, quality=80)
    else:
        picture.save(out, kind)
    return out.getvalue()
