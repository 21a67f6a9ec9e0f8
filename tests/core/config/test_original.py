"""A file in improved-nerfmm's keys means here what it means there, or is refused by name."""

import logging
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.config import Config
from core.config.original import IMPLIED, KEYS, Key
from core.config.paths import changed, get, options, read_yaml
from core.errors import InputError

ROOT = Path(__file__).parents[3]
PRE, SOFT = {"training.num_epoch_pre": 1000}, {"model.sigma_clamp_mode": "softplus"}


def siren(scale: float) -> dict[str, Any]:
    """The original's keys of a SIREN scene."""
    return {
        "model.framework": "SirenNeRF",
        "model.siren_sigma_mul": scale,
        "model.siren_first_layer_w0": 30.0,
        "model.siren_following_layers_w0": 1.0,
    }


# The original's scene configs, all with net_w 128, and the longer side that their photos have.
SCENES: dict[str, tuple[dict[str, Any], int]] = {
    "fern": ({}, 1008),
    "fern_prefine": (PRE, 1008),
    "fern_siren": (siren(20), 1008),
    "fern_siren_prefine": (siren(20) | PRE, 1008),
    "piano_siren": (siren(10), 1008),
    "castle_1041_siren_prefine": (siren(40) | SOFT | PRE, 960),
    "castle_4614_prefine": (PRE, 960),
    "castle_4614_siren_prefine": (siren(40) | SOFT | PRE, 960),
}


def original(folder: Path, settings: dict[str, Any]) -> Path:
    """A YAML file of settings by path."""
    tree: dict[str, Any] = {}
    for path, value in settings.items():
        section, _, name = path.rpartition(".")
        (tree.setdefault(section, {}) if section else tree)[name] = value
    file = folder / "original.yaml"
    file.write_text(yaml.safe_dump(tree))
    return file


def row(key: Key) -> str:
    """One key as a line of the table in docs/presets.md."""
    ours = ", ".join(f"`{option}`" for option in key.options) or "-"
    default = "-" if key.default is None else yaml.safe_dump(key.default, default_flow_style=True)
    default = default.splitlines()[0]
    if key.options:
        here = {str(get(Config(), option)) for option in key.options}
        ours += f" ({' and '.join(sorted(here)) or 'empty'})"
    return f"| `{key.path}` | {default} | {ours} | {key.remark} |"


def test_the_table_on_paper_is_the_table_in_code() -> None:
    lines = (ROOT / "docs" / "presets.md").read_text().splitlines()
    assert [line for line in lines if line in {row(key) for key in KEYS}] == [row(k) for k in KEYS]
    for path, value in IMPLIED.items():
        start = f"| `{path}` | {yaml.safe_dump(value).splitlines()[0]} |"
        assert any(line.startswith(start) for line in lines), start
    for file in (ROOT / "configs").glob("*.yaml"):
        assert any(f"`{file.stem}`" in line for line in lines), file


def test_every_option_named_in_the_table_exists() -> None:
    for path in [option for key in KEYS for option in key.options] + list(IMPLIED):
        assert path in options(), path
    assert not {key.path for key in KEYS} & options().keys()


@pytest.mark.parametrize("name", SCENES)
def test_presets_are_the_originals_scenes(tmp_path: Path, name: str) -> None:
    settings, side = SCENES[name]
    file = original(tmp_path, {"model.net_w": 128, "data.N_rays": 1024, **settings})
    meant = changed(Config(), read_yaml(file, long_side=side))
    assert changed(Config(), read_yaml(ROOT / "configs" / f"{name}.yaml")) == meant


def test_what_a_file_leaves_out_is_as_in_the_original(tmp_path: Path) -> None:
    config = changed(Config(), read_yaml(original(tmp_path, {"model.net_d": 6})))
    assert (config.field.depth, config.field.width) == (6, 256)
    assert config.field.position_octaves == 10
    assert config.field.density_noise == 1.0
    assert config.training.epochs == 10000
    assert config.rendering.space == "camera"
    assert not config.training.bootstrap
    assert config.training.autosave_seconds == Config().training.autosave_seconds


