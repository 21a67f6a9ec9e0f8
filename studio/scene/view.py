"""The 3D scene as a whole: what the panel and the app see of it."""

import contextlib
import dataclasses
import logging
import threading
import warnings

import viser

from core.engine.snapshot import Snapshot
from core.errors import InputError
from core.geometry.cameras import Camera
from core.photos import PhotoSet
from studio.scene.baked import Bakery
from studio.scene.drawn import Drawn
from studio.scene.faces import Faces
from studio.scene.failures import Failures
from studio.scene.frustums import Frustums, colours_of
from studio.scene.gizmo import VirtualCamera
from studio.scene.keys import Keys
from studio.scene.past import Past
from studio.scene.photo_error import ErrorPainter, PhotoError
from studio.scene.reference import Comparison, Reference
from studio.scene.replay import Replay, Time
from studio.scene.source import Source
from studio.scene.stats import ViewStats
from studio.scene.trails import Trails
from studio.scene.vantage import NEAR, UP, Vantage
from studio.scene.viewport import Stand
from studio.scene.visitors import Visitors

FOLLOW_SECONDS = 0.12  # at least, between two updates of the frustums
WAIT_SECONDS = 0.25  # for a newer snapshot; `stop` may take as long
FAR = 500.0  # viser units
NEWCOMERS_APART = 0.3  # see `Vantage.apart`: cameras that move by less move no newcomer
PANEL_WIDTH = 60  # CSS pixels of viser's own panel, which has nothing in it and cannot be hidden

_log = logging.getLogger(__name__)


class SceneView:
    """Shows an engine's snapshots on a viser server and renders what its clients look at.

    All methods may be called from any thread and return at once, but for `stop`.

    Attributes:
        keys: the camera path that a person makes.
        present: what the newest visitor sees, see `Visitors.present`.
    """

    def __init__(self, server: viser.ViserServer, engine: Source) -> None:
        """Prepare; nothing is followed before `start`."""
        self._server, self._source = server, engine
        self._failures = Failures()
        self._drawing = threading.Lock()  # held while frustums and trails are updated
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
        self._thread.start()
        self._drawn.start()
        self._faces.start()

    def stop(self) -> None:
        """End all threads; returns when they have ended. The server is left alone."""
        self._stop.set()
        self.keys.stop()
        if self._thread.is_alive():
            self._thread.join()
        self._visitors.stop()
        for part in (self._virtual, self._errors, self._drawn, self._faces):
            part.stop()

    # -- what the panel asks for -------------------------------------------------------------

    def look_through(self, index: int) -> None:
        """Put every client where the camera of one photo is.

        Raises:
            InputError: there is no such photo.
        """
        self._visitors.look_through(index, self._camera(index))

    def look_away(self) -> None:
        """Bring every client back to where it was before it looked through a photo."""
        self._visitors.look_away()

    def highlight(self, index: int | None) -> None:
        """Point out the frustum of one photo, or of none."""
        with self._drawing:
            self._frustums.highlight(index)
        self._show_cameras(self._source.snapshot, fresh=True)

    def reset_view(self) -> None:
        """Put every client behind and above the cameras, where they and the scene are seen."""
        learned = self._source.snapshot.learned
        vantage = Vantage.of(learned.cameras if learned else ())
        self._set_initial(vantage)
        self._visitors.go_to(vantage)

    def go_to_time(self, part: float) -> None:
        """Show the cameras as they were at a part of their way, 0 to 1; 1 is now."""
        self._replay.go_to(part, self._source.snapshot)
        self._show_cameras(self._source.snapshot, fresh=True)

    def play_time(self) -> None:
        """Show how the cameras came to where they are."""
        self._replay.play(self._source.snapshot)

    def hold_time(self) -> None:
        """Stay at the moment that is shown."""
        self._replay.hold(self._source.snapshot)

    @property
    def time(self) -> Time:
        """The moment that is shown."""
        shown = self._replay.at(self._source.snapshot)
        return dataclasses.replace(shown, scene_step=self._past.step)

    def wipe_at(self, part: float) -> None:
        """Where two scenes are looked at, have the line between them there, 0 to 1."""
        self._visitors.wipe_at(part)

    @property
    def wipe(self) -> float:
        """Where that line is, as a part of the canvas from the left."""
        return self._visitors.wipe

    @property
    def comparison(self) -> Comparison | None:
        """How the cameras shown stand to the reference; None where none was named."""
        return self._reference.comparison

    @property
    def photo_error(self) -> PhotoError | None:
        """How well the photo is explained that is looked through; None where none is."""
        return self._errors.error

    def error_picture(self) -> bytes:
        """Where the rendering of that photo is too bright and too dark, as JPEG; or nothing."""
        return self._errors.picture

    def show_virtual(self, visible: bool) -> None:
        """Show or hide the virtual camera; hidden it costs nothing."""
        self._virtual.show(visible)

    def virtual_camera(self) -> Camera:
        """The virtual camera in the learned world.

        Raises:
            InputError: there are no cameras yet.
        """
        return self._virtual.camera()

    def place_virtual(self, camera: Camera) -> None:
        """Put the virtual camera where `camera` is; it keeps the learned focal length.

        Raises:
            InputError: there are no cameras yet.
        """
        self._virtual.place(camera)

    def virtual_picture(self) -> tuple[int, bytes]:
        """What the virtual camera sees: a growing number and a JPEG; 0 and nothing at first."""
        return self._virtual.picture()

    @property
    def stats(self) -> ViewStats | None:
        """Of the client that came last and has a picture."""
        return self._visitors.stats

    @property
    def stand(self) -> Stand | None:
        """Where the client is that came last; None without any."""
        return self._visitors.stand

    @property
    def clients(self) -> int:
        """How many browsers look at the scene."""
        return len(self._visitors)

    @property
    def failure(self) -> str | None:
        """Why pictures fail to come, in one sentence; None while all is well."""
        return self._failures.first

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
            self._visitors.look_through(index, self._camera(index), client)

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
            self._replay.go_to(1.0, snapshot)
            self._visitors.begin_anew()
        self._show_cameras(snapshot, fresh)
        if fresh and snapshot.learned is not None:
            self._frame(Vantage.of(snapshot.learned.cameras))
        stand = self.stand
        self._errors.look_at(stand.photo if stand else None)
        if self._past.follow() or fresh:
            self._virtual.update(snapshot)
            self._drawn.wake()
            self._visitors.wake()

    def _show_cameras(self, snapshot: Snapshot, fresh: bool) -> None:
        """Everything of the cameras, as they are or as they were."""
        with self._drawing:
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
