"""Two runs beside each other: rows of a table that says in what they differ."""

from pathlib import Path

from core.config.paths import get, options
from core.engine.commands.switches import spoken
from core.engine.snapshot import Snapshot
from core.errors import InputError
from core.evaluation.cameras import compare_cameras
from core.runs import judged
from core.runs.cameras import known_cameras
from core.runs.summary import ELSEWHERE, Summary, summary_of
from core.search.judging.witnesses import Opinion

Row = dict[str, str]


def differences(snapshot: Snapshot, other: Path) -> list[Row]:
    """Rows of what differs between the run that is open and another: figures, then options."""
    summary = summary_of(other)
    if summary is None:
        return [_row("states", "", "cannot be read")]
    return [*_figures(snapshot, summary), *_cameras(snapshot, other), *_options(snapshot, summary)]


def _figures(snapshot: Snapshot, summary: Summary) -> list[Row]:
    psnr = snapshot.unseen_psnr.get(snapshot.shown)
    photos = len(snapshot.photos.names) if snapshot.photos else 0
    return [
        _row("Quality on unseen pixels", _decibels(psnr), _decibels(summary.psnr)),
        _row("Verdict", _verdict(snapshot), summary.verdict),
        _row("Steps", f"{snapshot.step:,}", f"{summary.step:,}"),
        _row("Training", f"{snapshot.seconds:.0f} s", f"{summary.seconds:.0f} s"),
        _row("Photos", str(photos), str(summary.photos)),
    ]


def _verdict(snapshot: Snapshot) -> str:
    """What is thought of the cameras; of a run opened again what was, until they are checked."""
    word, doing = snapshot.opinion.word, snapshot.opinion.doing
    saved = judged.kept(snapshot.run, snapshot.found_by)["verdict"]
    if word != Opinion.word or saved == word:
        return word
    return f"{saved}, being checked again" if doing else f"{saved} when it was saved"


def _cameras(snapshot: Snapshot, other: Path) -> list[Row]:
    """How far the cameras of both lie apart, once aligned (Sim(3))."""
    if snapshot.learned is None:
        return []
    try:
        errors = compare_cameras(snapshot.learned.by_name, known_cameras(other))
    except InputError as error:
        return [_row("Cameras", "", str(error))]
    return [
        _row("Cameras apart, of their spread", "", f"{errors.ate:.2%}"),
        _row("Rotations apart", "", f"{errors.rotation_best:.2f}°"),
        _row("Focal lengths apart", "", f"{errors.focal:.2%}"),
    ]


def _options(snapshot: Snapshot, summary: Summary) -> list[Row]:
    """The options that are not the same, by their titles."""
    rows = []
    for path, option in options().items():
        mine, theirs = get(snapshot.config, path), summary.options.get(path, option.default)
        if mine != theirs and not ELSEWHERE.fullmatch(path):
            rows.append(_row(option.title, spoken(mine), spoken(theirs)))
    return rows


def _row(what: str, here: str, there: str) -> Row:
    return {"what": what, "here": here, "there": there}


def _decibels(value: float | None) -> str:
    return "not known" if value is None else f"{value:.1f} dB"
