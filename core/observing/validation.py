"""Now and then while training: one view beside its photo, from a published copy of the scene.

Where photos were held out it is always the one in their middle, whose camera is searched for on the
photo itself (`core.evaluation.poses`); otherwise the trained photo with the median error, seen
from its learned camera. Training gives way as it does for novel views and is changed by nothing.
"""

import json
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch

from core.engine.governor import Governor
from core.engine.snapshot import Snapshot
from core.engine.snapshot.follower import Follower
from core.errors import InputError
from core.evaluation.metrics import psnr, ssim
from core.evaluation.poses import AfterChunk, Search, find_camera
from core.evaluation.starts import starting_cameras
from core.exporting.colour import colourise
from core.exporting.jobs import Watch
from core.exporting.pictures import whole_picture
from core.files import append_line, finished_file
from core.perceptual.ssim import WINDOW
from core.photos.sizes import scaled_down
from core.rendering.picture import Pace
from core.training.build import kept_aside

LONG_SIDE = 252  # pixels, of the view and of the photo that it is compared with
SEARCH = Search(starts=2, steps=15, last_steps=30, rays=1024)  # half an evaluation's effort
REST = 20  # times what a validation took, at least, to the next one
KEPT = 100  # newest pairs of pictures that stay


@dataclass(frozen=True, eq=False)
class Validation:
    """One view of the scene at one step, against its photo at the same size."""

    step: int
    photo: str
    held_out: bool  # whether its camera was searched for: nothing has learned from the photo
    psnr: float  # dB
    ssim: float | None  # None where the picture is smaller than SSIM's window
    rgb: np.ndarray  # (H, W, 3) uint8
    depth: np.ndarray  # (H, W, 3) uint8, near is at the bright or warm end of the colours

    def line(self) -> str:
        """The figures as a line of JSON."""
        facts = {
            "step": self.step,
            "photo": self.photo,
            "psnr": self.psnr,
            "ssim": self.ssim,
            "held_out": self.held_out,
        }
        return json.dumps(facts, ensure_ascii=False, allow_nan=False)


class Validator(Follower):
    """Validates every so many seconds of training, and keeps the results in the run's folder."""

    def __init__(self, governor: Governor, found: Callable[[Validation], None]) -> None:
        """Args: `found` is told each result, on the validator's thread."""
        super().__init__("Validation")
        self._governor, self._found = governor, found
        self._last: float | None = None  # seconds of training at the last one
        self._took = 0.0

    def wanted(self, snapshot: Snapshot) -> bool:
        """See `Follower`."""
        return snapshot.config.training.validate_seconds > 0

    def look(self, snapshot: Snapshot) -> None:
        """See `Follower`."""
        if snapshot.learned is None:
            return
        trained = snapshot.seconds
        self._last = trained if self._last is None else min(self._last, trained)
        pause = max(snapshot.config.training.validate_seconds, REST * self._took)
        if self.ending or not self.wanted(snapshot) or trained - self._last < pause:
            return
        self._last, began = trained, time.monotonic()
        watch = Watch(cancelled=lambda: self.ending, between_chunks=self._governor.pause_view)
        with self._governor.viewing():
            result = validate(snapshot, watch.after_chunk)
        self._took = time.monotonic() - began
        if result is not None:
            keep(result, snapshot.run)
            self._found(result)


def validate(snapshot: Snapshot, after_chunk: AfterChunk) -> Validation | None:
    """One view of a run that has its photos, beside its photo; None before the first step.

    Args: `after_chunk` is told how many seconds each chunk of work took. It may wait a little, or
    raise to stop.

    Raises:
        InputError: the scene is not finite numbers.
    """
    photos, learned = snapshot.photos, snapshot.learned
    assert photos is not None and learned is not None
    index, aside = _chosen(snapshot)
    if index is None:
        return None
    small = _shrunk(photos.picture(index))
    photo = small.astype(np.float32) / 255
    camera = learned.cameras[index].resized(*small.shape[1::-1])
    scene = learned.scene if aside else learned.scene.by_itself
    if aside:
        starts = starting_cameras(learned.by_index, index)
        generator = torch.Generator().manual_seed(0)
        camera = find_camera(scene, photo, starts, SEARCH, generator, after_chunk)
    seen = whole_picture(scene, camera, Pace(), after_chunk)
    if not np.isfinite(seen.rgb).all():
        raise InputError("The scene's colours are not finite numbers; train it anew.")
    return Validation(
        step=snapshot.step,
        photo=photos.names[index],
        held_out=aside,
        psnr=psnr(seen.rgb, photo),
        ssim=ssim(seen.rgb, photo) if min(photo.shape[:2]) >= WINDOW else None,
        rgb=colourise(seen, "rgb", "gray"),
        depth=colourise(seen, "depth", snapshot.config.explore.colour_map),
    )


def keep(result: Validation, run: Path) -> None:
    """Write both pictures and the line of figures into a run's folder; sweep old pictures.

    Raises:
        InputError: they cannot be written there.
    """
    folder, fresh = run / "validation", list[Path]()
    for ending, pixels in (("-depth.png", result.depth), (".png", result.rgb)):
        fresh.append(folder / f"{result.step:09d}{ending}")
        with finished_file(fresh[-1]) as temporary:
            cv2.imwrite(str(temporary), cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))
    try:
        append_line(run / "validation.jsonl", result.line())
    except OSError as error:
        raise InputError(
            f"{run / 'validation.jsonl'} cannot be written ({error.strerror}); free some space."
        ) from None
    # These two are the newest, whatever the clock was when others were written.
    others = [path for path in folder.glob("[0-9]*.png") if path not in fresh]
    others.sort(key=lambda path: path.stat().st_mtime_ns)
    for path in others[: 2 - 2 * KEPT]:
        path.unlink()


def _chosen(snapshot: Snapshot) -> tuple[int | None, bool]:
    """The photo to look at, and whether it was held out."""
    assert snapshot.photos is not None and snapshot.learned is not None
    names, data = snapshot.photos.names, snapshot.config.data
    aside = kept_aside(snapshot.config, names)
    if aside:
        return aside[len(aside) // 2], True
    errors = {
        index: value
        for index in snapshot.learned.by_index
        if (value := snapshot.photo_psnr[index]) is not None and names[index] not in data.disabled
    }
    middle = statistics.median_low(errors.values()) if errors else None
    return next((index for index, value in errors.items() if value == middle), None), False


def _shrunk(pixels: np.ndarray) -> np.ndarray:
    """A photo (H, W, 3) with at most `LONG_SIDE` pixels along its longer side."""
    height, width = pixels.shape[:2]
    size = scaled_down((width, height), LONG_SIDE)
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
