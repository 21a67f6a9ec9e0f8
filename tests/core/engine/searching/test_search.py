"""Two ways to the cameras beside training: features are checked, taken, and given back."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from core.depthmaps.cameras import Cameras
from core.depthmaps.photos import on_canvas
from core.engine import Engine
from core.engine.commands import Adopt, Configure, Play, Reseed, Save, Undo
from core.engine.commands.limits import NOTHING_LEFT
from core.engine.searching.search import WAITS, Search
from core.engine.snapshot import Snapshot
from core.evaluation.cameras import compare_cameras
from core.formats.transforms import read_transforms, write_transforms
from core.geometry.cameras import Camera
from core.search.direct import process as direct
from core.search.features import process as features
from core.search.features.found import FeatureModel, Features, Pairs
from core.search.features.process import State
from core.search.judging.audit import Audit
from core.training.trainer import Trainer
from tests.conftest import small_options
from tests.core.engine.test_engine import said, until

SCENE = Path(__file__).parents[4] / "assets" / "scene"
pytest.importorskip("pycolmap")


def keys(snapshot: Snapshot) -> list[str]:
    """Of the reasons of the verdict."""
    return [reason.key for reason in snapshot.opinion.reasons]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Six views of the bundled scene."""
    folder = tmp_path / "six"
    folder.mkdir()
    for file in sorted((SCENE / "images").iterdir())[:18:3]:
        shutil.copy(file, folder)
    return folder


@pytest.fixture
def engine(photos: Path, tmp_path: Path) -> Iterator[Engine]:
    """An engine that looks for cameras by features, on small pictures, paused."""
    options = small_options(
        data__photos=str(photos), data__long_side=240, cameras__search="features"
    )
    engine = Engine(tmp_path / "run", options)
    engine.start()
    yield engine
    engine.stop()


def test_features_are_taken_checked_kept_and_given_back(
    engine: Engine, photos: Path, tmp_path: Path
) -> None:
    engine.submit(Play(steps=1))  # the rest happens while paused
    found = until(engine, lambda s: s.found_by == "features")
    assert found.learned is not None and found.step == 1 and found.can_undo
    errors = compare_cameras(found.learned.by_name, read_transforms(SCENE / "transforms.json"))
    assert errors.frames == 6 and errors.rotation_best < 0.3 and errors.ate < 0.03
    judged = until(engine, lambda s: s.opinion.word != "unknown yet")
    assert judged.opinion.word == "trusted" and judged.opinion.way == "features"
    assert set(judged.opinion.cameras) == set(range(6))
    (kept,) = (tmp_path / "run").glob("features-*.safetensors")
    before = kept.stat().st_mtime_ns

    engine.submit(Undo())
    back = until(engine, lambda s: s.found_by == "pixels")
    assert back.step == 1
    until(engine, lambda s: [other.name for other in s.opinion.others] == ["features"])
    assert engine.snapshot.found_by == "pixels", "what was undone is not done again unasked"
    engine.submit(Adopt("features"))
    until(engine, lambda s: s.found_by == "features")
    engine.submit(Adopt("nowhere"))
    until(engine, lambda s: "nowhere" in said(s))

    engine.stop()
    again = Engine(tmp_path / "run", {})
    again.start()
    reopened = until(again, lambda s: s.phase == "ready")
    assert reopened.found_by == "features" and reopened.config.cameras.search == "features"
    until(again, lambda s: s.opinion.word == "trusted")
    assert kept.stat().st_mtime_ns == before  # matched once
    again.stop()


