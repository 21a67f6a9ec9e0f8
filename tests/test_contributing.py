"""CONTRIBUTING.md keeps its promises: each of its blocks is added to its registry and used."""

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from core.config import Config
from core.config.declare import extras
from core.config.paths import changed
from core.config.sections.cameras import Cameras
from core.config.sections.field import Field
from core.errors import InputError
from core.fields import DENSITY_ACTIVATIONS, FIELDS
from core.fields.gradual import Gradual
from core.formats.checks import checked_camera
from core.formats.files import read_file
from core.formats.reference import FILES, read_reference
from core.geometry import rotations
from core.geometry.cameras import Camera
from core.photos import PhotoSet
from core.runs import checkpoint
from core.states import part_of
from core.training.changes import configure
from core.training.learner import StepContext
from core.training.learners.field_learner import FieldLearner
from core.training.learners.registry import LEARNERS
from core.training.trainer import Trainer
from tests.conftest import small_config

ROTATIONS = rotations.ROTATIONS
HOUSE = vars(rotations) | {  # what the blocks would import
    "Any": Any, "Callable": Callable, "Camera": Camera, "Config": Config,
    "DENSITY_ACTIVATIONS": DENSITY_ACTIVATIONS, "FIELDS": FIELDS, "FILES": FILES,
    "FieldLearner": FieldLearner, "Gradual": Gradual, "InputError": InputError,
    "LEARNERS": LEARNERS, "Mapping": Mapping, "Path": Path, "StepContext": StepContext,
    "Tensor": Tensor, "changed": changed, "checked_camera": checked_camera, "nn": nn, "np": np,
    "part_of": part_of, "read_file": read_file, "replace": replace, "torch": torch,
}  # fmt: skip
PAGE = (Path(__file__).parents[1] / "CONTRIBUTING.md").read_text()
BLOCKS = dict(re.findall(r"```python\n# (\w+)\n(.*?)```", PAGE, re.DOTALL))
TABLE = PAGE[PAGE.index("## What a change touches") : PAGE.index("Options and their choices")]
LONGEST = {"rotation": 10, "field": 30, "format": 20, "learner": 40}
REGISTRIES: dict[str, dict[str, Any]] = {
    "rotation": ROTATIONS, "field": FIELDS, "format": FILES, "learner": LEARNERS,
}  # fmt: skip


@pytest.fixture
def added(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """Runs a block as if it stood in the house, and says under which word; undone afterwards."""

    def add(name: str) -> str:
        registry = REGISTRIES[name]
        before = dict(registry)
        exec(BLOCKS[name], HOUSE | {"__name__": __name__})
        (word,) = registry.keys() - before.keys()
        thing = registry.pop(word)
        monkeypatch.setitem(registry, word, thing)
        return word

    return add


def allow(monkeypatch: pytest.MonkeyPatch, section: type, option: str, word: str) -> None:
    """Choices are read from the registry as the option is declared; the word is there by then."""
    stored = extras(section.model_fields[option])
    monkeypatch.setitem(stored, "choices", [*stored["choices"], word])


@pytest.mark.parametrize("name", LONGEST)
def test_blocks_are_as_short_as_was_promised(name: str) -> None:
    code = [line for line in BLOCKS[name].splitlines() if line.strip()]
    assert len(code) <= LONGEST[name]


@pytest.mark.parametrize("name", LONGEST)
def test_blocks_would_pass_the_linter(name: str) -> None:
    """Every public function says what it does, as everywhere in the house."""
    for node in ast.walk(ast.parse(BLOCKS[name])):
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), node.name


def test_every_file_that_is_named_is_there() -> None:
    named = re.findall(r"`((?:core|tests|studio|configs)/[\w/.]+)`", PAGE)
    assert len(named) > 8
    for name in named:
        assert (Path(__file__).parents[1] / name).exists(), name


