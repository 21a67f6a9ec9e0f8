"""A snapshot and export jobs as plain JSON. NaN and infinities become null."""

import dataclasses
import json
import math
import re
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from core.config.paths import options
from core.engine.monitoring.history import History
from core.engine.snapshot import Notice, Snapshot
from core.exporting.jobs import JobView
from core.photos import Finding, PhotoSet, is_video
from core.photos.sizes import common_size
from core.runs.home import DROPPED
from core.runs.judged import judgement
from core.search.features.graph import PhotoFact
from core.search.judging.witnesses import FOUND_BY, Opinion
from studio.routes.fields import named, side_by_side, switched, unseen
from studio.routes.guide import guide

NOTICES = 20  # the newest that are sent
FEW = 2  # photos, which always agree with each other in part
POINTS = 240  # of a curve: more than its pixels show nothing more

Json = dict[str, Any]


def status(snapshot: Snapshot) -> Json:
    """What `/status` says of the run, the whole config included."""
    return finite(
        {
            "run": snapshot.run.name,
            "dropped": _dropped(snapshot),
            "version": snapshot.version,
            "phase": snapshot.phase,
            "failure": snapshot.failure,
            "stage": snapshot.stage,
            "step": snapshot.step,
            "epoch": snapshot.epoch,
            "playing": snapshot.playing,
            "loss": snapshot.loss,
            "psnr": snapshot.psnr,
            "psnr_at": snapshot.psnr_at,
            "shown": shown(snapshot),
            "unseen_psnr": snapshot.unseen_psnr.get(snapshot.shown),
            **side_by_side(snapshot),
            "found_by": FOUND_BY.get(snapshot.found_by),
            **verdict(snapshot.opinion, snapshot.photos),
            "mirror_gap": snapshot.findings.mirror_gap,
            "focal_interval": snapshot.findings.focal_interval,
            "guide": guide(snapshot),
            "settled": snapshot.outlook.settled,
            "stage_done": 1.0 if snapshot.outlook.sharp else snapshot.outlook.part,
            "stage_seconds_left": snapshot.outlook.seconds_left,
            "steps_per_second": snapshot.steps_per_second,
            "seconds": snapshot.seconds,
            "seconds_left": snapshot.seconds_left,
            "photos": len(snapshot.photos.names) if snapshot.photos else 0,
            "not_placed": snapshot.learned.not_placed if snapshot.learned else [],
            "device": snapshot.device,
            "device_name": snapshot.device_name,
            "can_undo": snapshot.can_undo,
            "undo": snapshot.undo,
            "notice": snapshot.notices[-1].text if snapshot.notices else None,
            "config": snapshot.config.model_dump(),
        }
    )


def verdict(opinion: Opinion, photos: PhotoSet | None) -> Json:
    """What is thought of the cameras, and why."""
    names = photos.names if photos else ()
    return {
        **judgement(opinion, names),
        "photo_facts": [
            {
                "kind": fact.kind,
                "sentence": fact.sentence,
                "photos": [names[number] for number in fact.photos],
                "remedy": fact.remedy,
            }
            for fact in opinion.facts
        ],
        "others": [dataclasses.asdict(other) for other in opinion.others],
        "checking": opinion.doing,
    }


def shown(snapshot: Snapshot) -> str | None:
    """Which field still views show, by its name; None before there is one."""
    return None if snapshot.learned is None else named(snapshot, snapshot.shown)


def live(snapshot: Snapshot) -> Json:
    """What the page paints several times a second."""
    facts = status(snapshot)
    config = facts.pop("config")
    return (
        facts
        | {
            "traceback": snapshot.traceback,
            "switched": switched(snapshot),
            "bootstrap": config["training"]["bootstrap"],
            "channel": config["explore"]["channel"],
            "search": config["cameras"]["search"],
            "learn_focal": config["cameras"]["learn_focal"],
            "focal_of": config["cameras"]["focal_of"],
            "field": config["field"]["kind"],
            "reference": config["explore"]["reference"],
            "came_back": snapshot.came_back,
            "frames": is_video(snapshot.config.data.photos),
            "few": _few(snapshot),
            "has_photos": bool(config["data"]["photos"]),
            "config_key": zlib.crc32(encoded(config).encode()),  # differs when widgets need paint
            "notices": [_noticed(notice) for notice in snapshot.notices[-NOTICES:]],
        }
    )


def _few(snapshot: Snapshot) -> bool:
    """Whether so few photos are learned from that nothing can confirm what they say."""
    if snapshot.photos is None or snapshot.learned is None:
        return False
    left_out = set(snapshot.config.data.disabled)
    used = zip(snapshot.photos.names, snapshot.learned.held_out, strict=True)
    return sum(not held and name not in left_out for name, held in used) <= FEW


def _dropped(snapshot: Snapshot) -> bool:
    """Whether the photos came through the page, so that the run's name says nothing of them."""
    return Path(snapshot.config.data.photos).is_relative_to(snapshot.run / DROPPED)


def _noticed(notice: Notice) -> Json:
    """A notice that names options as the panel does, by the label beside the field."""
    text = _PATHS.sub(lambda found: options()[found[0]].title, notice.text)
    return dataclasses.asdict(notice) | {"text": text}


