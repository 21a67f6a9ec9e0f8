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
from core.training.learned import Learned
from studio.jobs.exports import Exports
from studio.panel.layout import build_page
from studio.panel.mounting import mounted
from studio.routes.routes import Routes
from studio.routes.runs import Runs
from studio.scene.cameras.vantage import Stand
from studio.scene.painting.photo_error import PhotoError
from studio.scene.painting.stats import ViewStats
from studio.scene.replay import Time
from studio.scene.state import LookAway, LookThrough, ShowVirtual, ViewCommand, ViewState, Wipe
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


STATE = ViewState(
    clients=1,
    failure=None,
    stats=ViewStats(0.5, 18.0, 3.0, False, 40.0),
    stand=Stand(None, True, False, False, 0.1),
    time=Time(None, 1.0, False, 12),
    wipe=0.5,
    virtual_shown=True,
    virtual=None,
    comparison=None,
    photo_error=None,
)


class Window:
    """A 3D scene: remembers what it was asked, and does what a page waits for."""

    def __init__(self) -> None:
        self.asked: list[ViewCommand] = []
        self.state = STATE
        self.picture = b""

    def forget(self) -> None:
        """Be as new."""
        self.asked.clear()
        self.state, self.picture = STATE, b""

    def show(self, **facts: Any) -> None:
        """Differ in these facts from now on."""
        self.state = dataclasses.replace(self.state, **facts)

    def stand(self, photo: int | None = None, moved: bool = False, lost: bool = False) -> None:
        """Have a visitor somewhere."""
        self.show(stand=Stand(photo, True, moved, lost, 0.1))

    def submit(self, command: ViewCommand) -> None:
        self.asked.append(command)
        match command:
            case LookThrough(photo):
                self.stand(photo)
                self.show(photo_error=PhotoError(photo, 1, 28.34, 48, 36))
            case LookAway():
                self.stand(moved=True)
                self.show(photo_error=None)
            case Wipe(part):
                self.show(wipe=part)
            case ShowVirtual(visible):
                self.show(virtual_shown=visible)

    def error_picture(self) -> bytes:
        return JPEG if self.state.photo_error else b""

    def virtual_picture(self) -> bytes:
        return self.picture


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
    own = Routes(engine, window, jobs, begin)
    page = build_page(engine, Exports(engine, jobs))
    routes = [*viser_routes(9), *own.routes(), *Runs(engine).routes()]  # nobody listens at 9
    server.start(mounted(page, routes))
    try:
        yield Desktop(engine, window, jobs, server.url)
    finally:
        own.stop()
        server.stop()
        jobs.stop()