def test_pixels_alone_never_look_at_features(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    monkeypatch.setattr(features, "start", lambda *photos, **options: asked.append(photos))
    options = small_options(data__photos=str(photos), data__long_side=60, cameras__search="pixels")
    engine = Engine(tmp_path / "run", options)
    engine.start()
    engine.submit(Play(steps=40))
    done = until(engine, lambda s: s.step == 40 and not s.playing)
    engine.stop()
    assert done.found_by == "pixels" and not asked
    assert not list((tmp_path / "run").glob("features-*"))


def test_training_with_nothing_left_waits_for_cameras_that_may_come(
    photo_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_come = [True]
    monkeypatch.setattr(Trainer, "complete", property(lambda trainer: trainer.step >= 2))
    monkeypatch.setattr(Search, "expecting", property(lambda search: may_come[0]))
    engine = Engine(tmp_path / "run", small_options(data__photos=str(photo_folder)))
    engine.start()
    engine.submit(Play(seconds=100))
    until(engine, lambda s: s.step == 2)
    engine.submit(Save())
    waiting = until(engine, lambda s: "saved" in said(s))
    assert waiting.playing and waiting.step == 2 and NOTHING_LEFT not in said(waiting)
    may_come[0] = False
    ended = until(engine, lambda s: not s.playing)
    engine.stop()
    assert ended.step == 2 and NOTHING_LEFT in said(ended)


class Found:
    """What stands for a process that has found all cameras."""

    def __init__(self, names: list[str]) -> None:
        right = read_transforms(SCENE / "transforms.json")
        cameras = [right[f"images/{name}"] for name in names]
        lenses = [(c.fx / c.width, c.fy / c.height, 0.5, 0.5, 0.0) for c in cameras]
        model = FeatureModel(
            np.arange(len(names)),
            np.stack([camera.camera_to_world for camera in cameras]),
            np.array(lenses),
            np.zeros((0, 3)),
            np.zeros((0, 2), np.int64),
            np.zeros((0, 2), np.float32),
            np.zeros(0, np.float32),
        )
        self.state = State(ended=True, features=Features(len(names), Pairs.none(), (model,)))

    def kill(self) -> None:
        """There is nothing to be ended."""


def test_cameras_found_by_depths_take_the_place_of_those_that_are_not_trusted(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = sorted(file.name for file in photos.iterdir())
    begun: list[int] = []
    monkeypatch.setattr(direct, "start", lambda p, seed: begun.append(len(p)) or Found(names))
    options = small_options(
        data__photos=str(photos),
        data__long_side=126,
        training__bootstrap=True,
        schedule__steps=[2] * 9,  # too few for planes to find anything
    )
    engine = Engine(tmp_path / "run", options)
    engine.start()
    engine.submit(Play(seconds=100))
    right = read_transforms(SCENE / "transforms.json")

    def taken(snapshot: Snapshot) -> bool:
        if snapshot.learned is None or snapshot.config.field.geometry != "depth-maps":
            return False
        errors = compare_cameras(snapshot.learned.by_name, right)
        return errors.rotation_best < 0.5 and errors.ate < 0.05

    found = until(engine, taken)
    assert found.found_by == "pixels" and found.can_undo and begun == [6]
    assert list((tmp_path / "run").glob("depths-*.safetensors"))
    engine.stop()


def test_a_run_that_is_paused_keeps_its_scene_until_it_goes_on(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = sorted(file.name for file in photos.iterdir())
    monkeypatch.setattr(features, "start", lambda *photos, **options: Found(names))
    options = small_options(data__photos=str(photos), data__long_side=126, cameras__search="auto")
    engine = Engine(tmp_path / "run", options)
    engine.start()
    engine.submit(Play(steps=1))
    snapshot = until(engine, lambda s: WAITS in said(s))
    assert snapshot.found_by == "pixels" and not snapshot.can_undo
    engine.submit(Play(seconds=100))  # one step may be over before anybody looks
    snapshot = until(engine, lambda s: s.found_by == "features")
    engine.stop()


def with_poses(file: Path, cameras: dict[str, Camera]) -> Path:
    """A transforms.json of these cameras."""
    write_transforms({Path(name).name: camera for name, camera in cameras.items()}, file)
    return file


def test_every_remedy_is_performed_at_one_ask(photos: Path, tmp_path: Path) -> None:
    names = sorted(file.name for file in photos.iterdir())
    stated = read_transforms(SCENE / "transforms.json")
    right = {name: stated[f"images/{name}"] for name in names}
    astray = replace(right[names[2]], camera_to_world=right[names[0]].camera_to_world)
    odd = right | {names[2]: astray}
    del odd[names[4]]  # it has no camera yet
    options = small_options(
        data__photos=str(photos),
        data__long_side=126,
        cameras__search="pixels",
        training__start_from=str(with_poses(tmp_path / "odd.json", odd)),
    )
    engine = Engine(tmp_path / "run", options)
    engine.start()

    def placed(snapshot: Snapshot) -> bool:
        errors = compare_cameras(snapshot.learned.by_name, right)
        return errors.rotation_best < 1 and errors.ate < 0.1

    engine.submit(Play(steps=1))
    told = until(engine, lambda s: "odd-photo" in keys(s))
    assert told.found_by == "given" and not placed(told)
    assert [r.photos for r in told.opinion.reasons if r.key == "odd-photo"] == [(2,)]
    assert [r.photos for r in told.opinion.reasons if r.key == "not-placed"] == [(4,)]
    engine.submit(Reseed((names[2], names[4])))
    told = until(engine, lambda s: placed(s) and s.opinion.cameras.get(2) == "trusted")
    assert told.opinion.cameras.get(4) == "trusted" and "not-placed" not in keys(told)
    assert told.can_undo

    audit = Audit(on_canvas(told.photos.pictures), Cameras.of(told.learned.trained, torch.float64))
    audit.run()
    mirror = dict(zip(names, audit.mirror.single(), strict=True))
    engine.submit(Configure({"cameras.rival": str(with_poses(tmp_path / "twin.json", mirror))}))
    told = until(engine, lambda s: bool(s.opinion.others))
    (other,) = told.opinion.others
    assert other.name == "rival" and other.word == "wrong" and "degrees" in other.sentence
    engine.submit(Adopt("rival"))
    told = until(engine, lambda s: not s.config.cameras.rival)
    told = until(engine, lambda s: "mirrored" in keys(s))
    assert told.found_by == "given" and not placed(told)
    engine.submit(Adopt("mirrored"))
    told = until(engine, placed)
    until(engine, lambda s: s.opinion.word != "wrong")
    engine.submit(Undo())
    until(engine, lambda s: not placed(s))
    engine.submit(Undo())
    told = until(engine, placed)
    assert told.config.cameras.rival.endswith("twin.json")
    engine.submit(Configure({"cameras.rival": ""}))  # keep ours
    until(engine, lambda s: not s.opinion.others)
    engine.stop()
