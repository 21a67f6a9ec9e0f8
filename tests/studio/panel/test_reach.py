"""Everything the core and the command line can do is reachable in the panel."""

import argparse
from typing import Any

import pytest

from core.config.paths import options
from core.exporting.cameras import EXPORTS
from core.exporting.colour import CHANNELS, COLOUR_MAPS
from core.exporting.films import FORMS
from core.exporting.geometry import GEOMETRY, MESH_FORMS
from core.exporting.history import HISTORY
from core.exporting.jobs import Jobs
from core.geometry.gauge import ORIGINS, UPS
from core.geometry.routes import ORDERS, PATHS
from studio.cli import export
from studio.cli.main import COMMANDS
from studio.jobs.exports import Exports
from studio.panel.controls import element
from studio.panel.layout import build_page
from tests.studio.panel.stand_ins import Desk

CHOICES = {
    "export-path": PATHS,
    "export-channel": CHANNELS,
    "export-form": FORMS,
    "export-order": ORDERS,
    "export-format": [*EXPORTS, HISTORY],
    "export-up": UPS,
    "export-origin": ORIGINS,
    "option-explore-colour-map": COLOUR_MAPS,
}
# Where the panel has what an argument of a command says; None: the panel knows it by itself.
ARGUMENTS: dict[str, dict[str, str | None]] = {
    "train": {
        "seconds": "run-unit",
        "steps": "run-unit",
        "photos": "option-data-photos",
        "run": None,
        "config": None,
        "take": None,  # buttons beside the reasons of the verdict, as the next one
        "reseed": None,
        "no_restart": None,
    },
    "evaluate": {
        "run": None,
        "reference": "option-explore-reference",
        "photos": "option-data-photos",
        "lpips": "option-losses-lpips-weights",
        "device": "option-training-device",
    },
    "render": {
        "run": None,
        "path": "export-path",
        "out": None,
        "frames": "export-frames",
        "form": "export-form",
        "size": "export-width",
        "fps": "export-fps",
        "channel": "export-channel",
        "colour_map": "option-explore-colour-map",
        "order": "export-order",
        "turns": "export-turns",
        "depth_turns": "export-depth-turns",
        "radius_percentile": "export-percentile",
        "radius_scale": "export-right",
        "focus_depth": "export-focus",
        "show": "option-explore-show",
        "device": "option-training-device",
    },
    "export": {
        "run": None,
        "format": "export-format",
        "out": None,
        "scale": "export-scale",
        "up": "export-up",
        "origin": "export-origin",
        "reference": "option-explore-reference",
        "show": "option-explore-show",
        "device": "option-training-device",
        "megabytes": None,  # the panel writes what every mail box takes
    },
}
BEFORE_A_RUN = {"studio", "audit", "import", "download", "bench"}  # where there is no panel yet


@pytest.fixture(scope="module")
def components(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What is on the page, by element."""
    desk = Desk(tmp_path_factory.mktemp("run"))
    page = build_page(desk, Exports(desk, Jobs())).get_config_file()
    named = [component["props"] for component in page["components"]]
    return {props["elem_id"]: props for props in named if props.get("elem_id")}


def offered(components: dict[str, dict[str, Any]], identity: str) -> list[str]:
    """The words to choose from."""
    return [value for _, value in components[identity]["choices"]]


def test_every_option_with_every_choice(components: dict[str, dict[str, Any]]) -> None:
    for path, option in options().items():
        assert element(path) in components, path
        if option.choices:
            assert offered(components, element(path)) == list(option.choices), path


@pytest.mark.parametrize("identity", CHOICES)
def test_every_word_the_exports_know(identity: str, components: dict[str, dict[str, Any]]) -> None:
    assert offered(components, identity) == list(CHOICES[identity])


def test_every_file_of_the_scene(components: dict[str, dict[str, Any]]) -> None:
    files = {f"mesh{ending}" for ending in MESH_FORMS}
    files |= {f"{kind}.ply" for kind in GEOMETRY}
    assert set(offered(components, "export-shape")) == files
    assert "action-export-plot" in components and export.PLOT == "plot"


def test_every_command_is_known_here() -> None:
    assert set(COMMANDS) == set(ARGUMENTS) | BEFORE_A_RUN


@pytest.mark.parametrize("command", ARGUMENTS)
def test_every_argument_of_a_command(command: str, components: dict[str, dict[str, Any]]) -> None:
    parser = argparse.ArgumentParser(add_help=False)
    COMMANDS[command].add_arguments(parser)
    said = {action.dest for action in parser._actions} - set(options())
    assert said == set(ARGUMENTS[command]), "tell here where the panel has it"
    for place in ARGUMENTS[command].values():
        assert place is None or place in components, place
