"""An engine that obeys at once and trains nothing, a scene without a window, and their server."""

import contextlib
import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core.config import Config
from core.config.paths import changed
from core.engine import commands
from core.engine.commands import Command
from core.engine.governor import Governor
from core.engine.snapshot import Notice, Snapshot
from core.errors import InputError
from core.exporting.jobs import Jobs
from core.geometry.cameras import Camera
from core.training.learned import Learned
from studio.jobs.exports import Exports
from studio.panel.layout import build_page
from studio.panel.mounting import mounted
from studio.routes.routes import Telemetry
from studio.routes.runs import Runs
from studio.scene.photo_error import PhotoError
from studio.scene.reference import Comparison
from studio.scene.replay import Time
from studio.scene.stats import ViewStats
from studio.scene.viewport import Stand
from studio.serving.proxy import viser_routes
from studio.serving.server import Server
from tests.studio.scene.stand_ins import CAMERAS, photo_set, scene

JPEG = b"\xff\xd8 a picture"


class Desk:
    """An engine: remembers every command, and follows those that change facts."""

    def __init__(self, run: Path, **facts: Any) -> None:
        photos = photo_set()
        learned = Learned(photos.names, CAMERAS, (False, True, False), scene())
        self.governor = Governor()
        self.commands: list[Command] = []
        known = {"phase": "ready", "photos": photos, "learned": learned, "step": 1}
        self.snapshot = self._first = Snapshot(1, run, Config(), **known | facts)

    def forget(self) -> None:
        """Be as new, but for the version."""
        self.commands.clear()
        self.snapshot = dataclasses.replace(self._first, version=self.snapshot.version + 1)

    def submit(self, command: Command) -> None:
        """Obey, and publish."""
        self.commands.append(command)
        match command:
            case commands.Configure(changes):
                self._configure(dict(changes))
            case commands.Play():
                self.publish(playing=True)
            case commands.Pause():
                self.publish(playing=False)
            case commands.Adopt("pixels" | "features" as way):
                self.publish(found_by=way, undo="step 3 with its cameras")
            case commands.Open(run):
                self.publish(run=run)
            case commands.Step(count):
                self.publish(step=self.snapshot.step + count)

    def publish(self, **facts: Any) -> None:
        """A newer snapshot that differs in these facts."""
        version = self.snapshot.version + 1
        self.snapshot = dataclasses.replace(self.snapshot, version=version, **facts)

    def say(self, text: str, kind: Any = "info") -> None:
        """Publish one more notice."""
        notices = self.snapshot.notices
        self.publish(notices=(*notices, Notice(len(notices) + 1, self.snapshot.step, kind, text)))

    def wait(self, newer_than: int, timeout: float) -> Snapshot:
        """The newest snapshot."""
        return self.snapshot

    def _configure(self, changes: dict[str, Any]) -> None:
        try:
            self.publish(config=changed(self.snapshot.config, changes))
        except InputError as error:
            self.say(str(error), "warning")


class Window:
    """A 3D scene: remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Any]] = []
        self.stats: ViewStats | None = ViewStats(0.5, 18.0, 3.0, False, 40.0)
        self.clients = 1
        self.failure: str | None = None
        self.picture: tuple[int, bytes] = (0, b"")
        self.comparison: Comparison | None = None
        self.time = Time(None, 1.0, False, 12)
        self.stand: Stand | None = Stand(None, True, False, False, 0.1)
        self.photo_error: PhotoError | None = None
        self.wipe = 0.5

    def forget(self) -> None:
        """Be as new."""
        self.asked.clear()
        self.wipe = 0.5
        self.stand, self.photo_error = Stand(None, True, False, False, 0.1), None

    def look_through(self, index: int) -> None:
        self.asked.append(("look through", index))
        self.stand = Stand(index, True, False, False, 0.1)
        self.photo_error = PhotoError(index, 1, 28.34, 48, 36)

    def look_away(self) -> None:
        self.asked.append(("look away", None))
        self.stand = Stand(None, True, True, False, 0.1)
        self.photo_error = None

    def error_picture(self) -> bytes:
        return JPEG if self.photo_error else b""

    def wipe_at(self, part: float) -> None:
        self.asked.append(("wipe", part))
        self.wipe = part

    def highlight(self, index: int | None) -> None:
        self.asked.append(("highlight", index))

    def reset_view(self) -> None:
        self.asked.append(("reset", None))

    def show_virtual(self, visible: bool) -> None:
        self.asked.append(("show virtual", visible))

    def go_to_time(self, part: float) -> None:
        self.asked.append(("time", part))

    def play_time(self) -> None:
        self.asked.append(("time", "play"))

    def hold_time(self) -> None:
        self.asked.append(("time", "hold"))

    def virtual_picture(self) -> tuple[int, bytes]:
        return self.picture

    def virtual_camera(self) -> Camera:
        return CAMERAS[0]


@dataclasses.dataclass
class Desktop:
    """A whole page with its server, but for viser."""

    engine: Desk
    window: Window
    jobs: Jobs
    url: str


@contextlib.contextmanager
def served(engine: Desk, begin: Command | None = None) -> Iterator[Desktop]:
    """The page of an engine at a real port; `begin` waits for its first page."""
    window, jobs, server = Window(), Jobs(), Server(port=0)
    telemetry = Telemetry(engine, window, jobs, begin)
    page = build_page(engine, Exports(engine, jobs))
    routes = [*viser_routes(9), *telemetry.routes(), *Runs(engine).routes()]  # nobody listens at 9
    server.start(mounted(page, routes))
    try:
        yield Desktop(engine, window, jobs, server.url)
    finally:
        telemetry.stop()
        server.stop()
        jobs.stop()
