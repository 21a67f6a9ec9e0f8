"""The truth at one moment. Every view of a run is a function of the newest snapshot."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from core.bootstrap.findings import Findings, Way
from core.config import Config
from core.engine.monitoring.contest import Contest
from core.engine.monitoring.history import History
from core.engine.monitoring.outlook import Outlook
from core.engine.monitoring.trails import Trails
from core.photos import PhotoSet
from core.search.judging.witnesses import Opinion
from core.training.learned import Learned

Phase = Literal["loading", "ready", "failed"]
NoticeKind = Literal["info", "warning", "failure"]


@dataclass(frozen=True)
class Notice:
    """One numbered sentence to the person."""

    number: int
    step: int
    kind: NoticeKind
    text: str


@dataclass(frozen=True, eq=False)
class Snapshot:
    """All facts of a run. Nothing in it ever changes after publication.

    While photos are loading, or where they could not be, `photos` and `learned` are None and
    `failure` says why in one sentence.
    """

    version: int
    run: Path
    config: Config
    phase: Phase = "loading"
    playing: bool = False
    stage: str = "explore"
    step: int = 0
    epoch: int = 0
    loss: float | None = None
    psnr: float | None = None
    psnr_at: int = 0  # longer side, in pixels, of the photos as `psnr` compares with them
    steps_per_second: float = 0.0
    seconds: float = 0.0  # spent in training steps
    seconds_left: float | None = None  # until the stop that was asked for
    outlook: Outlook = field(default_factory=Outlook)  # how far it is on its way
    device: str = "cpu"
    device_name: str = "CPU"  # as a person calls it
    photos: PhotoSet | None = None
    learned: Learned | None = None
    found_by: Way = "pixels"  # how the cameras were found
    opinion: Opinion = field(default_factory=Opinion)  # what is thought of them
    shown: str = "field"  # whose scene `learned.scene` is: "planes", "depth-maps", or the "field"
    best: str = "field"  # whose scene knows unseen pixels best
    learners: tuple[str, ...] = ("field",)  # whose scenes there are
    findings: Findings = field(default_factory=Findings)
    unseen_psnr: Mapping[str, float] = field(default_factory=dict)  # dB, of "planes" and "field"
    contest: Contest | None = None  # of planes and a network, once both were asked
    rates: Mapping[str, float] = field(default_factory=dict)  # of the next step, by group
    photo_psnr: tuple[float | None, ...] = ()  # dB of each photo's training pixels, smoothed
    history: History | None = None
    trails: Trails | None = None
    notices: tuple[Notice, ...] = field(default=())  # the newest last
    undo: str = ""  # what Undo would bring back, in words; empty where there is nothing
    came_back: str = ""  # what a crash took away, until the run goes on
    failure: str | None = None  # a sentence; the traceback of a bug stands in `traceback`
    traceback: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Of all photos; empty while there are none."""
        return self.photos.names if self.photos is not None else ()

    @property
    def can_undo(self) -> bool:
        """Whether there is something to go back to."""
        return bool(self.undo)
