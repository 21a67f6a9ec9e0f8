"""The 3D scene as a whole: what the panel and the app see of it."""

import contextlib
import dataclasses
import logging
import threading
import warnings
from collections.abc import Callable
from typing import assert_never

import viser

from core.engine.snapshot import Snapshot
from core.errors import InputError
from core.geometry.cameras import Camera
from core.photos import PhotoSet
from studio.scene.cameras.faces import Faces
from studio.scene.cameras.frustums import LEARNED, Frustums, colours_of
from studio.scene.cameras.gizmo import VirtualCamera
from studio.scene.cameras.keys import Keys
from studio.scene.cameras.reference import Reference
from studio.scene.cameras.trails import Trails
from studio.scene.cameras.vantage import NEAR, UP, Vantage
from studio.scene.failures import Failures
from studio.scene.in_browser.drawn import Drawn
from studio.scene.in_browser.other_run import OtherRun
from studio.scene.painting.baked import Bakery
from studio.scene.painting.photo_error import ErrorPainter
from studio.scene.past import Past
from studio.scene.replay import Replay
from studio.scene.source import Source
from studio.scene.state import (
    GoToTime,
    Highlight,
    HoldTime,
    LookAway,
    LookThrough,
    PlayTime,
    ResetView,
    ShowVirtual,
    ViewCommand,
    ViewState,
    Wipe,
)
from studio.scene.visitor.visitors import Visitors

FOLLOW_SECONDS = 0.12  # at least, between two updates of the frustums
WAIT_SECONDS = 0.25  # for a newer snapshot; `stop` may take as long
FAR = 500.0  # viser units
NEWCOMERS_APART = 0.3  # see `Vantage.apart`: cameras that move by less move no newcomer
PANEL_WIDTH = 60  # CSS pixels of viser's own panel, which has nothing in it and cannot be hidden

_log = logging.getLogger(__name__)


