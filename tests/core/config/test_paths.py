"""Options are declared once, and read the same by everyone."""

import math
from pathlib import Path

import pytest
import yaml

from core.config import Config
from core.config.declare import Effect
from core.config.handbook import handbook
from core.config.paths import (
    changed,
    differences,
    get,
    options,
    read_yaml,
    strongest,
    to_yaml,
)
from core.errors import InputError

ROOT = Path(__file__).parents[3]


def test_every_option_says_what_it_is() -> None:
    for path, option in options().items():
        assert option.title, path
        assert option.help.endswith("."), path
        assert get(Config(), path) == option.default, path


def test_default_yaml_is_the_declarations() -> None:
    assert (ROOT / "configs" / "default.yaml").read_text() == to_yaml(Config())


def test_the_handbook_is_the_declarations() -> None:
    written = (ROOT / "docs" / "options.md").read_text()
    assert written == handbook()
    assert all(written.count(f"`{path}`") == 1 for path in options())


def test_yaml_round_trip(tmp_path: Path) -> None:
    config = changed(
        Config(), {"cameras.rotation": "quaternion", "data.disabled": ["a.jpg"], "field.rate": 5e-4}
    )
    file = tmp_path / "config.yaml"
    file.write_text(to_yaml(config))
    assert changed(Config(), read_yaml(file)) == config
    assert yaml.safe_load(to_yaml(config))["cameras"]["rotation"] == "quaternion"


def test_presets_hold_only_differences() -> None:
    for file in (ROOT / "configs").glob("*.yaml"):
        if file.name != "default.yaml":
            asked = read_yaml(file)
            assert differences(Config(), changed(Config(), asked)).keys() == asked.keys(), file


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("cameras.rate", "1e-2", 0.01),
        ("training.rays", "512", 512),
        ("cameras.learn_focal", "false", False),
        ("data.disabled", "a.jpg,b.jpg", ("a.jpg", "b.jpg")),
        ("field.kind", "siren", "siren"),
    ],
)
def test_text_as_a_command_line_has_it(path: str, value: str, expected: object) -> None:
    assert get(changed(Config(), {path: value}), path) == expected


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"cameras.rotaton": "quaternion"}, ["cameras.rotaton", "cameras.rotation"]),
        ({"rotation": "quaternion"}, ["rotation"]),
        ({"cameras.rotation": "euler"}, ["cameras.rotation", "euler", "rotation6D"]),
        ({"field.width": 10**9}, ["field.width", "1024"]),
        ({"field.rate": "nan"}, ["field.rate", "nan"]),
        ({"field.rate": "fast"}, ["field.rate", "fast"]),
        ({"training.rays": 0}, ["training.rays", "1"]),
        ({"rendering.near": 2}, ["rendering.near 2", "rendering.far 1"]),
        ({"explore.reference": "\udfff"}, ["explore.reference", "no text"]),
        ({"data.photos": "a\0b"}, ["data.photos", "no text"]),
        ({"data.disabled": ["a.jpg", "\ud800.jpg"]}, ["data.disabled", "no text"]),
    ],
)
def test_wrong_options_are_refused_by_name(changes: dict[str, object], words: list[str]) -> None:
    with pytest.raises(InputError) as refusal:
        changed(Config(), changes)
    for word in words:
        assert word in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_no_number_is_taken_that_an_option_is_not_made_for() -> None:
    """Whoever sends it: viser's and Gradio's widgets keep no bounds themselves."""
    refused, never = 0, (math.nan, math.inf, -math.inf, True, None, [1.0], "many")
    for path, option in options().items():
        if option.type not in (int, float):
            continue
        past = [] if option.at_least is None else [option.at_least - 1, -1e308, -(10**30)]
        past += [] if option.at_most is None else [option.at_most + 1, 1e308]
        past += [10**30, 10**400] if option.type is int else []
        for value in (*never, *past):
            with pytest.raises(InputError):
                changed(Config(), {path: value})
                raise AssertionError(f"{path} is {value}")
            refused += 1
    assert refused > 500


@pytest.mark.parametrize(
    "text",
    ["- a\n- b", "cameras: [", "cameras: 3", "camera:\n  rotation: quaternion", "x" * 70_000],
)
def test_wrong_files_are_refused_in_one_sentence(tmp_path: Path, text: str) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(text)
    with pytest.raises(InputError) as refusal:
        changed(Config(), read_yaml(file))
    assert "\n" not in str(refusal.value)


def test_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.yaml"):
        read_yaml(tmp_path / "nowhere.yaml")


def test_strongest_effect_wins() -> None:
    def effect(**changes: object) -> Effect:
        asked = {name.replace("__", "."): value for name, value in changes.items()}
        return strongest(Config(), changed(Config(), asked))

    assert effect() is Effect.VIEW
    assert effect(explore__channel="depth") is Effect.VIEW
    assert effect(cameras__rate=0.1) is Effect.LIVE
    assert effect(cameras__rate=0.1, cameras__rotation="quaternion") is Effect.CONVERT
    assert effect(cameras__rotation="quaternion", field__width=32) is Effect.REBUILD_FIELD
    assert effect(data__long_side=100, field__width=32) is Effect.RESTART


@pytest.mark.parametrize(("was", "word"), [("true", "planes"), ("false", "none")])
def test_an_older_runs_planes_are_understood(tmp_path: Path, was: str, word: str) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(f"explore:\n  planes: {was}\n")
    assert read_yaml(file) == {"explore.scene": word}


def test_nothing_can_be_assigned() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Config().cameras.rotation = "quaternion"  # type: ignore[misc]
