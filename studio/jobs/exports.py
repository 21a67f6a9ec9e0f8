"""Starts exports as jobs: each works from the snapshot of its beginning, while training goes on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from core.engine.monitoring.trails import Trails
from core.errors import InputError
from core.exporting.cameras import EXPORTS, pictures_of, write_cameras
from core.exporting.films import FORMS, middle_frame
from core.exporting.geometry import GEOMETRY
from core.exporting.history import FILE as HISTORY_FILE
from core.exporting.history import HISTORY, write_history
from core.exporting.jobs import Job, JobControl, Jobs, Watch
from core.exporting.keyframes import read_path, written
from core.exporting.page.writing import SUFFIX, about_run, write_page
from core.exporting.plots import plot_cameras
from core.exporting.video import Look, camera_path, render_video
from core.formats.files import write_file
from core.geometry.cameras import Camera
from core.geometry.paths import average_camera
from core.runs import home
from core.runs.judged import judgement_of
from core.training.build import kept_aside
from core.training.learned import Learned
from studio.jobs.measuring import compared, lpips_at_hand, measure, others_beside, summary
from studio.jobs.orders import (
    VideoOrder,
    World,
    gauge_of,
    path_word,
    reference_path,
    route_of,
    shown_word,
    size_of,
    whole,
)
from studio.scene.source import Source

MOST_NAMED = 5  # photos in one sentence
GEOMETRY_FILES = ("points.ply", "mesh.glb", "mesh.ply", "mesh.obj", "splats.ply")


AS_LEARNED = World()


class HasCameras(Protocol):
    """Whatever holds keyframes; `studio.scene.cameras.keys.Keys` does."""

    @property
    def cameras(self) -> Sequence[Camera]:
        """The keyframes, in their order."""
        ...


@dataclass(frozen=True)
class _NoKeys:
    cameras: tuple[Camera, ...] = ()


NO_KEYS = _NoKeys()


class Exports:
    """Videos, geometry, cameras and figures, written into the run's folder of exports."""

    def __init__(self, source: Source, jobs: Jobs, keys: HasCameras = NO_KEYS) -> None:
        """Args: `keys` of the camera path that a person makes."""
        self._source, self._jobs, self._keys = source, jobs, keys

    def video(self, order: VideoOrder) -> Job:
        """Render a camera path to a video, pictures or depth."""
        title = f"Video, {path_word(order)}, {shown_word(order)}"
        return self._jobs.start("video", title, lambda control: self._video(order, control))

    def own_path(self, order: VideoOrder) -> Job:
        """Render a video along the keyframes of the scene, which are written beside it."""
        keys = self._keys.cameras

        def work(control: JobControl) -> Path:
            path = written(keys, self._fresh("path", ".json"))
            return self._video(replace(order, keyframes=str(path)), control)

        return self._jobs.start("video", f"Video, own path, {shown_word(order)}", work)

    def geometry(self, file: str, world: World = AS_LEARNED) -> Job:
        """Make one of `GEOMETRY_FILES` of the scene."""
        return self._jobs.start("geometry", file, lambda job: self._geometry(file, world, job))

    def cameras(self, form: str, world: World = AS_LEARNED) -> Job:
        """Write the learned cameras for other tools, or their history."""
        title = f"Cameras, {form}"
        return self._jobs.start("cameras", title, lambda job: self._cameras(form, world, job))

    def page(self) -> Job:
        """Write the scene and its cameras as one page that opens in any browser."""
        return self._jobs.start("page", "Page to send", self._page)

    def plot(self) -> Job:
        """Draw where the learned cameras are, beside those of a reference where one is named."""
        named = self._source.snapshot.config.explore.reference
        title = "Camera plot, with reference" if named else "Camera plot"
        return self._jobs.start("plot", title, lambda _: self._plot(reference_path(named)))

    def measure(self) -> Job:
        """Score cameras against a reference where one is named, and views of photos kept aside."""
        named = self._source.snapshot.config.explore.reference
        return self._jobs.start(
            "measure", "Measured", lambda control: self._measure(reference_path(named), control)
        )

    def cancel(self) -> None:
        """Stop whatever waits or runs."""
        for view in self._jobs.views:
            if not view.finished:
                self._jobs.cancel(view.number)

    def _video(self, order: VideoOrder, control: JobControl) -> Path:
        learned, route = self._learned(), route_of(order)
        fps = whole(order.fps, "frames per second")
        middle = average_camera(learned.trained)
        look = Look(
            order.form,
            size_of(middle, order, self._source.snapshot.photos),
            fps,
            order.channel,
            self._source.snapshot.config.explore.colour_map,
        )
        out = self._fresh(f"{path_word(order)}-{shown_word(order)}", FORMS[order.form].suffixes[0])
        with self._source.governor.viewing():
            if order.keyframes:
                path = read_path(Path(order.keyframes), middle, route.frames)
            else:
                path = camera_path(learned, route)
            result = render_video(learned, path, out, look, self._watch(control))
        if result.notice:
            control.note(result.notice)
        if out.suffix == ".mp4":
            write_file(middle_frame(out), out.with_suffix(".jpg"))  # what a player shows at rest
        return result.path

    def _geometry(self, file: str, world: World, control: JobControl) -> Path:
        learned, name, gauge = self._learned(), Path(file), gauge_of(world)
        out = self._fresh(name.stem, name.suffix)
        with self._source.governor.viewing():
            GEOMETRY[name.stem](learned, out, self._watch(control), gauge)
        return out

    def _cameras(self, form: str, world: World, control: JobControl) -> Path:
        if form == HISTORY:
            if world != AS_LEARNED:
                raise InputError("The history is in the world as learned; leave scale, up, origin.")
            return self._history()
        snapshot, learned = self._source.snapshot, self._learned()
        out = snapshot.run / home.EXPORTS / EXPORTS[form].file
        said = judgement_of(snapshot.found_by, snapshot.opinion, learned.names)
        write_cameras(form, learned, out, gauge_of(world), said)
        if any(orientation != 1 for *_, orientation in learned.stored):
            control.note(f"The cameras are of {pictures_of(form, learned)}.")
        if rest := learned.not_placed:
            some = ", ".join(rest[:MOST_NAMED]) + (" and others" if rest[MOST_NAMED:] else "")
            control.note(f"{len(rest)} of {len(learned.names)} photos are not placed: {some}.")
        return out

    def _history(self) -> Path:
        learned, trails = self._learned(), self._source.snapshot.trails or Trails.of(0)
        out = self._source.snapshot.run / home.EXPORTS / HISTORY_FILE
        write_history(learned, trails.steps, trails.poses, trails.focals, out)
        return out

    def _page(self, control: JobControl) -> Path:
        snapshot, learned = self._source.snapshot, self._learned()
        trails = snapshot.trails or Trails.of(len(learned.names))
        said = judgement_of(snapshot.found_by, snapshot.opinion, learned.names)
        title = snapshot.run.resolve().name
        about = about_run(title, learned, said, trails.steps, trails.poses)
        out = self._fresh("scene", SUFFIX)
        with self._source.governor.viewing():
            write_page(learned, about, out, self._watch(control))
        return out

    def _plot(self, reference: Path | None) -> Path:
        out, learned = self._fresh("cameras", ".png"), self._learned()
        plot_cameras(learned, out, others_beside(learned, reference))
        return out

    def _measure(self, reference: Path | None, control: JobControl) -> Path:
        snapshot, learned = self._source.snapshot, self._learned()
        photos = snapshot.photos
        if reference is None and not kept_aside(snapshot.config, learned.names):
            raise InputError(
                "There is nothing to measure with: name reference cameras in the Cameras tab, or "
                "keep photos aside with Held-out photos."
            )
        assert photos is not None, "cameras are learned from photos"
        errors, config = compared(learned, reference), snapshot.config
        with self._source.governor.viewing():
            watch = self._watch(control)
            lpips, _ = lpips_at_hand("", config, learned)
            report = measure(learned, config, errors, photos.pictures, 1, watch, lpips)
        control.note(summary(report))
        out = self._fresh("measured", ".json")
        said = judgement_of(snapshot.found_by, snapshot.opinion, learned.names)
        write_file(f"{report.line(said)}\n".encode(), out)
        return out

    def _watch(self, control: JobControl) -> Watch:
        """Progress and cancel of a job, whose share of the machine the governor says."""
        pause = self._source.governor.pause_view
        return Watch(control.progress, control.cancelled, pause)

    def _learned(self) -> Learned:
        learned = self._source.snapshot.learned
        if learned is None or not learned.trained:
            raise InputError("There are no cameras yet; add photos and train first.")
        return learned

    def _fresh(self, stem: str, suffix: str) -> Path:
        """A name that no export has yet."""
        folder, number = self._source.snapshot.run / home.EXPORTS, 1
        while (file := folder / f"{stem}-{number}{suffix}").exists():
            number += 1
        return file
