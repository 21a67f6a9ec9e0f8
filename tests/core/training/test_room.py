"""Photos, planes and steps stay within the memory that a person allows."""

import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.config import Config
from core.config.paths import changed
from core.engine.monitoring.history import Recorder
from core.engine.run_folder.opening import open_run
from core.errors import InputError
from core.formats.transforms import write_transforms
from core.multiplane.field import Extent
from core.photos import PhotoSet
from core.runs import checkpoint, header
from core.runs.starting.warm_start import started
from core.training.changes import configure
from core.training.room import LIVE, NUMBER, Room, texels_in
from core.training.trainer import Trainer
from tests.cameras import camera
from tests.conftest import small_config, small_options
from tests.core.training.layers import brief
from tests.core.training.parts import alone, bootstrap_of, planes_of

PICTURE = (300.0, 200.0)


@pytest.mark.parametrize("reach", [(1.0, 1.0), (2.4, 2.4), (40.0, 1.3), (900.0, 700.0)])
@pytest.mark.parametrize("numbers", [10_000, 5_000_000, 60_000_000, 2**60])
def test_planes_never_take_more_than_there_is(reach: tuple[float, float], numbers: int) -> None:
    extent = Extent(reach, (1.0, 2.0))
    (width, height), held, said = Room(numbers, 1).sheets(32, PICTURE, extent)
    assert 4 * 32 * width * height <= numbers
    assert min(held.largest) >= 1, "the reference picture is always held"
    whole = [math.ceil(a * b) for a, b in zip(PICTURE, extent.largest, strict=True)]
    if 4 * 32 * math.prod(whole) <= numbers:
        assert (said, held, [width, height]) == ("", extent, whole)
    else:
        assert "training.memory" in said
        assert 4 * 32 * width * height > 0.8 * numbers, "and what there is is taken"


def test_what_lies_far_aside_is_left_out_before_planes_become_coarser() -> None:
    room, extent = Room(32 * 4 * 240_000, 1), Extent((50, 1), (1, 1))
    (width, height), held, _ = room.sheets(32, PICTURE, extent)
    assert held.near == (pytest.approx(4.0), 1) and (width, height) == (1200, 200)


def wide(photos: PhotoSet, path: Path) -> str:
    """A file of known cameras that look up to 50 degrees aside of one another."""
    known = {
        name: camera((0.1 * i, 0, 0), (0, math.radians(25 * (i - 2)), 0), 20.0, (24, 18))
        for i, name in enumerate(photos.names)
    }
    write_transforms(known, path / "transforms.json")
    return str(path / "transforms.json")


def finished(photos: PhotoSet, path: Path, **more) -> tuple[Trainer, list[str]]:
    """A trainer of wide cameras at the end of all levels, and what it said."""
    asked = {"training__bootstrap": True, "field__geometry": "planes"}
    config = small_config(training__start_from=wide(photos, path), **asked, **more)
    trainer = started(config, photos, brief(steps=2))
    while not planes_of(trainer).finished:
        trainer.train_step(1)
    return trainer, trainer.drain_messages()


def numbers(trainer: Trainer) -> int:
    return sum(block.numel() for block in planes_of(trainer).field.blocks)


def test_wide_cameras_are_held_within_what_is_allowed(photos: PhotoSet, tmp_path: Path) -> None:
    free, said = finished(photos, tmp_path, training__memory=64.0)
    assert not [sentence for sentence in said if "training.memory" in sentence]
    few = numbers(free) * NUMBER / 4 / 1e9
    bound, said = finished(photos, tmp_path, training__memory=few)
    assert numbers(bound) <= bound.room.numbers < numbers(free)
    told = {s for s in said if "training.memory" in s and "aside" in s}
    assert told and all(re.search(r"would take \d+\.\d GB", s) for s in told)


def test_a_run_of_a_larger_machine_is_refused_until_more_is_allowed(
    photos: PhotoSet, photo_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {"training__memory": 64.0, "data__photos": str(photo_folder)}
    trainer, _ = finished(photos, tmp_path, **asked)
    checkpoint.save(trainer, tmp_path / "run", Recorder(5).tensors())
    small = {"training.memory": numbers(trainer) * NUMBER / 2 / 1e9}
    keep = {"training__start_from": str(tmp_path / "run"), "training__keep": ("cameras", "field")}
    begun = small_options(training__bootstrap=True, **asked, **keep) | small
    with monkeypatch.context() as patched:
        patched.setattr(checkpoint, "read", None)  # the header of its file says enough
        for run, options in ((tmp_path / "run", small), (tmp_path / "new", begun)):
            with pytest.raises(InputError, match=r"planes of .* need .* training.memory"):
                open_run(run, options)
    again, _, _ = open_run(tmp_path / "run", {"training.memory": 32.0})
    assert numbers(again) == numbers(trainer)


def test_many_photos_are_refused_before_they_are_copied(photos: PhotoSet) -> None:
    many = replace(photos, pixels=np.broadcast_to(np.uint8(0), (5, 20_000, 20_000, 3)))
    with pytest.raises(InputError, match=r"5 photos of 20000 x 20000 .* data.long_side"):
        Trainer(small_config(training__memory=4.0), many)


def test_steps_meet_no_more_than_there_is_room_for(photos: PhotoSet) -> None:
    trainer = Trainer(small_config(training__bootstrap=True), photos)
    learner = bootstrap_of(trainer).leader
    learner.room = Room(2**40, 8 * 70)
    result = learner.step(alone(learner))
    assert len(result.errors) == 70


def test_a_change_of_memory_holds_from_the_next_growth(photos: PhotoSet) -> None:
    trainer = Trainer(small_config(training__bootstrap=True), photos, brief())
    configure(trainer, changed(trainer.config, {"training.memory": 2.0}))
    learners = [planes_of(trainer), *bootstrap_of(trainer).hypotheses]
    room = Room.of(trainer.config, trainer.device, photos.pixels.shape)
    assert [learner.room for learner in learners] == [room, room]
    with pytest.raises(InputError, match=r"training.memory"):
        configure(trainer, changed(trainer.config, {"training.memory": 1e-6}))
    assert trainer.config.training.memory == 2.0


def test_planes_in_tiles_count_as_the_pictures_that_they_become(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    live = (32, 4, 600, 800)
    tiles = {"planes.field.blocks.0": (7, 1, 8, 8), "planes.field.colours.3": (7, 3, 16, 16)}
    whole = 32 * 600 * 800 * (4 * 8 * 8 + 3 * 16 * 16)
    assert texels_in(tiles | {LIVE: live}) == whole
    assert texels_in(tiles) == 7 * (64 + 768)
    assert texels_in({LIVE: (0, 0, 600, 800)}) == 0
    monkeypatch.setattr(header, "machine_memory", lambda: 60_000_000_000)
    said = header.Header(Path("x"), Config(), None, (2, 3, 4, 3), tiles | {LIVE: live}, 1000)
    with pytest.raises(InputError, match=r"takes 62\.9 GB"):
        said.require_memory()
