"""Who may import whom."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LEAVES = (
    "core/geometry",
    "core/fields",
    "core/multiplane",
    "core/rendering",
    "core/depthmaps",
    "core/perceptual",
)


def imports(file: Path) -> set[str]:
    """Every module a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return found


def files(*folders: str) -> list[Path]:
    """The Python files below some folders."""
    return sorted(file for folder in folders for file in (ROOT / folder).rglob("*.py"))


@pytest.mark.parametrize("file", files("core"), ids=lambda f: str(f.relative_to(ROOT)))
def test_the_core_has_never_heard_of_a_window(file: Path) -> None:
    heard = {name.partition(".")[0] for name in imports(file)}
    assert not heard & {"studio", "gradio", "viser", "fastapi", "starlette", "uvicorn"}


@pytest.mark.parametrize("file", files(*LEAVES), ids=lambda f: str(f.relative_to(ROOT)))
def test_leaves_take_numbers(file: Path) -> None:
    for name in imports(file):
        top = name.partition(".")[0]
        if top == "core":
            allowed = tuple(leaf.replace("/", ".") for leaf in LEAVES)
            assert name.startswith((*allowed, "core.errors")), name


@pytest.mark.parametrize("file", files("core/evaluation"), ids=lambda f: str(f.relative_to(ROOT)))
def test_evaluation_takes_cameras_scenes_and_pixels(file: Path) -> None:
    """It knows neither the trainer whose results it judges, nor files, nor settings."""
    allowed = (*LEAVES, "core/evaluation", "core/formats", "core/errors")
    for name in imports(file):
        if name.partition(".")[0] == "core":
            assert name.startswith(tuple(part.replace("/", ".") for part in allowed)), name


def test_the_engine_is_only_known_above_it() -> None:
    below = files("core/training", "core/photos", "core/exporting", "core/evaluation", *LEAVES)
    assert not [file for file in below if any("core.engine" in name for name in imports(file))]


def test_gradio_is_imported_where_its_folder_was_made_private_before() -> None:
    known = [file for file in files("studio") if any(
        name.partition(".")[0] == "gradio" for name in imports(file)
    )]  # fmt: skip
    assert known
    assert {file.parent for file in known} == {ROOT / "studio" / "panel"}


def test_nothing_dangerous_is_called() -> None:
    for file in files("core", "studio"):
        text = file.read_text()
        for word in (
            "os.system",
            "shell=True",
            "import pickle",
            "pickle.load",
            "weights_only=False",
            "settrace",
        ):
            assert word not in text, f"{file} holds {word}"