_PATHS = re.compile(r"(?<![\w./-])(" + "|".join(map(re.escape, options())) + r")(?![\w/])")


def curves(history: History | None) -> Json:
    """The curves, thinned evenly to at most `POINTS` points of which the last is the newest."""
    if history is None:
        return {"steps": [], "loss": [], "psnr": [], "focal": [], "marks": [], "unseen": None}
    count = len(history.steps)
    chosen = np.unique(np.linspace(0, count - 1, min(count, POINTS)).round().astype(int))
    return finite(
        {
            "steps": [int(step) for step in history.steps[chosen]],
            "loss": _rounded(history.loss[chosen]),
            "psnr": _rounded(history.psnr[chosen]),
            "focal": _rounded(history.focal[chosen]),
            "marks": [list(mark) for mark in history.marks],
            "unseen": unseen(history.unseen, POINTS),
        }
    )


def gallery(snapshot: Snapshot, findings: Sequence[Finding] | None) -> Json:
    """The photos with what is known of each, and what may be wrong with them.

    Args: `findings` of the checks; None while they are not known.
    """
    photos, learned = snapshot.photos, snapshot.learned
    if photos is None:
        return {"key": "", "photos": [], "findings": None}
    held_out = learned.held_out if learned else (False,) * len(photos.names)
    psnr = snapshot.photo_psnr or (None,) * len(photos.names)
    unplaced, words = _unplaced(snapshot), snapshot.opinion.cameras
    left_out = set(snapshot.config.data.disabled)
    entries = [
        {
            "name": name,
            "on": name not in left_out,
            "held_out": bool(held),
            "psnr": None if value is None else round(value, 1),
            "placed": row not in unplaced,
            "verdict": None if held else words.get(row),
        }
        for row, (name, held, value) in enumerate(zip(photos.names, held_out, psnr, strict=True))
    ]
    width, height = common_size([photos.size(row) for row in range(len(photos.names))])
    return finite(
        {
            "key": photos_key(photos),
            "aspect": width / height,
            "photos": entries,
            "findings": None
            if findings is None
            else _told(photos, findings, snapshot.opinion.facts),
        }
    )


def _unplaced(snapshot: Snapshot) -> set[int]:
    """Places of photos without a camera, once others have one; those kept aside are not missed."""
    learned, left_out = snapshot.learned, set(snapshot.config.data.disabled)
    if learned is None or not (placed := learned.by_index):
        return set()
    return {
        row
        for row, (name, held) in enumerate(zip(learned.names, learned.held_out, strict=True))
        if row not in placed and (name in left_out or not held)
    }


def _told(
    photos: PhotoSet, findings: Sequence[Finding], by_pairs: Sequence[PhotoFact]
) -> list[Json]:
    """Findings with the photo's place; before them what was said of files when they were read.

    What pairs of photos tell takes the place of what each check guessed without them.
    """
    rows = {name: row for row, name in enumerate(photos.names)}
    files = [Finding(None, "file", sentence) for sentence in photos.notices]
    known = {(kind, photo) for _, kind, photo in _each(by_pairs)}
    checked = [
        (found.sentence, found.reason, None if found.photo is None else rows[found.photo])
        for found in (*files, *findings)
        if found.reason != "no parallax" or not by_pairs
    ]
    facts = [*_each(by_pairs), *(one for one in checked if one[1:] not in known)]
    return [{"place": row, "reason": kind, "sentence": sentence} for sentence, kind, row in facts]


def _each(by_pairs: Sequence[PhotoFact]) -> list[tuple[str, str, int | None]]:
    """Sentence, kind and photo of each fact; None where it is about more than one photo."""
    return [
        (
            f"{fact.sentence} {fact.remedy}",
            fact.kind,
            fact.photos[0] if len(fact.photos) == 1 else None,
        )
        for fact in by_pairs
    ]


def jobs(views: Sequence[JobView]) -> list[Json]:
    """Export jobs; a result is given by its file's name."""
    listed = [
        dataclasses.asdict(view) | {"result": view.result.name if view.result else None}
        for view in views
    ]
    return finite(listed)


def photos_key(photos: PhotoSet) -> str:
    """A word that differs for other photos, so that browsers may keep thumbnails."""
    sparse = np.ascontiguousarray(photos.pixels[:, ::61, ::61])
    return f"{zlib.crc32(sparse.data, zlib.crc32(repr(photos.names).encode())):08x}"


def finite(value: Any) -> Any:
    """The same tree as JSON can say it: null in place of NaN and infinities, and text that is."""
    match value:
        case float():
            return value if math.isfinite(value) else None
        case str():  # letters that are none come with names of files and with what was asked
            return value if value.isascii() else value.encode(errors="backslashreplace").decode()
        case dict():
            return {finite(key): finite(part) for key, part in value.items()}
        case list() | tuple():
            return [finite(part) for part in value]
        case _:
            return value


def encoded(value: Any) -> str:
    """Strict JSON in one line."""
    return json.dumps(value, allow_nan=False, separators=(",", ":"))


def _rounded(values: np.ndarray) -> list[float]:
    return [float(f"{value:.5g}") for value in values]
