"""Moments: light enough to keep many, and what is seen through them is what was there."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core.errors import InputError
from core.photos import PhotoSet
from core.rendering.progressive import picture_of
from core.runs import checkpoint, moments
from core.runs.sweeping import kept
from core.training.trainer import Trainer
from tests.conftest import small_config


@pytest.fixture
def trainer(photos: PhotoSet) -> Iterator[Trainer]:
    started = Trainer(small_config(), photos)
    started.train_step(1)
    yield started
    started.close()


def test_a_moment_is_light_and_shows_the_same(
    trainer: Trainer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moments, "LARGE", 100)
    trainer.photo_error[:] = 0.1
    moments.write(moments.taken(trainer, tmp_path), 1e9)
    (one,) = moments.moments_of(tmp_path).items()
    whole = checkpoint.save(trainer, tmp_path, {})
    assert one[0] == 1 and one[1].stat().st_size < 0.5 * whole.stat().st_size
    then, now = checkpoint.learned(moments.read(one[1])), trainer.learned()
    seen, wanted = (picture_of(one.scene, now.cameras[0]).rgb for one in (then, now))
    assert np.abs(seen - wanted).max() < 0.01
    assert not np.array_equal(seen, np.full_like(seen, seen.mean()))


def test_moments_after_a_new_beginning_go(trainer: Trainer, tmp_path: Path) -> None:
    for step in (5, 9, 12):
        _file(tmp_path, step)
    moments.write(moments.taken(trainer, tmp_path), 1e9)
    assert list(moments.moments_of(tmp_path)) == [1]


def test_what_is_too_much_goes_where_moments_lie_closest(tmp_path: Path) -> None:
    for step in (1, 10, 100, 110, 120, 1000):
        _file(tmp_path, step, 100)
    moments.thin(tmp_path, 450)
    assert list(moments.moments_of(tmp_path)) == [1, 10, 100, 1000]
    assert kept(tmp_path).size == 400
    moments.thin(tmp_path, 50)
    assert list(moments.moments_of(tmp_path)) == [1000]


def test_a_damaged_moment_is_refused_and_links_are_none(tmp_path: Path) -> None:
    _file(tmp_path, 3)
    with pytest.raises(InputError, match="damaged"):
        moments.read(moments.moments_of(tmp_path)[3])
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "moments").symlink_to(moments.folder(tmp_path))
    assert moments.moments_of(tmp_path / "other") == {}


def _file(run: Path, step: int, size: int = 10) -> None:
    moments.folder(run).mkdir(exist_ok=True)
    (moments.folder(run) / f"moment-{step:09d}.safetensors").write_bytes(b"x" * size)