@pytest.mark.parametrize("rays", [0, -1])
def test_whole_photos_are_asked_for_as_there(tmp_path: Path, rays: int) -> None:
    assert read_yaml(original(tmp_path, {"data.N_rays": rays}))["training.rays"] == -1


def test_the_notice_names_the_new_words(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = original(tmp_path, {"training.lr_param": 5e-4, "model.net_w": 64, "expname": "mine"})
    with caplog.at_level(logging.WARNING):
        read_yaml(file)
    (notice,) = caplog.messages
    assert str(file) in notice and "\n" not in notice
    for words in (
        "training.lr_param is cameras.rate and cameras.focal_rate",
        "model.net_w is field.width",
        "expname is not needed",
        "docs/presets.md",
    ):
        assert words in notice


def test_the_first_w0_is_the_one_that_the_original_really_used(tmp_path: Path) -> None:
    file = original(tmp_path, siren(40))
    config = changed(Config(), read_yaml(file))
    assert (config.field.first_w0, config.field.density_scale) == (40, 40)
    file = original(tmp_path, siren(40) | {"field.first_w0": 30.0, "field.density_scale": 7.0})
    config = changed(Config(), read_yaml(file))  # our own words beside the original's win
    assert (config.field.first_w0, config.field.density_scale) == (30, 7)


def test_the_weight_of_the_perceptual_loss_is_that_of_clip(tmp_path: Path) -> None:
    file = original(tmp_path, {"training.w_img": 2.0, "training.w_perceptual": 0.02})
    assert changed(Config(), read_yaml(file)).losses.clip == pytest.approx(0.01)
    assert changed(Config(), read_yaml(original(tmp_path, {"model.net_w": 64}))).losses.clip == 0


def test_a_downscale_is_answered_by_a_long_side(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"data\.downscale 4\.0 .* data\.long_side"):
        read_yaml(original(tmp_path, {"data.downscale": 4.0}))
    answered = original(tmp_path, {"data.downscale": 4.0, "data.long_side": 960})
    assert read_yaml(answered)["data.long_side"] == 960
    assert read_yaml(original(tmp_path, {"data.downscale": 1.0}))["data.long_side"] == 0


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"data.N_rays": "many"}, ["data.N_rays", "many"]),
        ({"data.batch_size": 4}, ["data.batch_size", "training.pixels_from"]),
        ({"model.net_skips": [2, 4]}, ["model.net_skips", "one skip"]),
        ({"model.net_skips": 4}, ["model.net_skips"]),
        ({"model.use_fine_model": True}, ["model.use_fine_model"]),
        ({"model.framework": "NeuS"}, ["model.framework", "NeuS"]),
        ({"model.framework": "SirenNeRF"}, ["model.siren_sigma_mul"]),
        ({"training.w_perceptual": 0.01, "training.w_img": 0.0}, ["training.w_perceptual"]),
        ({"training.w_perceptual": -0.01}, ["losses.clip"]),
        ({"training.ckpt_file": "logs/a.pt"}, ["training.ckpt_file", "import"]),
        ({"training.ckpt_only_use_keys": ["cam_param"]}, ["ckpt_only_use_keys", "refine"]),
        ({"model.net_width": 128}, ["model.net_width", "model.net_w"]),
        ({"model.net_w": 64, "data.N_ray": 4}, ["data.N_ray"]),
        ({"training.num_epoch": "many"}, ["training.num_epoch", "many"]),
        ({"model.net_w": 128, "training.num_epoch": float("inf")}, ["training.num_epoch"]),
    ],
)
def test_what_has_no_counterpart_is_refused_with_the_tables_answer(
    tmp_path: Path, settings: dict[str, Any], words: list[str]
) -> None:
    with pytest.raises(InputError) as refusal:
        changed(Config(), read_yaml(original(tmp_path, settings)))
    for word in words:
        assert word in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_the_fast_preset_is_the_default_and_tiny_is_small() -> None:
    assert read_yaml(ROOT / "configs" / "fast.yaml") == {}
    tiny = changed(Config(), read_yaml(ROOT / "configs" / "tiny.yaml"))
    assert tiny.field.width <= 16 and tiny.training.rays <= 64
