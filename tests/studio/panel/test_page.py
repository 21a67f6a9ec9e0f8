"""The page as Gradio serves it: what is on it, and what its events do to the engine."""

import itertools
from typing import Any

import gradio as gr
import pytest
from starlette.testclient import TestClient

from core.config import Config
from core.config.paths import changed, options
from core.engine.commands import (
    Command,
    Configure,
    Pause,
    Play,
    Refine,
    Restart,
    Save,
    Step,
    Sweep,
    Undo,
)
from core.exporting.jobs import Jobs
from studio.bundled import BUNDLED
from studio.jobs.exports import Exports
from studio.panel.controls import element
from studio.panel.layout import build_page
from studio.panel.mounting import mounted
from studio.panel.tabs import TABS
from studio.panel.theme import ASSETS
from studio.panel.wiring import YOUNG
from studio.routes.routes import Routes
from tests.studio.panel.stand_ins import Desk, Window

USER_EVENTS = {"input", "release", "submit", "blur", "click", "upload"}
OWN_EVENTS = {"change", "load"}
SVG = "http://www.w3.org/2000/svg"  # a name, which nobody fetches


class Tab:
    """One browser tab, without the browser: it fires events as Gradio's frontend does."""

    names = itertools.count()

    def __init__(self, page: gr.Blocks, client: TestClient) -> None:
        self.config: dict[str, Any] = page.get_config_file()
        self._client, self._session = client, f"tab{next(Tab.names)}"
        self.shown: dict[str, Any] = {}  # what came back for each widget, by element
        self.fire("load")

    def fire(self, event: str, identity: str | None = None, value: Any = None) -> None:
        """Fire an event of an element, which shows `value`."""
        found = [d for d in self.config["dependencies"] if self.is_target(d, event, identity)]
        assert found, f"{identity} has no {event}"
        for dependency in found:
            first = not self._is_state(dependency["inputs"][:1])
            given = [value if i == 0 and first else None for i in range(len(dependency["inputs"]))]
            body = {"data": given, "fn_index": dependency["id"], "session_hash": self._session}
            answer = self._client.post("/gradio_api/run/predict", json=body)
            assert answer.status_code == 200, answer.text
            self._take(dependency["outputs"], answer.json()["data"])

    def is_target(self, dependency: dict[str, Any], event: str, identity: str | None) -> bool:
        """Whether an event of an element, or of anything, has a dependency act."""
        return any(
            name == event and (identity is None or self._identity(number) == identity)
            for number, name in dependency["targets"]
        )

    def _component(self, number: int) -> dict[str, Any]:
        return next((c for c in self.config["components"] if c["id"] == number), {})

    def _identity(self, number: int) -> str | None:
        return self._component(number).get("props", {}).get("elem_id")

    def _is_state(self, numbers: list[int]) -> bool:
        return bool(numbers) and self._component(numbers[0]).get("type") == "state"

    def _take(self, outputs: list[int], data: list[Any]) -> None:
        for number, sent in zip(outputs, data, strict=True):
            update = isinstance(sent, dict) and sent.get("__type__") == "update"
            new = sent.get("visible", sent.get("value", ...)) if update else sent
            identity = self._identity(number)
            if identity and new is not ...:
                self.shown[identity] = new


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return Desk(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def page(desk: Desk) -> gr.Blocks:
    return build_page(desk, Exports(desk, Jobs()))


@pytest.fixture(scope="module")
def client(desk: Desk, page: gr.Blocks) -> TestClient:
    return TestClient(mounted(page, Routes(desk, Window(), Jobs()).routes()))


@pytest.fixture
def engine(desk: Desk) -> Desk:
    """The page takes long to build, so its engine is put back instead."""
    desk.forget()
    return desk


@pytest.fixture
def tab(engine: Desk, page: gr.Blocks, client: TestClient) -> Tab:
    return Tab(page, client)


def test_every_option_has_its_widget_once(page: gr.Blocks) -> None:
    identities = [c["props"].get("elem_id") for c in page.get_config_file()["components"]]
    for path in options():
        assert identities.count(element(path)) == 1, path


def test_every_tab_has_its_button() -> None:
    bar = (ASSETS / "pieces" / "tabs.html").read_text()
    for name in TABS:
        tab = f'id="tab-{name.lower()}-button" aria-controls="tab-{name.lower()}">{name}<'
        assert bar.count(tab) == 1
    assert bar.count('role="tab"') == len(TABS)


def test_only_a_person_and_news_cause_events(tab: Tab) -> None:
    for dependency in tab.config["dependencies"]:
        events = {name for _, name in dependency["targets"]}
        assert events <= USER_EVENTS | OWN_EVENTS, "a painted widget must not act"
        assert not dependency["queue"] and dependency["api_visibility"] == "private"
        assert dependency["show_progress"] == "hidden"
    news = [d for d in tab.config["dependencies"] if tab.is_target(d, "change", "news")]
    assert [dependency["trigger_mode"] for dependency in news] == ["always_last"], "none is missed"
    assert not [c for c in tab.config["components"] if c["type"] == "timer"], "idle costs nothing"


@pytest.mark.parametrize("path", list(options()))
def test_a_touch_becomes_a_command(path: str, engine: Desk, tab: Tab) -> None:
    value, shown = other_value(path)
    engine.publish(config=changed(engine.snapshot.config, NEEDED.get(path, {})))
    for event in ("input", "release", "submit"):
        if any(tab.is_target(d, event, element(path)) for d in tab.config["dependencies"]):
            tab.fire(event, element(path), shown)
    assert engine.commands == [Configure({path: value})]
    tab.shown.clear()
    tab.fire("change", "news")
    assert element(path) not in tab.shown, "it shows already what was asked for"


WORDS = {"training.keep": ("cameras", "field")}
# What some options go with.
NEEDED = {
    "rendering.spacing": {"rendering.space": "camera", "rendering.near": 0.1},
    "rendering.near": {"rendering.far": 8},
}


def other_value(path: str) -> tuple[Any, Any]:
    """A value other than the default, and as a widget shows it."""
    option = options()[path]
    if option.choices:
        other = next(word for word in option.choices if word != option.default)
        return other, other
    if option.type is bool:
        return not option.default, not option.default
    if option.type is tuple and option.section == "schedule":
        numbers = tuple(2 * number for number in option.default)
        return numbers, ", ".join(map(str, numbers))
    if option.type is tuple:
        words = WORDS.get(path, ("0.png", "1.png"))
        return words, ", ".join(words)
    if option.type is str:
        return "elsewhere", "elsewhere"
    candidates = (option.default + 1, option.at_least, option.at_most)
    other = next(v for v in candidates if v not in (None, option.default) and fits(path, v))
    return option.type(other), other


def fits(path: str, value: float) -> bool:
    option = options()[path]
    return (option.at_least or 0) <= value <= (option.at_most or 1e9)


def test_two_tabs_agree(engine: Desk, page: gr.Blocks, client: TestClient) -> None:
    one, two = Tab(page, client), Tab(page, client)
    two.shown.clear()
    one.fire("input", "option-cameras-rotation", "quaternion")
    two.fire("change", "news")
    assert two.shown == {"option-cameras-rotation": "quaternion"}
    two.shown.clear()
    two.fire("change", "news")
    assert two.shown == {}, "nothing is painted twice"


def test_a_refused_entry_returns_to_the_truth(engine: Desk, tab: Tab) -> None:
    for identity, event, shown in (
        ("option-field-width", "submit", 1e9),
        ("option-explore-quality", "release", 99999),
        ("option-field-width", "submit", None),
    ):
        tab.shown.clear()
        tab.fire(event, identity, shown)
        tab.fire("change", "news")
        section, _, name = identity.removeprefix("option-").partition("-")
        assert tab.shown == {identity: getattr(getattr(Config(), section), name)}
    assert [n.kind for n in engine.snapshot.notices] == ["warning", "warning"]


def test_leaving_an_entry_alone_asks_nothing(engine: Desk, tab: Tab) -> None:
    tab.fire("blur", "option-field-width", Config().field.width)
    tab.fire("submit", "option-cameras-rate", 5e-3)
    tab.fire("blur", "option-cameras-rate", 5e-3)
    assert engine.commands == [Configure({"cameras.rate": 5e-3})]


def test_a_young_run_is_changed_at_once(engine: Desk, tab: Tab) -> None:
    engine.publish(step=YOUNG - 1)
    tab.fire("input", "option-rendering-space", "camera")
    tab.fire("click", "action-restart")
    assert engine.commands == [Configure({"rendering.space": "camera"}), Restart()]


def test_an_old_run_is_asked_about_and_done(engine: Desk, tab: Tab) -> None:
    engine.publish(step=1240)
    tab.fire("input", "option-rendering-space", "camera")
    assert engine.commands == []
    assert tab.shown["confirm"] is True
    assert "Everything restarts. 1,240 steps" in tab.shown["confirm-text"]
    tab.fire("submit", "option-training-seed", 7)
    assert engine.commands == [], "a second change joins the first"
    tab.fire("click", "action-confirm")
    assert engine.commands == [Configure({"rendering.space": "camera", "training.seed": 7})]
    assert tab.shown["confirm"] is False


def test_an_old_run_is_asked_about_and_kept(engine: Desk, tab: Tab) -> None:
    engine.publish(step=1240)
    tab.fire("input", "option-rendering-space", "camera")
    tab.shown.clear()
    tab.fire("change", "news")
    assert tab.shown == {}, "the choice stays visible while it is asked about"
    tab.fire("click", "action-keep")
    assert tab.shown == {"confirm": False, "option-rendering-space": "ndc"}
    assert engine.commands == []


def test_what_keeps_the_cameras_is_never_asked_about(engine: Desk, tab: Tab) -> None:
    engine.publish(step=100_000)
    tab.fire("input", "option-field-kind", "siren")
    tab.fire("input", "option-cameras-rotation", "quaternion")
    tab.fire("submit", "option-field-rate", 1e-4)
    tab.fire("click", "action-undo")
    assert [type(command) for command in engine.commands] == [Configure, Configure, Configure, Undo]


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("step", Step()),
        ("play", Play()),
        ("pause", Pause()),
        ("refine", Refine()),
        ("undo", Undo()),
        ("save", Save()),
        ("sweep", Sweep()),
        ("restart", Restart()),
    ],
)
def test_a_button_is_a_command(name: str, command: Command, engine: Desk, tab: Tab) -> None:
    tab.fire("click", f"action-{name}")
    assert engine.commands == [command]


