"""Whole journeys on the command line, each command in a process of its own."""

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
import torch

from core.runs import checkpoint
from studio.cli import main
from tests.conftest import SMALL
from tests.journeys.running import ROOT

SCENE = ROOT / "assets" / "scene"
PHOTOS = str(SCENE / "images")
OPTIONS = [word for path, value in SMALL.items() for word in (f"--{path}", str(value))]


def launch(*words: str | Path, ends: int = 0) -> subprocess.CompletedProcess[str]:
    """Run launch.py to its end."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "launch.py"), *map(str, words)],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == ends, done.stderr
    return done


def last_line(done: subprocess.CompletedProcess[str]) -> dict[str, object]:
    """The JSON that a command prints last."""
    facts: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return facts


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of 40 steps on the bundled scene."""
    run = tmp_path_factory.mktemp("runs") / "first"
    done = launch(
        *("train", "--photos", SCENE / "images", "--run", run, "--steps", "40"),
        *("--data.long_side", "64", "--data.held_out", "every8", *OPTIONS),
    )
    facts = last_line(done)
    assert facts["run"] == str(run)
    assert facts["steps"] == 40
    assert isinstance(facts["psnr"], float)
    assert isinstance(facts["seconds"], float)
    assert "step 40" in done.stderr and "PSNR" in done.stderr
    return run


def test_training_goes_on_where_it_was_and_changes_nothing_unasked(run: Path) -> None:
    copy = shutil.copytree(run, run.parent / "copy")
    before = (copy / "config.yaml").read_text()
    facts = last_line(launch("train", "--run", copy, "--steps", "5"))
    assert facts["steps"] == 45
    assert (copy / "config.yaml").read_text() == before


def test_a_run_starts_from_the_cameras_of_another(run: Path, tmp_path: Path) -> None:
    second = tmp_path / "second"
    words = ("train", "--photos", SCENE / "images", "--run", second, "--steps", "3", *OPTIONS)
    words += ("--data.long_side", "64", "--data.held_out", "every8", "--training.start_from", run)
    done = launch(*words, "--training.freeze_cameras_epochs", "1")
    assert f"Begun with cameras of {run}" in done.stderr.replace("\n", "")
    old, new = checkpoint.newest_in(run), checkpoint.newest_in(second)
    assert (new.facts["step"], new.facts["stage"]) == (3, "refine")
    learned = [index for index in range(20) if index % 8]
    for name in ("rotation", "position"):
        assert torch.equal(new.tensors[f"rig.{name}"][learned], old.tensors[f"rig.{name}"][learned])
    assert torch.equal(new.tensors["rig.focal"], old.tensors["rig.focal"])


def test_render_writes_a_video_of_exactly_the_size_asked_for(run: Path, tmp_path: Path) -> None:
    out = tmp_path / "spiral.mp4"
    done = launch(
        *("render", "--run", run, "--path", "spiral", "--out", out),
        *("--frames", "6", "--size", "50x36", "--fps", "12"),
    )
    assert last_line(done) | {"video": ""} == {
        "video": "", "width": 50, "height": 36, "frames": 6, "seconds": 0.5,
    }  # fmt: skip
    frames, _ = imageio_ffmpeg.count_frames_and_secs(str(out))
    facts = next(imageio_ffmpeg.read_frames(str(out)))
    assert frames == 6
    assert facts["codec"] == "h264" and facts["pix_fmt"].startswith("yuv420p")
    assert facts["size"] == (50, 36)


def test_render_follows_keyframes_of_a_file_and_says_when_a_side_changed(
    run: Path, tmp_path: Path
) -> None:
    keys = tmp_path / "keys.json"
    launch("export", "--run", run, "--format", "transforms", "--out", keys)
    done = launch(
        *("render", "--run", run, "--path", keys, "--out", tmp_path / "keys.mp4"),
        *("--frames", "20", "--size", "33x24", "--channel", "depth"),
    )
    assert last_line(done)["width"] == 32
    assert "33" in done.stderr


