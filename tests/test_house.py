"""Who may import whom."""

import ast
from collections import Counter
from graphlib import TopologicalSorter
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
            assert name.startswith((*allowed, "core.errors", "core.parallel", "core.states")), name


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


def test_the_engine_is_handed_whoever_looks_at_its_runs() -> None:
    for file in files("core/engine"):
        named = {name.split(".")[1] for name in imports(file) if name.startswith("core.")}
        assert not named & {"evaluation", "exporting", "observing"}, file


def test_gradio_is_imported_where_its_folder_was_made_private_before() -> None:
    known = [file for file in files("studio") if any(
        name.partition(".")[0] == "gradio" for name in imports(file)
    )]  # fmt: skip
    assert known
    assert {file.parent for file in known} == {ROOT / "studio" / "panel"}


def test_what_only_films_need_is_imported_by_films() -> None:
    """It is large, and a training run never asks for it."""
    for file in files("core", "studio"):
        at_once = {
            alias.name for node in ast.parse(file.read_text()).body if isinstance(node, ast.Import)
            for alias in node.names
        }  # fmt: skip
        assert "imageio_ffmpeg" not in at_once and "from imageio" not in file.read_text(), file


def test_a_folder_tells_its_story_in_few_names() -> None:
    """Where there are more, some of them make a room of their own."""
    count = Counter(file.parent for file in files("core", "studio"))
    assert not {folder: number for folder, number in count.items() if number > 20}


def test_nothing_dangerous_is_called() -> None:
    for file in files("core", "studio"):
        text = file.read_text()
        for word in (
            "os.system",
            "shell=True",
            "import pickle",
            "pickle.load",
            "weights_only=False",
            "allow_pickle=True",
            "settrace",
        ):
            assert word not in text, f"{file} holds {word}"


MODULES = {
    ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): file
    for file in files("core")
}


def known_to(file: Path) -> set[str]:
    """The modules of the core that a file imports, for types alone or later too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("core"):
            inner = {f"{node.module}.{alias.name}" for alias in node.names} & set(MODULES)
            found |= inner or {node.module or ""}
    return found


def test_modules_of_the_core_do_not_know_one_another_in_circles() -> None:
    graph = {name: known_to(file) & set(MODULES) - {name} for name, file in MODULES.items()}
    list(TopologicalSorter(graph).static_order())  # raises CycleError, which names the circle


# What each room may know of the core, from the ground up.
BELOW = {
    "core/config": {"fields", "files", "geometry", "rendering", "errors"},
    "core/distributed": {"errors", "parallel"},
    "core/training": {
        "bootstrap", "config", "depthmaps", "distributed", "errors", "fields", "geometry", "memory",
        "multiplane", "parallel", "perceptual", "photos", "rendering", "states",
    },
    "core/bootstrap": {
        "distributed", "geometry", "multiplane", "parallel", "rendering", "states", "training",
    },
}  # fmt: skip


@pytest.mark.parametrize("room", BELOW)
def test_rooms_know_what_is_below_them(room: str) -> None:
    own = room.partition("/")[2]
    for file in files(room):
        known = {n.split(".")[1] for n in imports(file) if n.startswith("core.")}
        assert known <= BELOW[room] | {own}, f"{file}: {known - BELOW[room] - {own}}"


# What other libraries keep private and tests of what stands on them need nevertheless.
FOREIGN = {
    "python": {"_actions", "_exit", "_getframe", "_replace"},
    "torch": {
        "_C", "_can_decompose", "_disabled_torch_function_impl", "_is_param",
        "_make_wrapper_subclass", "_ops", "_schema",
    },
    "open_clip": {"_PRETRAINED"},
    "viser": {
        "_event_loop", "_handle_from_node_name", "_impl", "_live_connections",
        "_subclass_from_type_string", "_thread_executor", "_viser", "_websock_server",
    },
}  # fmt: skip


def names_in(node: ast.AST) -> list[str]:
    """What is touched by name: an attribute of others, what is imported of ours or patched."""
    match node:
        case ast.Attribute(value=ast.Name(id="self" | "cls")):
            return []
        case ast.Attribute(attr=name):
            return [name]
        case ast.ImportFrom(module=module, names=found):
            ours = (module or "").partition(".")[0] in {"core", "studio", "tests"}
            return [alias.name for alias in found] if ours else []
        case ast.Call(
            func=ast.Name(id="getattr" | "setattr" | "delattr")
            | ast.Attribute(attr="setattr" | "delattr"),
            args=given,
        ):
            words = [each.value for each in given if isinstance(each, ast.Constant)]
            return [word.rpartition(".")[2] for word in words if isinstance(word, str)]
    return []


def is_private(name: str) -> bool:
    """Whether a name is its owner's alone."""
    return name.startswith("_") and not name.endswith("__")


def test_tests_go_the_public_way() -> None:
    """What they assert holds for whoever calls, and private parts may change without them."""
    foreign = set[str]().union(*FOREIGN.values())
    reached = [
        f"{file.relative_to(ROOT)}:{node.lineno} {name}"
        for file in files("tests")
        for node in ast.walk(ast.parse(file.read_text()))
        for name in names_in(node)
        if is_private(name) and name not in foreign
    ]
    assert reached == []
