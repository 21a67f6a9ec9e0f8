"""What the scene shows, in one value; and what can be asked of it, which one place takes."""

from dataclasses import dataclass

from studio.scene.cameras.gizmo import Virtual
from studio.scene.cameras.reference import Comparison
from studio.scene.cameras.vantage import Stand
from studio.scene.painting.photo_error import PhotoError
from studio.scene.painting.stats import ViewStats
from studio.scene.replay import Time


@dataclass(frozen=True)
class ViewState:
    """All that is told of the scene at one moment; the pictures themselves are asked for apart."""

    clients: int  # browsers that have the scene open
    failure: str | None  # why pictures fail to come, in one sentence; None while all is well
    stats: ViewStats | None  # of the newest picture shown to whoever came last
    stand: Stand | None  # where the newest visitor is; None without any
    time: Time  # the moment whose cameras are shown
    wipe: float  # where the line between two scenes is, as a part of the canvas from the left
    virtual_shown: bool  # to all who look; hidden it costs nothing
    virtual: Virtual | None  # None before its first picture
    comparison: Comparison | None  # with the reference; None where none was named
    photo_error: PhotoError | None  # of the photo that is looked through, once it is known


@dataclass(frozen=True)
class LookThrough:
    """Put a visitor, or all of them, where the camera of a photo is."""

    photo: int
    client: int | None = None


@dataclass(frozen=True)
class LookAway:
    """Bring every visitor back to where they were before they looked through a photo."""


@dataclass(frozen=True)
class Highlight:
    """Point out the frustum of one photo, or of none."""

    photo: int | None


@dataclass(frozen=True)
class ResetView:
    """Put every visitor behind and above the cameras, where they and the scene are seen."""


@dataclass(frozen=True)
class GoToTime:
    """Show the cameras as they were at a part of their way, 0 to 1; 1 is now."""

    part: float


@dataclass(frozen=True)
class PlayTime:
    """Show how the cameras came to where they are."""


@dataclass(frozen=True)
class HoldTime:
    """Stay at the moment that is shown."""


@dataclass(frozen=True)
class Wipe:
    """Where two scenes are looked at, have the line between them at a part of the canvas."""

    part: float


@dataclass(frozen=True)
class ShowVirtual:
    """Show or hide the virtual camera, for all who look."""

    visible: bool


ViewCommand = (
    LookThrough
    | LookAway
    | Highlight
    | ResetView
    | GoToTime
    | PlayTime
    | HoldTime
    | Wipe
    | ShowVirtual
)