def test_export_names_every_learned_photo(run: Path, tmp_path: Path) -> None:
    out = tmp_path / "transforms.json"
    facts = last_line(launch("export", "--run", run, "--format", "transforms", "--out", out))
    content = json.loads(out.read_text())
    names = [frame["file_path"] for frame in content["frames"]]
    assert names == [f"{i:03d}.jpg" for i in range(20) if i % 8]  # held out ones were not learned
    assert facts["cameras"] == len(names)
    assert (content["w"], content["h"]) == (640, 480), "of the files, not of what is trained on"
    for frame in content["frames"]:
        rotation = np.array(frame["transform_matrix"])[:3, :3]
        assert np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-5)


def test_export_writes_how_the_cameras_came_there(run: Path, tmp_path: Path) -> None:
    out = tmp_path / "history.npz"
    launch("export", "--run", run, "--format", "history", "--out", out)
    with np.load(out) as kept:
        count, names = len(kept["steps"]), kept["names"].tolist()
        assert names == [f"{i:03d}.jpg" for i in range(20) if i % 8]  # held out: never learned
        assert count > 1 and kept["poses"].shape == (count, len(names), 3, 4)
        assert (np.diff(kept["steps"]) > 0).all()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_saves_and_ends_well(run: Path, tmp_path: Path, number: signal.Signals) -> None:
    words = ["train", "--photos", str(SCENE / "images"), "--run", str(tmp_path / "run")]
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "launch.py"), *words, "--data.long_side", "64", *OPTIONS],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    journal = tmp_path / "run" / "journal.jsonl"
    try:
        while not journal.exists():  # written when training begins
            assert process.poll() is None
        process.send_signal(number)
        out, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 0, errors
    assert last_line(subprocess.CompletedProcess([], 0, out, errors))["steps"] is not None
    assert list((tmp_path / "run" / "checkpoints").glob("*.safetensors"))


@pytest.mark.parametrize(
    ("words", "culprits"),
    [
        (["train"], ["--photos"]),
        (["train", "--photos", PHOTOS, "--steps", "many"], ["--steps", "many", "--help"]),
        (["export", "--run", "/nowhere"], ["--format", "--help"]),
        (["train", "--photos", "http://example.com/a"], ["example.com", "folder"]),
        (["train", "--photos", PHOTOS, "--cameras.rotaton", "quaternion"], ["cameras.rotation"]),
        (["train", "--photos", PHOTOS, "--cameras.rotation", "euler"], ["euler", "rotation6D"]),
        (["train", "--photos", PHOTOS, "--config", "/no/such.yaml"], ["/no/such.yaml"]),
        (["render", "--run", "/nowhere", "--out", "a.mp4"], ["/nowhere"]),
        (
            ["export", "--run", "/nowhere", "--format", "transforms", "--out", "a.json"],
            ["/nowhere"],
        ),
        (["studio", "--reference", "/nowhere/at/all"], ["/nowhere/at/all", "reference cameras"]),
        (["studio", "--reference", __file__], ["test_commands.py", "transforms.json"]),
    ],
)
def test_bad_input_gets_one_sentence(
    words: list[str], culprits: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.run(words) == 2
    (sentence,) = capsys.readouterr().err.splitlines()
    assert sentence.startswith("nerfmm studio: ")
    assert all(culprit in sentence for culprit in culprits)


def test_photos_that_are_not_there_end_the_command_with_one_sentence(tmp_path: Path) -> None:
    done = launch("train", "--photos", "/nowhere/at/all", "--run", tmp_path / "run", ends=2)
    assert done.stderr.strip().splitlines()[-1].startswith("nerfmm studio: ")
    assert "/nowhere/at/all" in done.stderr and "Traceback" not in done.stderr


def test_help_lists_every_option_with_its_effect(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main.run(["train", "--help"])
    text = capsys.readouterr().out
    assert "--cameras.rotation" in text and "rotation6D" in text
    assert "The scene restarts, cameras stay." in " ".join(text.split())


def test_command_line_wins_over_file_wins_over_defaults(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("cameras:\n  rotation: quaternion\n  focal: exp\n")
    run = tmp_path / "run"
    launch(
        *("train", "--photos", SCENE / "images", "--run", run, "--steps", "1"),
        *("--config", config, "--cameras.focal", "ratio", "--data.long_side", "64", *OPTIONS),
    )
    written = (run / "config.yaml").read_text()
    assert "rotation: quaternion" in written
    assert "focal: ratio" in written
    assert "seed: 0" in written
