"""Starts exports as jobs: each works from the snapshot of its beginning, while training goes on."""

from dataclasses import dataclass
from pathlib import Path

from core.errors import InputError
from core.exporting.cameras import EXPORTS
from core.exporting.jobs import Job, JobControl, Jobs
from core.exporting.pictures import median_depth
from core.exporting.video import render_video
from core.geometry.cameras import Camera
from core.geometry.paths import PATHS, average_camera
from core.training.learned import Learned
from studio.scene.source import Source
from studio.telemetry import EXPORTS_FOLDER

FILES = {"transforms": "transforms.json"}  # what other tools call each form


@dataclass(frozen=True)
class VideoOrder:
    """What a person asks for; numbers as typed, the export refuses impossible ones."""

    path: str
    frames: float | None
    long_side: float | None  # 0 takes the photos' size
    fps: float | None
    channel: str


class Exports:
    """Videos and cameras to take home, written into the run's folder of exports."""

    def __init__(self, source: Source, jobs: Jobs) -> None:
        self._source, self._jobs = source, jobs

    def video(self, order: VideoOrder) -> Job:
        """Render a camera path to an mp4."""
        title = f"Video, {order.path}, {order.channel}"
        return self._jobs.start("video", title, lambda control: self._video(order, control))

    def cameras(self, form: str) -> Job:
        """Write the learned cameras for other tools."""
        return self._jobs.start("cameras", f"Cameras, {form}", lambda _: self._cameras(form))

    def cancel(self) -> None:
        """Stop whatever waits or runs."""
        for view in self._jobs.views:
            if not view.finished:
                self._jobs.cancel(view.number)

    def _video(self, order: VideoOrder, control: JobControl) -> Path:
        learned = self._learned()
        frames = _whole(order.frames, "frames")
        fps, long_side = _whole(order.fps, "frames per second"), _whole(order.long_side, "pixels")
        colour_map = self._source.snapshot.config.explore.colour_map
        with self._source.governor.viewing():
            middle = average_camera(learned.trained)
            depth = median_depth(learned.scene, middle)
            path = PATHS[order.path](learned.trained, frames, depth)
            result = render_video(
                learned,
                path,
                self._fresh(f"{order.path}-{order.channel}", ".mp4"),
                size=_size(middle, long_side) if long_side else None,
                fps=fps,
                channel=order.channel,
                colour_map=colour_map,
                on_progress=control.progress,
                cancelled=control.cancelled,
                between_chunks=self._source.governor.pause_view,
            )
        if result.notice:
            control.note(result.notice)
        return result.path

    def _cameras(self, form: str) -> Path:
        out = self._source.snapshot.run / EXPORTS_FOLDER / FILES[form]
        EXPORTS[form](self._learned(), out)
        return out

    def _learned(self) -> Learned:
        learned = self._source.snapshot.learned
        if learned is None:
            raise InputError("There are no cameras yet; add photos and train first.")
        return learned

    def _fresh(self, stem: str, suffix: str) -> Path:
        """A name that no export has yet."""
        folder, number = self._source.snapshot.run / EXPORTS_FOLDER, 1
        while (file := folder / f"{stem}-{number}{suffix}").exists():
            number += 1
        return file


def _size(camera: Camera, long_side: int) -> tuple[int, int]:
    """Width and height of a camera's shape with that longer side."""
    scale = long_side / max(camera.width, camera.height)
    return round(camera.width * scale), round(camera.height * scale)


def _whole(number: float | None, what: str) -> int:
    if number is None or number != int(number) or not 0 <= number <= 100_000:
        raise InputError(f"The video needs a whole number of {what}, not {number}; type another.")
    return int(number)