def test_a_rotation(
    added: Callable[[str], str], photos: PhotoSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    word = added("rotation")
    allow(monkeypatch, Cameras, "rotation", word)
    trainer = Trainer(small_config(cameras__rate=1e-2), photos)
    for _ in range(3):
        trainer.train_step(1)
    poses = trainer.rig.camera_to_world()
    configure(trainer, changed(trainer.config, {"cameras.rotation": word}))
    assert trainer.rig.rotation_kind == word
    assert (trainer.rig.camera_to_world() - poses).abs().max() < 1e-6
    trainer.train_step(1)
    assert not torch.equal(trainer.rig.camera_to_world(), poses)


def test_a_field(
    added: Callable[[str], str], photos: PhotoSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    word = added("field")
    allow(monkeypatch, Field, "kind", word)
    trainer = Trainer(small_config(field__kind=word, field__rate=5e-3), photos)
    losses = [trainer.train_step(1).loss for _ in range(60)]
    assert np.mean(losses[-10:]) < 0.8 * np.mean(losses[:5])


def test_a_camera_format(added: Callable[[str], str], tmp_path: Path) -> None:
    suffix = added("format")
    table = tmp_path / f"cameras{suffix}"
    table.write_text("a.jpg,64,48,50,1,0,0,5,0,1,0,6,0,0,1,7\n")
    (camera,) = read_reference(table).values()
    assert camera.position.tolist() == [5, 6, 7] and camera.fx == 50
    table.write_text("a.jpg,64,48,50,1,0\n")
    with pytest.raises(InputError, match="line 1"):
        read_reference(table)


def test_a_learner(added: Callable[[str], str], photos: PhotoSet, tmp_path: Path) -> None:
    added("learner")
    trainer = Trainer(small_config(), photos)
    assert [learner.shows for learner in trainer.learners] == ["field", "second"]
    for _ in range(6):
        trainer.train_step(1)
    found = checkpoint.read(checkpoint.save(trainer, tmp_path, {}))
    again = Trainer(found.config, photos)
    checkpoint.restore(again, found)
    for one in (trainer, again):
        for _ in range(3):
            one.train_step(1)
    assert torch.equal(again.field.density.weight, trainer.field.density.weight)
    trainer.shown = "second"
    assert type(trainer.learned().scene.field).__name__ == "SirenField"
    second = trainer.learners[1]
    trainer.restart_field()
    assert type(trainer.field).__name__ == "ReluField" and trainer.learners[1] is second


def imports_of(file: Path) -> str:
    """The imports at its top."""
    body = ast.parse(file.read_text()).body
    return "\n".join(
        map(ast.unparse, [n for n in body if isinstance(n, ast.Import | ast.ImportFrom)])
    )


def insert(file: Path, after: str, line: str, imported: str = "") -> None:
    """Put a line behind the only one that ends so, and an import behind the first of the core."""
    text = file.read_text()
    assert text.count(after) == 1, after
    text = text.replace(after, f"{after}\n{line}")
    file.write_text(
        text.replace("\nfrom core.", f"\n{imported}\nfrom core.", 1) if imported else text
    )


# Of each block: its file, the neighbour whose imports it has, the registry's file and first line.
PLACES = {
    "field": ("fields/waves.py", "fields/siren.py", "fields/__init__.py", "type[nn.Module]] = {"),
    "format": (
        "formats/table.py", "formats/npz.py", "formats/reference.py",
        "FILES: dict[str, Reader] = {",
    ),
    "learner": (
        "training/learners/second.py", "training/learners/field_learner.py",
        "training/learners/registry.py", '    "field": FieldLearner,',
    ),
}  # fmt: skip
LEARNERS_TOO = """
from dataclasses import replace
from core.config.paths import changed
from core.training.learners.field_learner import FieldLearner
"""


def test_the_table_is_true(tmp_path: Path) -> None:
    """All five are added to a copy of the core, in the files that the table names and no other."""
    root = Path(__file__).parents[1]
    core, before = tmp_path / "core", root / "core"
    shutil.copytree(before, core, ignore=shutil.ignore_patterns("__pycache__"))
    with (core / "geometry" / "rotations.py").open("a") as file:
        file.write(BLOCKS["rotation"])
    for name, (place, neighbour, registry, first) in PLACES.items():
        *body, last = BLOCKS[name].strip().split("\n")
        line = re.fullmatch(r'\w+\[(".+")\] = (\w+)', last)
        assert line is not None
        too = LEARNERS_TOO if name == "learner" else ""
        (core / place).write_text("\n".join([imports_of(before / neighbour), too, *body]))
        module = f"core.{place.removesuffix('.py').replace('/', '.')}"
        insert(
            core / registry, first, f"    {line[1]}: {line[2]},", f"from {module} import {line[2]}"
        )
    section = core / "config" / "sections" / "training.py"
    insert(section, '    """The optimisation itself."""', f"\n{BLOCKS['option']}")
    code = """if True:
        from core.config.handbook import handbook
        from core.formats.reference import FILES
        from core.training.learners.registry import LEARNERS
        print(handbook(), *LEARNERS, *FILES)
    """
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    for word in ("mrp", "waves", "second", ".csv", "training.naps"):
        assert word in ran.stdout, word
    changed_files = {
        file.relative_to(core).as_posix() for file in core.rglob("*.py")
        if not (same := before / file.relative_to(core)).exists()
        or same.read_text() != file.read_text()
    }  # fmt: skip
    for file in changed_files:
        folder = Path("core", file).parent.as_posix()
        assert f"`core/{file}`" in TABLE or f"`{folder}/`" in TABLE, file
