"""Reading and changing a `Config` by option paths such as ``cameras.rotation``."""

import csv
import difflib
import functools
import itertools
import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from core.config import Config, original, yaml_text
from core.config.declare import Effect, Section, extras
from core.config.sections.field import kinds_with
from core.errors import InputError, shortened
from core.files import is_text

LARGEST_FILE = 64 * 1024  # bytes; a config is a page
LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True)
class Option:
    """One declared option, as YAML, the command line and the panel read it."""

    path: str
    title: str
    help: str
    type: type
    default: Any
    effect: Effect
    choices: tuple[str, ...]
    at_least: float | None
    at_most: float | None
    expert: bool
    kinds: tuple[str, ...]  # of field that it acts on; empty where that makes no difference

    @property
    def section(self) -> str:
        """The part before the dot."""
        return self.path.partition(".")[0]


@functools.cache
def options() -> dict[str, Option]:
    """All options by path, in the order of their declaration."""
    return {
        f"{section}.{name}": _option(f"{section}.{name}", declared, name)
        for section, field in Config.model_fields.items()
        if isinstance(declared := field.annotation, type) and issubclass(declared, Section)
        for name in declared.model_fields
    }


def _option(path: str, declared: type[Section], name: str) -> Option:
    field = declared.model_fields[name]
    stored = extras(field)
    bounds = {
        key: getattr(m, key) for m in field.metadata for key in ("ge", "le") if hasattr(m, key)
    }
    kind = field.annotation
    return Option(
        path=path,
        title=field.title or name,
        help=field.description or "",
        type=kind if isinstance(kind, type) else tuple,
        default=field.default,
        effect=Effect(stored["effect"]),
        choices=tuple(stored["choices"]),
        at_least=bounds.get("ge"),
        at_most=bounds.get("le"),
        expert=stored["expert"],
        kinds=kinds_with(name) if path.startswith("field.") else (),
    )


def get(config: Config, path: str) -> Any:
    """The value of one option."""
    section, _, name = path.partition(".")
    return getattr(getattr(config, section), name)


def changed(config: Config, changes: Mapping[str, Any]) -> Config:
    """`config` with some options changed, given by path.

    Values may be text, as a command line has them.

    Raises:
        InputError: an unknown path (the nearest one is named) or a value out of bounds.
    """
    tree = config.model_dump()
    for path, value in changes.items():
        known(path)
        _require_text(path, value)
        section, _, name = path.partition(".")
        tree[section][name] = _split(value) if options()[path].type is tuple else value
    try:
        return Config.model_validate(tree)
    except ValidationError as error:
        raise InputError(_sentence(error)) from None


def _require_text(path: str, value: Any) -> None:
    """Refuse letters that no file could keep: halves of surrogate pairs, and NUL."""
    for entry in value if isinstance(value, list | tuple) else (value,):
        if isinstance(entry, str) and entry and not is_text(entry):
            raise InputError(
                f"{path} cannot be {shortened(repr(entry))}: that is no text; correct it."
            )


def known(path: str) -> None:
    """Refuse a path that is no option, naming the nearest one that is."""
    if path not in options():
        near = difflib.get_close_matches(path, options(), n=1, cutoff=0.3)
        remedy = f"the nearest one is {near[0]}" if near else "--help lists all"
        raise InputError(f"There is no option {path}; {remedy}.")


def strongest(old: Config, new: Config) -> Effect:
    """The strongest effect among the options whose values differ; VIEW where none does."""
    return max((options()[path].effect for path in differences(old, new)), default=Effect.VIEW)


def differences(old: Config, new: Config) -> dict[str, Any]:
    """The options of `new` that differ from `old`, by path."""
    return {path: get(new, path) for path in options() if get(old, path) != get(new, path)}