class SceneView:
    """Shows an engine's snapshots on a viser server and renders what its clients look at.

    Commands in, a `ViewState` out, from any thread and at once. Each part has one owner: frustums,
    trails and time whoever holds the lock, a visitor's view viser's event loop, pictures a painter.

    Attributes:
        keys: the camera path that a person makes.
        present: what the newest visitor sees, see `Visitors.present`.
    """

    def __init__(self, server: viser.ViserServer, engine: Source) -> None:
        """Prepare; nothing is followed before `start`."""
        self._server, self._source = server, engine
        self._failures = Failures()
        self._cameras = threading.Lock()  # held while what is shown of them is changed
        self._stop = threading.Event()
        self._photos: PhotoSet | None = None
        self._framed: Vantage | None = None  # where newcomers begin
        self._frustums = Frustums(server, self._picked)
        self._trails = Trails(server)
        self._reference = Reference(server)
        self._replay = Replay()
        self._at_step: int | None = None  # of the cameras shown; None is now
        self._bakery = Bakery()
        self._past = Past(engine, self._replay)
        self._visitors = Visitors(self._past, self._bakery, self._failures.reporter)
        self.keys, self.present = Keys(server, self._visitors.fly), self._visitors.present
        past, bakery, watched = self._past, self._bakery, self._watched
        report = self._failures.reporter
        self._drawn = Drawn(server, past, bakery, watched, report("planes"))
        self._virtual = VirtualCamera(server, past, watched, report("virtual"), bakery)
        self._faces = Faces(past, watched, report("frustums"))
        self._other_run = OtherRun(
            server, f"{LEARNED}/other-run", engine, watched, report("another run")
        )
        self._errors = ErrorPainter(engine, report("photo error"), bakery)
        self._thread = threading.Thread(target=self._follow, name="scene", daemon=True)

    def start(self) -> None:
        """Begin to follow the engine and to serve clients."""
        # A picture may be finished just after its tab was closed; nobody need read of that.
        warnings.filterwarnings("ignore", "Queued a .* on a closed connection", UserWarning)
        scene = self._server.scene
        scene.set_up_direction(UP)
        scene.configure_default_lights(cast_shadow=False)
        self._server.gui.main_panel.float(x=-8, y=-8, width=PANEL_WIDTH)
        self._server.gui.main_panel.minimize()
        self._set_initial(Vantage.of(()))
        gui = self._server.gui  # dark, as the scene is before it has a picture
        gui.configure_theme(show_logo=False, show_share_button=False, dark_mode=True)
        self._server.on_client_connect(self._connected)
        self._server.on_client_disconnect(self._disconnected)
        for part in (self._thread, self._drawn, self._faces, self._other_run):
            part.start()

    def stop(self) -> None:
        """End all threads; returns when they have ended. The server is left alone."""
        self._stop.set()
        self.keys.stop()
        if self._thread.is_alive():
            self._thread.join()
        self._visitors.stop()
        for part in (self._virtual, self._errors, self._drawn, self._faces, self._other_run):
            part.stop()

    # -- commands in, facts out --------------------------------------------------------------

    def submit(self, command: ViewCommand) -> None:
        """Do what a person asks of the scene.

        Raises:
            InputError: there is no such photo.
        """
        snapshot = self._source.snapshot
        match command:
            case LookThrough(photo, client):
                self._visitors.look_through(photo, self._camera(photo), client)
            case LookAway():
                self._visitors.look_away()
            case Highlight(photo):
                self._show_cameras(snapshot, lambda: self._frustums.highlight(photo))
            case ResetView():
                vantage = Vantage.of(snapshot.learned.cameras if snapshot.learned else ())
                self._set_initial(vantage)
                self._visitors.go_to(vantage)
            case GoToTime(part):
                self._show_cameras(snapshot, lambda: self._replay.go_to(part, snapshot))
            case PlayTime():
                self._show_cameras(snapshot, lambda: self._replay.play(snapshot))
            case HoldTime():
                self._show_cameras(snapshot, lambda: self._replay.hold(snapshot))
            case Wipe(part):
                self._visitors.wipe_at(part)
            case ShowVirtual(visible):
                self._virtual.show(visible)
            case _:
                assert_never(command)

    @property
    def state(self) -> ViewState:
        """What is shown now."""
        return ViewState(
            clients=len(self._visitors),
            failure=self._failures.first,
            stats=self._visitors.stats,
            stand=self._visitors.stand,
            time=dataclasses.replace(
                self._replay.at(self._source.snapshot), scene_step=self._past.step
            ),
            wipe=self._visitors.wipe,
            virtual_shown=self._virtual.shown,
            virtual=self._virtual.seen,
            comparison=self._reference.comparison,
            photo_error=self._errors.error,
        )

    def error_picture(self) -> bytes:
        """Where the rendering looked through is too bright and too dark, as JPEG; or nothing."""
        return self._errors.picture

    def virtual_picture(self) -> bytes:
        """What the virtual camera sees as JPEG; nothing before the first."""
        return self._virtual.picture

    # -- clients, on viser's event loop ------------------------------------------------------

    async def _connected(self, client: viser.ClientHandle) -> None:
        if not self._stop.is_set():
            self._visitors.come(client)
            self._virtual.wake()

    async def _disconnected(self, client: viser.ClientHandle) -> None:
        self._visitors.leave(client)

    def _watched(self) -> bool:
        return bool(self._visitors)

    def _picked(self, client: viser.ClientHandle, index: int) -> None:
        """A client clicked on a frustum, perhaps of photos that are gone by now."""
        with contextlib.suppress(InputError):
            self.submit(LookThrough(index, client.client_id))

    def _camera(self, index: int) -> Camera:
        learned = self._replay.shown(self._source.snapshot).learned
        if learned is None or not 0 <= index < len(learned.cameras):
            raise InputError(f"There is no photo {index}; photos are counted from 0.")
        return learned.cameras[index]

    # -- the scene's own thread --------------------------------------------------------------

    def _follow(self) -> None:
        version, report = -1, self._failures.reporter("scene")
        while not self._stop.is_set():
            snapshot = self._source.wait(version, WAIT_SECONDS)
            fresh, version = snapshot.version != version, snapshot.version
            try:
                self._update(snapshot, fresh)
                report(None)
            except Exception as error:
                sentence = f"The cameras could not be shown: {error or type(error).__name__}"
                if sentence != self._failures.of("scene"):
                    _log.exception("updating the scene failed")
                report(sentence)
            self._stop.wait(FOLLOW_SECONDS)

    def _update(self, snapshot: Snapshot, fresh: bool) -> None:
        if snapshot.photos is not self._photos:  # a restart reads them anew
            self._photos = snapshot.photos
            self._bakery.forget()
            self._visitors.begin_anew()
            self._show_cameras(snapshot, lambda: self._replay.go_to(1.0, snapshot))
        else:
            self._show_cameras(snapshot, fresh=fresh)
        if fresh and snapshot.learned is not None:
            self._frame(Vantage.of(snapshot.learned.cameras))
        stand = self._visitors.stand
        self._errors.look_at(stand.photo if stand else None)
        if self._past.follow() or fresh:
            self._virtual.update(snapshot)
            self._drawn.wake()
            self._visitors.wake()

    def _show_cameras(
        self, snapshot: Snapshot, change: Callable[[], None] = lambda: None, fresh: bool = True
    ) -> None:
        """Everything of the cameras, as they are or were, after a change of what is asked."""
        with self._cameras:
            change()
            shown, step = self._replay.shown(snapshot), self._replay.at(snapshot).step
            travelled, self._at_step = step != self._at_step, step
            if fresh or travelled or self._faces.news:
                self._frustums.show(self._faces.taken())
                self._frustums.update(shown)
            colours = colours_of(shown) if shown.photos is not None else []
            self._trails.update(shown, colours)
            self._reference.update(shown, at_once=travelled)

    def _frame(self, vantage: Vantage) -> None:
        """Keep settling cameras in the frame of all whose hands have not moved it."""
        if self._framed is None or self._framed.apart(vantage) > NEWCOMERS_APART:
            self._framed = vantage
            self._set_initial(vantage)
        self._visitors.frame(vantage)

    def _set_initial(self, vantage: Vantage) -> None:
        """Where new clients begin, and viser's own reset leads to."""
        self._visitors.expect_at(vantage)
        initial = self._server.initial_camera
        initial.position, initial.look_at, initial.up = vantage.position, vantage.look_at, UP
        initial.fov, initial.near, initial.far = vantage.fov, NEAR, FAR
