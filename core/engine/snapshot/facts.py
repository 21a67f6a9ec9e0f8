"""From what the engine owns to a snapshot."""

import math
from dataclasses import dataclass, replace
from pathlib import Path

from core.config import Config
from core.engine.commands.limits import Limits
from core.engine.monitoring.contest import contest
from core.engine.monitoring.history import Recorder
from core.engine.monitoring.meter import Meter
from core.engine.monitoring.outlook import outlook
from core.engine.snapshot import Notice, Phase, Snapshot
from core.search.judging.witnesses import Opinion
from core.training.devices import name_of
from core.training.step import decibels
from core.training.trainer import Trainer


@dataclass(frozen=True)
class Around:
    """What every snapshot says: which one it is, of which run, and what happened beside steps."""

    version: int
    run: Path
    notices: tuple[Notice, ...]
    failure: str | None
    traceback: str | None


def facts_without_photos(asked: Config, around: Around) -> Snapshot:
    """What there is to say while photos are loading, or where they could not be."""
    phase: Phase = "failed" if around.failure else "loading"
    return with_facts(Snapshot(around.version, around.run, asked, phase), around)


def with_facts(snapshot: Snapshot, around: Around) -> Snapshot:
    """The same of a run, and what is around it now."""
    return replace(
        snapshot,
        version=around.version,
        run=around.run,
        notices=around.notices,
        failure=around.failure,
        traceback=around.traceback,
    )


def facts_of(
    trainer: Trainer,
    recorder: Recorder,
    meter: Meter,
    limits: Limits | None,
    around: Around,
    *,
    undo: str,
    opinion: Opinion,
    came_back: str,
) -> Snapshot:
    """All facts of a run that has its photos. `limits` is None while it is paused."""
    learned, history = trainer.learned(fresh=limits is None), recorder.history()
    recorder.settling.watch(trainer, recorder.trails)
    facts = Snapshot(
        around.version,
        around.run,
        config=trainer.config,
        phase="ready",
        playing=limits is not None,
        stage=trainer.stage,
        step=trainer.step,
        epoch=trainer.epoch,
        loss=meter.loss,
        psnr=None if meter.loss is None else decibels(meter.loss),
        psnr_at=trainer.showing.compared_at,
        steps_per_second=meter.speed if limits else 0.0,
        seconds=trainer.seconds,
        seconds_left=limits.seconds_left(trainer, meter.speed) if limits else None,
        outlook=outlook(trainer, recorder.settling, meter.pace),
        device=trainer.device.type,
        device_name=name_of(trainer.device),
        photos=trainer.photos,
        learned=learned,
        found_by=trainer.course.found_by,
        opinion=opinion,
        came_back=came_back,
        shown=learned.shown,
        best=trainer.shown,
        learners=tuple(learner.shows for learner in trainer.learners),
        findings=trainer.found,
        unseen_psnr={name: decibels(error) for name, error in trainer.holdout.errors.items()},
        contest=contest(history.unseen) if len(trainer.holdout.errors) > 1 else None,
        rates=trainer.rates,
        photo_psnr=_of_photos(trainer),
        history=history,
        trails=recorder.trails,
        undo=undo,
    )
    return with_facts(facts, around)


def _of_photos(trainer: Trainer) -> tuple[float | None, ...]:
    errors = trainer.photo_error.tolist()
    return tuple(None if math.isnan(error) else decibels(error) for error in errors)
