"""The slider of time moves the scene, as far as the run kept it."""

import dataclasses
from pathlib import Path

import pytest

from core.engine.snapshot import Snapshot
from core.photos import PhotoSet
from core.runs import moments
from core.training.learner import Progress
from core.training.trainer import Trainer
from studio.scene.painting.job import moment_of
from studio.scene.past import Past
from studio.scene.replay import Replay
from tests.conftest import small_config
from tests.studio.scene.stand_ins import Stage, trails


@pytest.fixture
def stage(tmp_path: Path, photos: PhotoSet) -> Stage:
    """A run at step 70 that kept its scene at steps 11 and 30; trails go by tens."""
    trainer = Trainer(small_config(), photos)
    trainer.photo_error[:] = 0.1
    for step in (11, 30):
        trainer.course = dataclasses.replace(trainer.course, progress=Progress(0, step))
        moments.write(moments.taken(trainer, tmp_path), 1e9)
    trainer.close()
    stage = Stage()
    stage.publish(trails=trails(5), step=70)
    stage.snapshot = dataclasses.replace(stage.snapshot, run=tmp_path)
    return stage


def shown(stage: Stage, replay: Replay, past: Past, part: float) -> tuple[bool, Snapshot]:
    replay.go_to(part, stage.snapshot)
    return past.follow(), past.snapshot


def test_the_scene_goes_back_and_returns(stage: Stage) -> None:
    replay = Replay()
    past = Past(stage, replay)
    assert not past.follow() and past.snapshot is stage.snapshot and past.step is None
    changed, then = shown(stage, replay, past, 0.8)  # step 40
    assert changed and past.step == then.step == 30 and not then.playing
    assert then.learned.scene is not stage.snapshot.learned.scene
    assert then.learned.cameras is stage.snapshot.learned.cameras
    assert past.snapshot is then, "painters ask often"
    assert moment_of(then) != moment_of(stage.snapshot)
    assert shown(stage, replay, past, 0.6) == (False, then)  # step 30: the same moment
    changed, earlier = shown(stage, replay, past, 0.4)  # step 20
    assert changed and past.step == 11 and earlier.learned.scene is not then.learned.scene
    changed, now = shown(stage, replay, past, 1.0)
    assert changed and now is stage.snapshot and past.step is None


def test_before_the_first_moment_the_scene_is_as_now(stage: Stage) -> None:
    replay = Replay()
    past = Past(stage, replay)
    _, now = shown(stage, replay, past, 0.2)  # step 10
    assert now is stage.snapshot and past.step is None


def test_a_moment_that_is_gone_or_damaged_is_not_shown(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    replay = Replay()
    past = Past(stage, replay)
    for path in moments.moments_of(stage.snapshot.run).values():
        path.write_bytes(b"nothing")
    _, now = shown(stage, replay, past, 0.8)
    assert now is stage.snapshot
    monkeypatch.setattr(moments, "read", lambda path: pytest.fail("it was tried before"))
    assert not past.follow()


def test_another_run_has_its_own_past(stage: Stage, tmp_path: Path) -> None:
    replay = Replay()
    past = Past(stage, replay)
    shown(stage, replay, past, 0.8)
    stage.snapshot = dataclasses.replace(stage.snapshot, run=tmp_path / "other")
    assert past.snapshot is stage.snapshot
    assert past.follow() and past.step is None