def test_a_search_for_cameras_is_not_cut_off_unasked(engine: Desk, tab: Tab) -> None:
    engine.publish(step=40, stage="bootstrap")
    tab.fire("click", "action-refine")
    assert engine.commands == [] and "still being found" in tab.shown["confirm-text"]
    assert (tab.shown["action-confirm"], tab.shown["action-keep"]) == ("Rebuild now", "Search on")
    tab.fire("click", "action-confirm")
    assert engine.commands == [Refine()]


def test_photos_in_place_of_the_bundled_scene_are_taken_at_once(engine: Desk, tab: Tab) -> None:
    engine.publish(step=1240, config=changed(Config(), {"data.photos": str(BUNDLED)}))
    tab.fire("submit", "option-data-photos", "mine")
    assert engine.commands == [Configure({"data.photos": "mine"})]
    tab.fire("submit", "option-data-photos", "others")
    assert len(engine.commands) == 1 and tab.shown["action-confirm"] == "Start over"


def test_restart_is_asked_about(engine: Desk, tab: Tab) -> None:
    engine.publish(step=1240)
    tab.fire("click", "action-restart")
    assert engine.commands == []
    tab.fire("click", "action-confirm")
    assert engine.commands == [Restart()]


def test_epochs_are_run(engine: Desk, tab: Tab) -> None:
    tab.fire("click", "action-run-epochs", 25)
    assert engine.commands == [Play(epochs=25)]


