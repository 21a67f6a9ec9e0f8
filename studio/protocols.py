"""What the panel and the telemetry need of the engine and of the 3D scene, and nothing more."""

from typing import Protocol

from core.engine.commands import Command
from core.engine.snapshot import Snapshot
from core.geometry.cameras import Camera
from studio.scene.photo_error import PhotoError
from studio.scene.reference import Comparison
from studio.scene.replay import Time
from studio.scene.stats import ViewStats
from studio.scene.viewport import Stand


class Steerable(Protocol):
    """Commands in, snapshots out. `core.engine.engine.Engine` is one."""

    @property
    def snapshot(self) -> Snapshot:
        """The newest facts; never blocks."""
        ...

    def submit(self, command: Command) -> None:
        """Ask for something; returns at once."""
        ...


class Viewer(Protocol):
    """The 3D scene, as far as the page is concerned; `studio.scene.SceneView` is one."""

    @property
    def stats(self) -> ViewStats | None:
        """Of the newest picture shown to anybody."""
        ...

    @property
    def clients(self) -> int:
        """How many browsers have the scene open."""
        ...

    @property
    def failure(self) -> str | None:
        """Why pictures fail to come, in one sentence; None while all is well."""
        ...

    @property
    def comparison(self) -> Comparison | None:
        """How the cameras stand to a reference; None where none was named."""
        ...

    @property
    def time(self) -> Time:
        """The moment whose cameras are shown."""
        ...

    @property
    def wipe(self) -> float:
        """Where the line between two scenes is, as a part of the canvas from the left."""
        ...

    def wipe_at(self, part: float) -> None:
        """Have that line there, for all who look."""
        ...

    def go_to_time(self, part: float) -> None:
        """Show the cameras as they were at a part of their way, 0 to 1; 1 is now."""
        ...

    def play_time(self) -> None:
        """Show how the cameras came to where they are."""
        ...

    def hold_time(self) -> None:
        """Stay at the moment that is shown."""
        ...

    def look_through(self, index: int) -> None:
        """Put every visitor behind a photo's camera."""
        ...

    def look_away(self) -> None:
        """Bring every visitor back from a photo's camera."""
        ...

    @property
    def stand(self) -> Stand | None:
        """Where the newest visitor is; None without any."""
        ...

    @property
    def photo_error(self) -> PhotoError | None:
        """How well the photo is explained that is looked through; None before that is known."""
        ...

    def error_picture(self) -> bytes:
        """The signed error of that photo as JPEG; nothing where that is not known."""
        ...

    def highlight(self, index: int | None) -> None:
        """Make one frustum stand out, or none."""
        ...

    def reset_view(self) -> None:
        """Bring every visitor back to the start."""
        ...

    def show_virtual(self, visible: bool) -> None:
        """Show or hide the virtual camera; hidden it costs nothing."""
        ...

    def virtual_picture(self) -> tuple[int, bytes]:
        """Version and JPEG of what the virtual camera sees; 0 and nothing before the first."""
        ...

    def virtual_camera(self) -> Camera:
        """The virtual camera. Raises InputError where there is none yet."""
        ...
