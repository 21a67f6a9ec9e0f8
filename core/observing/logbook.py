"""A run in TensorBoard: `tensorboard --logdir` of its folder shows curves and pictures.

Event files hold numbers and pictures only, and nothing is sent anywhere. Points of the curves are
a second apart at first, then further and further, so that a run of weeks stays a few megabytes.
"""

import math
import statistics
import threading
import time
from collections import deque
from typing import TYPE_CHECKING

import numpy as np

from core.config import Config
from core.config.paths import to_yaml
from core.engine.snapshot import Snapshot
from core.engine.snapshot.follower import Follower
from core.exporting.plots import camera_figure
from core.observing.validation import Validation

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

FOLDER = "tensorboard"
SECONDS = 1.0  # between two points of the curves, at least,
POINTS = 1000  # and a run's age over this
PLOT_SECONDS = 60.0  # between two camera plots, at least,
PLOTS = 20  # and a run's age over this
FLUSH_SECONDS = 10  # until who watches sees what was written
WAITING = 8  # validations that may wait to be written


class Logbook(Follower):
    """Writes what snapshots say. Where steps go back, what was written beyond is taken back."""

    def __init__(self) -> None:
        super().__init__("TensorBoard's log")
        self._writer: SummaryWriter | None = None
        self._lock = threading.Lock()  # of what is gone back to
        self._begin: tuple[int, int] | None = None  # a step gone back to, or opened at; version
        self._last_shown: int | None = None
        self._step = self._drawn = 0  # of the newest point and the newest plot
        self._config: Config | None = None  # as it was written
        self._written_at = self._drawn_at = time.monotonic()
        self._found: deque[Validation] = deque(maxlen=WAITING)

    def wanted(self, snapshot: Snapshot) -> bool:
        """See `Follower`."""
        return snapshot.config.training.tensorboard

    def show(self, snapshot: Snapshot) -> None:
        """See `Follower`; no step that goes back is missed."""
        if snapshot.learned is not None:
            if self._last_shown is None or snapshot.step < self._last_shown:
                with self._lock:
                    older = snapshot.step if self._begin is None else self._begin[0]
                    self._begin = min(older, snapshot.step), snapshot.version
            self._last_shown = snapshot.step
        super().show(snapshot)

    def take(self, result: Validation) -> None:
        """A validation to be written with the next snapshot; from any thread."""
        self._found.append(result)

    def look(self, snapshot: Snapshot) -> None:
        """See `Follower`."""
        if snapshot.learned is None:
            return
        if not self.wanted(snapshot):
            self.close()
            return
        writer = self._opened(snapshot)
        self._add_points(writer, snapshot)
        while self._found:
            result = self._found.popleft()
            if result.step <= snapshot.step:
                _add_validation(writer, result)
        self._add_plot(writer, snapshot)

    def close(self) -> None:
        """See `Follower`."""
        if self._writer is not None:
            self._writer.close()
        self._writer = self._config = None

    def _opened(self, snapshot: Snapshot) -> "SummaryWriter":
        from torch.utils.tensorboard import SummaryWriter  # noqa: PLC0415  not always installed

        begin = None
        with self._lock:
            if self._begin is not None and self._begin[1] <= snapshot.version:
                begin, self._begin = self._begin[0], None
        if self._writer is None or begin is not None:
            self.close()
            purged = None if begin is None else begin + 1
            self._writer = SummaryWriter(
                str(snapshot.run / FOLDER), purge_step=purged, flush_secs=FLUSH_SECONDS
            )
            if begin is not None:
                self._step = self._drawn = begin
        return self._writer

    def _add_points(self, writer: "SummaryWriter", snapshot: Snapshot) -> None:
        """Points of all curves where they are due, or training has come to rest; the config."""
        now, every = time.monotonic(), max(SECONDS, snapshot.seconds / POINTS)
        due = now - self._written_at >= every or self.ending or not snapshot.playing
        if not due or snapshot.step <= self._step:
            return
        self._written_at, self._step = now, snapshot.step
        for tag, value in scalars(snapshot).items():
            writer.add_scalar(tag, value, snapshot.step)
        if snapshot.config != self._config:
            writer.add_text("config", f"```yaml\n{to_yaml(snapshot.config)}\n```", snapshot.step)
            self._config = snapshot.config

    def _add_plot(self, writer: "SummaryWriter", snapshot: Snapshot) -> None:
        """Where the cameras are, now and then and at the end."""
        assert snapshot.learned is not None
        now, every = time.monotonic(), max(PLOT_SECONDS, snapshot.seconds / PLOTS)
        due = now - self._drawn_at >= every or self.ending
        if not due or snapshot.step <= self._drawn:
            return
        self._drawn_at, self._drawn = now, snapshot.step
        from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415  slow to import

        canvas = FigureCanvasAgg(camera_figure(snapshot.learned))
        canvas.draw()
        pixels = np.asarray(canvas.buffer_rgba())[..., :3]
        writer.add_image("cameras", pixels, snapshot.step, dataformats="HWC")


def scalars(snapshot: Snapshot) -> dict[str, float]:
    """All curves' values at one moment, by tag; only what is known and finite.

    PSNR is in dB, the focal length over the picture's width is the mean of all learned cameras.
    """
    values: dict[str, float | None] = {
        "training/loss": snapshot.loss,
        "training/psnr": snapshot.psnr,
        "training/steps_per_second": snapshot.steps_per_second if snapshot.playing else None,
        **{f"unseen_psnr/{name}": value for name, value in snapshot.unseen_psnr.items()},
        **{f"rate/{group}": rate for group, rate in snapshot.rates.items()},
    }
    if snapshot.learned is not None and snapshot.learned.trained:
        ratios = [camera.fx / camera.width for camera in snapshot.learned.trained]
        values["cameras/focal"] = statistics.fmean(ratios)
    return {tag: v for tag, v in values.items() if v is not None and math.isfinite(v)}


def _add_validation(writer: "SummaryWriter", result: Validation) -> None:
    group = "held_out" if result.held_out else "validation"
    writer.add_scalar(f"{group}/psnr", result.psnr, result.step)
    if result.ssim is not None:
        writer.add_scalar(f"{group}/ssim", result.ssim, result.step)
    view = np.concatenate([result.rgb, result.depth], axis=1)
    writer.add_image(f"{group}/view", view, result.step, dataformats="HWC")