@pytest.mark.parametrize("typed", [-5, 0, 2.5, None])
def test_what_cannot_be_run_is_said_in_its_place(
    typed: float | None, engine: Desk, tab: Tab
) -> None:
    tab.fire("click", "action-run-epochs", typed)
    assert "type a" in tab.shown["run-complaint"] and engine.commands == []


def test_nothing_of_the_page_comes_from_elsewhere(client: TestClient) -> None:
    html = client.get("/").text
    for words in ('src="http', "src='http", 'stylesheet" href="http', "@import", "fonts.g"):
        assert words not in html
    sheet = client.get("/theme.css").text.replace(SVG, "")
    assert "http" not in sheet and "@font-face" not in sheet
    sheets = [f"styles/{file.name}" for file in sorted((ASSETS / "styles").iterdir())]
    for name in ("page.js", "icon.svg", *sheets):
        answer = client.get(f"/panel/{name}")
        assert answer.status_code == 200 and answer.headers["cache-control"] == "no-cache"
        assert "://" not in answer.text.replace(SVG, "")


def test_no_other_page_is_served(client: TestClient) -> None:
    for path in ("/docs", "/redoc", "/openapi.json", "/panel/../app.py", "/panel/%2e%2e/app.py"):
        assert "swagger" not in client.get(path).text.lower()
        assert "class Studio" not in client.get(path).text
