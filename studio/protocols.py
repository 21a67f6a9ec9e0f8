"""What the page needs of the engine and of the 3D scene, and nothing more."""

from typing import Protocol

from core.engine.commands import Command
from core.engine.snapshot import Snapshot
from studio.scene.state import ViewCommand, ViewState


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
    """The 3D scene, likewise; `studio.scene.SceneView` is one."""

    @property
    def state(self) -> ViewState:
        """What is shown now; never blocks."""
        ...

    def submit(self, command: ViewCommand) -> None:
        """Ask for something; returns at once. Raises InputError where there is no such photo."""
        ...

    def error_picture(self) -> bytes:
        """The signed error of the photo looked through as JPEG; nothing while it is not known."""
        ...

    def virtual_picture(self) -> bytes:
        """What the virtual camera sees as JPEG; nothing before the first."""
        ...