def read_yaml(path: Path, long_side: int | str | None = None) -> dict[str, Any]:
    """The options a YAML file sets, by path. A file holds sections, or only some of them.

    A file in the keys of improved-nerfmm is translated, and a warning is logged that names ours.

    Args:
        path: the file.
        long_side: of the photos after an original's `data.downscale`, where it is known; a number,
            or as a command line has it.

    Raises:
        InputError: the file is missing, too large, not YAML or not sections of options.
    """
    try:
        with path.open("rb") as file:
            text = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise InputError(f"The config {path} cannot be read: {error.strerror}.") from None
    if len(text) > LARGEST_FILE:
        raise InputError(f"The config {path} is over 64 KB; a config is a page of options.")
    tree = yaml_text.load(text, f"The config {path}")
    paths = _paths({} if tree is None else tree, str(path))
    if original.is_original(paths):
        translation = original.translated(paths, str(path), long_side)
        LOGGER.warning(translation.notice)
        paths = translation.options
    return _all_known(paths)


def flattened(tree: Any, origin: str) -> dict[str, Any]:
    """Sections of options -> options by path, checking names."""
    return _all_known(_paths(tree, origin))


def _all_known(paths: dict[str, Any]) -> dict[str, Any]:
    if "explore.planes" in paths:  # of older runs: the same choice in two words
        paths["explore.scene"] = "planes" if paths.pop("explore.planes") else "none"
    for path in paths:
        known(path)
    return paths


def _paths(tree: Any, origin: str) -> dict[str, Any]:
    if not isinstance(tree, dict):
        raise InputError(f"{origin} should hold sections of options such as `cameras:`.")
    flat: dict[str, Any] = {}
    for section, stated in tree.items():
        if stated is None and section in Config.model_fields:
            continue  # only comments stand in it
        if section in Config.model_fields and not isinstance(stated, dict):
            raise InputError(
                f"{origin}: {section} is a section; write its options below it, one a line."
            )
        named = {str(section): stated}
        if isinstance(stated, dict):
            named = {f"{section}.{name}": value for name, value in stated.items()}
        if twice := flat.keys() & named.keys():
            raise InputError(f"{origin} sets {min(twice)} twice; leave one of them.")
        flat |= named
    return flat


def to_yaml(config: Config) -> str:
    """A config as YAML with each option's help as a comment above it."""
    lines: list[str] = []
    for section, declared in Config.model_fields.items():
        lines += [f"# {summary(declared)}", f"{section}:"]
        for path, item in options().items():
            if item.section == section:
                value = get(config, path)
                text = yaml_line(value)
                choices = f" ({' | '.join(item.choices)})" if item.choices else ""
                lines += [f"  # {item.help}{choices}", f"  {path.partition('.')[2]}: {text}"]
        lines.append("")
    return "\n".join(lines)


def summary(section: FieldInfo) -> str:
    """The first line of what a section says of itself."""
    return (getattr(section.annotation, "__doc__", None) or "").splitlines()[0]


def yaml_line(value: Any) -> str:
    """A value as YAML on one line, however long; names may hold line breaks."""
    value = list(value) if isinstance(value, tuple) else value
    style = '"' if "\n" in str(value) or "\\n" in str(value) else None
    text = yaml.safe_dump(value, default_flow_style=True, default_style=style, width=math.inf)
    return text.splitlines()[0]


def _split(value: Any) -> Any:
    """``a.jpg, b.jpg`` as a command line has it -> a list; quotes hold ``"a,b.jpg"`` together."""
    if not isinstance(value, str):
        return value
    rows = csv.reader(value.splitlines(keepends=True), skipinitialspace=True)
    return [part for part in itertools.chain.from_iterable(rows) if part]


def _sentence(error: ValidationError) -> str:
    first = error.errors()[0]
    path = ".".join(str(part) for part in first["loc"][:2])
    reason = first["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    if "." not in path:  # options that do not go together
        return f"{reason}."
    return f"{path} cannot be {shortened(repr(first['input']))}: {reason}."
