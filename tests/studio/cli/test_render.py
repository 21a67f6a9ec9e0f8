"""The render command: each argument reaches the film, and what cannot be gets one sentence."""

import json
import shutil
import threading
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest

from core.config.paths import changed
from core.exporting.films import FORMS
from core.photos import PhotoSet
from core.runs import checkpoint
from core.training import devices
from core.training.changes import configure
from core.training.learned import Learned
from studio.cli import main, progress
from tests.core.bootstrap.test_bootstrap import begun, until
from tests.core.training.layers import brief


@pytest.fixture(autouse=True)
def ended(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """What Ctrl-C would set; the signals of the tests' own process stay as they are."""
    event = threading.Event()
    monkeypatch.setattr(progress, "end_on_signals", lambda: event)
    return event


def depths(run: Path, tmp_path: Path, *words: str) -> np.ndarray:
    """What a film of 5 frames shows, as numbers."""
    out = tmp_path / "film.npy"
    status = main.run(["render", "--run", str(run), "--out", str(out), "--frames", "5", *words])
    assert status == 0
    return np.load(out)


@pytest.mark.parametrize(
    ("name", "form"),
    [
        *(("a.mp4", None), ("a.gif", None), ("a", None), ("a.zip", None), ("a.npy", None)),
        *(("b", "depth-png"), ("b.zip", "depth-png"), ("b", "frames")),
    ],
)
def test_the_name_tells_the_form_or_it_is_said(
    run: Path, tmp_path: Path, name: str, form: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["render", "--run", str(run), "--out", str(tmp_path / name), "--frames", "2"]
    assert main.run([*words, *(["--form", form] if form else [])]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["video"] == str(tmp_path / name)
    assert [facts[key] for key in ("width", "height", "frames")] == [24, 18, 2]
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_every_form_is_a_choice(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main.run(["render", "--help"])
    assert ",".join(FORMS) in capsys.readouterr().out


@pytest.mark.parametrize(
    "words",
    [
        ["--turns", "4"],
        ["--depth-turns", "2"],
        ["--radius-percentile", "5"],
        ["--radius-scale", "2"],
        ["--radius-scale", "1,1,0"],
        ["--focus-depth", "77"],
        ["--path", "interpolate"],
        ["--path", "average"],
    ],
)
def test_an_argument_changes_the_path(run: Path, tmp_path: Path, words: list[str]) -> None:
    usual = depths(run, tmp_path)
    assert not np.allclose(depths(run, tmp_path, *words), usual, rtol=1e-5, equal_nan=True)


def test_the_defaults_may_be_said(run: Path, tmp_path: Path) -> None:
    said = "--path spiral --turns 1 --depth-turns 1 --radius-percentile 80 --radius-scale 1,1,1"
    usual = depths(run, tmp_path)
    assert np.array_equal(depths(run, tmp_path, *said.split()), usual, equal_nan=True)


def test_the_order_of_a_tour_is_a_choice(run: Path, tmp_path: Path) -> None:
    near, in_file = (
        depths(run, tmp_path, "--path", "interpolate", "--order", order)
        for order in ("near", "file")
    )
    learned: Learned = checkpoint.learned_in(run)
    assert len(learned.trained) == 5, "each frame is one of the cameras"
    assert not np.allclose(near, in_file, rtol=1e-5)
    assert np.allclose(sorted(near.mean((1, 2))), sorted(in_file.mean((1, 2))), rtol=1e-3)


def test_it_shows_the_planes_the_network_or_what_the_run_shows(
    photos: PhotoSet, tmp_path: Path
) -> None:
    trainer = until(begun(photos, brief(steps=3, most_photos=3)), "explore")
    trainer.train_step(1)
    configure(trainer, changed(trainer.config, {"explore.show": "network"}))
    checkpoint.save(trainer, tmp_path, {})
    shown = depths(tmp_path, tmp_path)
    planes, network = (depths(tmp_path, tmp_path, "--show", one) for one in ("planes", "network"))
    assert np.array_equal(shown, network, equal_nan=True)
    assert not np.allclose(shown, planes, rtol=1e-3, equal_nan=True)


@pytest.mark.parametrize("channel", ["depth", "disparity", "opacity"])
def test_channels_and_colour_maps_are_choices(run: Path, tmp_path: Path, channel: str) -> None:
    words = ["render", "--run", str(run), "--frames", "1", "--channel", channel, "--out"]
    assert main.run([*words, str(tmp_path / "turbo")]) == 0
    assert main.run([*words, str(tmp_path / "gray"), "--colour-map", "gray"]) == 0
    gray, turbo = (iio.imread(tmp_path / name / "00000.png") for name in ("gray", "turbo"))
    assert (gray == gray[..., :1]).all() and not (turbo == turbo[..., :1]).all()


@pytest.mark.parametrize(
    ("words", "culprit"),
    [
        (["--out", "a.avi"], "a.avi"),
        (["--out", "a.mp4", "--form", "gif"], ".gif"),
        (["--out", "a.mp4", "--radius-scale", "1,2"], "--radius-scale"),
        (["--out", "a.mp4", "--radius-scale", "wide"], "wide"),
        (["--out", "a.mp4", "--turns", "1.5"], "does not close"),
        (["--out", "a.mp4", "--path", "circle"], "spiral, interpolate, average"),
        (["--out", "a.mp4", "--size", "big"], "--size"),
        (["--out", "a.gif", "--fps", "60"], "choose 1 to 50"),
        (["--out", "a.mp4", "--show", "planes"], "has no planes"),
        (["--out", "a.mp4", "--device", "cuda"], "--device is cuda, but no CUDA GPU is usable"),
    ],
)
def test_what_cannot_be_gets_one_sentence(
    run: Path, words: list[str], culprit: str, capsys: pytest.CaptureFixture[str],
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(devices, "probed", lambda: (False, ""))
    assert main.run(["render", "--run", str(run), *words]) == 2
    *_, sentence = capsys.readouterr().err.strip().splitlines()
    assert sentence.startswith("nerfmm studio: ") and culprit in sentence
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "words",
    [["evaluate"], ["render", "--out", "a.mp4"], ["export", "--format", "tum", "--out", "a.txt"]],
    ids=lambda words: words[0],
)
def test_a_run_larger_than_memory_is_refused_before_it_is_read(
    run: Path, words: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (file,) = checkpoint.folder(run).iterdir()
    monkeypatch.setattr("core.runs.header.machine_memory", lambda: file.stat().st_size)
    monkeypatch.setattr(checkpoint, "read", None)  # the header of its file says enough
    assert main.run([words[0], "--run", str(run), *words[1:]]) == 2
    said = capsys.readouterr().err
    assert f"Reading {file} takes" in said and "open it where there is more" in said


@pytest.mark.parametrize("place", ["safetensors.torch.load", "studio.cli.render.render_video"])
def test_memory_that_runs_out_is_said_and_nothing_is_called_damaged(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch, place: str,
) -> None:  # fmt: skip
    again = shutil.copytree(run, tmp_path / "run")
    (file,) = checkpoint.folder(again).iterdir()
    shutil.copy(file, checkpoint.next_path(again, 5))

    def full(*given: object) -> None:
        raise MemoryError

    monkeypatch.setattr(place, full)
    assert main.run(["render", "--run", str(again), "--out", str(tmp_path / "a.mp4")]) == 2
    *_, said = capsys.readouterr().err.strip().splitlines()
    assert said.startswith("nerfmm studio: ") and "emory ran out" in said


def test_where_the_newest_state_is_damaged_it_is_said_which_one_is_taken(
    run: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Not in silence: what is rendered is older than what was saved."""
    again = shutil.copytree(run, tmp_path / "run")
    (file,) = checkpoint.folder(again).iterdir()
    newer = checkpoint.next_path(again, 5)
    newer.write_bytes(file.read_bytes()[:-1])
    out = str(tmp_path / "a.txt")
    assert main.run(["export", "--run", str(again), "--format", "tum", "--out", out]) == 0
    assert newer.name in caplog.text and "of step 0, is taken" in caplog.text


def test_a_signal_leaves_nothing_behind(
    run: Path, tmp_path: Path, ended: threading.Event, capsys: pytest.CaptureFixture[str]
) -> None:
    ended.set()
    assert main.run(["render", "--run", str(run), "--out", str(tmp_path / "a.mp4")]) == 1
    assert "cancelled" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
