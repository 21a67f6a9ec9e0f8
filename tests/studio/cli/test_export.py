"""The export command: plots with a reference, a world of choice for every file, one sentence."""

import json
import threading
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.exporting import plots
from core.exporting.cameras import EXPORTS
from core.formats.npz import read_npz
from core.formats.transforms import read_transforms, write_transforms
from core.geometry.alignment import Similarity
from core.geometry.cameras import Camera
from core.photos import PhotoSet
from core.runs import checkpoint, judged
from core.search.judging.verdict import Reason
from core.search.judging.witnesses import Opinion
from core.training.trainer import Trainer
from studio.cli import export, main, progress
from tests.cameras import same
from tests.conftest import shifted_photos, small_config


@pytest.fixture(autouse=True)
def ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """The signals of the tests' own process stay as they are."""
    monkeypatch.setattr(progress, "end_on_signals", threading.Event)


@pytest.mark.parametrize("ending", plots.ENDINGS)
def test_a_plot_is_a_command(run: Path, tmp_path: Path, ending: str) -> None:
    out = tmp_path / f"plot{ending}"
    assert main.run(["export", "--run", str(run), "--format", "plot", "--out", str(out)]) == 0
    assert out.stat().st_size > 5_000


def test_a_reference_is_drawn_in_the_world_of_the_learned_cameras(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[dict[str, Camera]] = []

    def plot(learned: object, out: Path, others: dict[str, Camera]) -> None:
        drawn.append(others)
        plots.plot_cameras(learned, out, others)

    monkeypatch.setattr(export, "plot_cameras", plot)
    cameras = checkpoint.learned_in(run).by_name
    turn = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    elsewhere = Similarity(3.0, turn, np.array([1.0, 2, 3]))
    moved = {f"photos/{name}": elsewhere.camera(camera) for name, camera in cameras.items()}
    write_transforms(moved, tmp_path / "transforms.json")
    words = ["--reference", str(tmp_path / "transforms.json"), "--out", str(tmp_path / "a.png")]
    assert main.run(["export", "--run", str(run), "--format", "plot", *words]) == 0
    (others,) = drawn
    assert others.keys() == cameras.keys()
    assert all(same(others[name], camera, 1e-5) for name, camera in cameras.items())
    with Image.open(tmp_path / "a.png") as image:
        assert image.format == "PNG"


@pytest.mark.parametrize("form", EXPORTS)
def test_photos_whose_turn_has_not_come_are_listed_and_not_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    """Three of five photos wait: their cameras are where they were put at the beginning."""
    pixels = shifted_photos()
    names = tuple(f"{number}.png" for number in range(len(pixels)))
    trainer = Trainer(small_config(), PhotoSet(names, pixels, 24, 18, None, ()))
    trainer.photo_error[1], trainer.given[3] = 0.1, True
    checkpoint.save(trainer, tmp_path / "run", {})
    odd = Reason("odd-photo", "It fits least.", {"support": 0.1}, (1,), "drop-photo")
    thought = Opinion("pixels", "doubtful", (odd,), {1: "wrong"})
    judged.keep(tmp_path / "run", thought, Opinion(), names)
    said = {"found_by": "from pixels alone", "verdict": "doubtful"}
    why = [
        {
            "key": "odd-photo",
            "sentence": "It fits least.",
            "figures": {"support": 0.1},
            "photos": ["1.png"],
            "remedy": "drop-photo",
        }
    ]
    learned = trainer.learned()
    trainer.close()
    rest = ["0.png", "2.png", "4.png"]
    assert (list(learned.by_name), learned.not_placed) == (["1.png", "3.png"], rest)
    out = tmp_path / EXPORTS[form].file
    words = ["--run", str(tmp_path / "run"), "--format", form, "--out", str(out)]
    assert main.run(["export", *words]) == 0
    answer = json.loads(capsys.readouterr().out)
    known = {"file": str(out), "cameras": 2, "not_placed": rest, "verdict_reasons": why}
    assert answer == known | said
    match form:
        case "transforms":
            assert list(read_transforms(out)) == ["1.png", "3.png"]
            written = json.loads(out.read_text())
            assert written["not_placed"] == rest
            assert {word: written[word] for word in said} == said
            assert written["verdict_reasons"] == why
            assert written["cameras"] == [{"photo": "1.png", "verdict": "wrong"}]
        case "npz":
            assert list(read_npz(out)) == ["1.png", "3.png"]
            arrays = np.load(out)
            assert arrays["not_placed"].tolist() == rest
            assert {word: arrays[word].item() for word in said} == said
            assert arrays["verdict_reasons"].tolist() == ["It fits least."]
            assert arrays["verdicts"].tolist() == ["wrong", "unknown yet"]
        case "tum":
            assert_remarked(out.read_text(), "# ")
            assert out.read_text().count("# not placed:") == 3
        case "ply":
            assert_remarked(out.read_text(), "comment ")
        case "colmap-text":
            with zipfile.ZipFile(out) as archive:
                images = archive.read("images.txt").decode()
            assert_remarked(images, "# ")
            assert images.count("# not placed:") == 3


def assert_remarked(text: str, mark: str) -> None:
    """See that a file says how cameras were found and what is thought of them."""
    assert f"{mark}found_by: from pixels alone\n" in text
    assert f"{mark}verdict: doubtful\n" in text


def test_cameras_are_written_in_the_world_of_choice(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "transforms.json"
    words = ["--scale", "2", "--up", "z", "--origin", "mean", "--out", str(out)]
    assert main.run(["export", "--run", str(run), "--format", "transforms", *words]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "file": str(out), "cameras": 5, "not_placed": [], "found_by": "from pixels alone",
        "verdict": "unknown yet", "verdict_reasons": [],
    }  # fmt: skip
    centres = np.stack([camera.position for camera in read_transforms(out).values()])
    assert np.allclose(centres.mean(axis=0), 0, atol=1e-6)
    assert np.sqrt(np.square(centres).sum(axis=1).mean()) == pytest.approx(2)


@pytest.mark.parametrize(
    ("words", "culprit"),
    [
        (["--format", "plot", "--out", "a.png", "--up", "z"], "--up"),
        (["--format", "npz", "--out", "a.npz", "--reference", "b"], "--reference"),
        (["--format", "plot", "--out", "a.png", "--reference", "no.json"], "no.json"),
        (["--format", "plot", "--out", "a.bmp"], "a.bmp"),
        (["--format", "points", "--out", "a.ply", "--scale", "-1"], "-1"),
    ],
)
def test_what_cannot_be_gets_one_sentence(
    run: Path, words: list[str], culprit: str, capsys: pytest.CaptureFixture[str],
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert main.run(["export", "--run", str(run), *words]) == 2
    *_, sentence = capsys.readouterr().err.strip().splitlines()
    assert sentence.startswith("nerfmm studio: ") and culprit in sentence
    assert list(tmp_path.iterdir()) == []


def test_a_page_to_send_is_a_command(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "page.html"
    words = ["export", "--run", str(run), "--out", str(out)]
    assert main.run([*words, "--format", "html", "--megabytes", "2"]) == 0
    assert f"<title>{run.resolve().name}</title>" in out.read_text()
    assert out.stat().st_size < 2_000_000
    capsys.readouterr()
    for more, said in (
        (["--format", "html", "--megabytes", "99"], "at most 10"),
        (["--format", "html", "--scale", "2"], "not for the html"),
        (["--format", "points", "--megabytes", "2"], "--megabytes is for html"),
    ):
        assert main.run([*words, *more]) == 2
        assert said in capsys.readouterr().err
