"""Behaviour of the panel: a touch becomes a command, a snapshot becomes paint.

Handlers return at once and touch no tensor. What destroys work on a run that is no longer young is
asked once, in the bar above the tabs, and can be undone.
"""

import html
import math
import time
from collections.abc import Callable
from typing import Any

import gradio as gr

from core.config.declare import Effect
from core.config.paths import Option, changed, get, options, strongest
from core.engine.commands import Command, Configure, Play, Refine, Restart
from core.engine.snapshot import Snapshot
from core.errors import InputError
from core.photos import is_video
from studio.bundled import BUNDLED
from studio.panel.controls import from_widget, to_widget, user_events, widget
from studio.panel.painting import PATIENCE, Painted, due, same, touched, wait_no_longer
from studio.protocols import Steerable

YOUNG = 300  # steps a run may lose without being asked about
# The page hears of news, see `assets/widgets.js`; Gradio asks what to paint, then and only then.
AT_NEWS = 'document.addEventListener("studio-news", () => trigger("change"))'

Answer = list[Any]  # of the confirm bar: visibility, sentence, the command that waits, two buttons
Taking = Callable[[list[str]], tuple[Configure, str]]  # of dropped files, and a sentence on them


class Wiring:
    """Connects the widgets of one page with the engine. Make it inside `gr.Blocks`."""

    def __init__(self, engine: Steerable) -> None:
        self.engine = engine
        self.painted = gr.State(Painted())
        self._pending = gr.State(None)  # the command that waits for a confirmation
        self._widgets: dict[str, gr.components.Component] = {}
        self._bar: list[Any] = []
        # What asks in the bar, which is placed later: event, handler, inputs, further outputs.
        self._asking: list[tuple[Any, Callable[..., Answer], list[Any], list[Any]]] = []

    # -- parts of the page ---------------------------------------------------------------------

    def option(self, path: str) -> None:
        """Place the widget of an option here."""
        option = options()[path]
        self._widgets[path] = widget(option, get(self.engine.snapshot.config, path))

    @property
    def placed(self) -> set[str]:
        """Paths of the options that have their widget."""
        return set(self._widgets)

    def button(self, name: str, words: str, style: str = "") -> gr.Button:
        """Place a button here. Outside tools know it as ``action-<name>``."""
        classes = ["action", style] if style else ["action"]
        return gr.Button(words, elem_id=f"action-{name}", elem_classes=classes, min_width=0)

    def action(self, name: str, words: str, make: Callable[[], Command], style: str = "") -> None:
        """Place a button here that submits a command when clicked."""
        button = self.button(name, words, style)
        listen(button.click, lambda: self.engine.submit(make()))

    def answering(
        self, event: Any, identity: str, make: Callable[..., Command], inputs: list[Any]
    ) -> None:
        """Submit what `make` makes of what widgets show; place its `InputError` here, if any."""
        complaint = gr.HTML(elem_id=identity, elem_classes="complaint", apply_default_css=False)

        def handle(*values: Any) -> str:
            try:
                self.engine.submit(make(*values))
            except InputError as error:
                return html.escape(str(error))
            return ""

        listen(event, handle, inputs, [complaint])

    def asking_action(
        self, name: str, words: str, make: Callable[[], Command], style: str = ""
    ) -> None:
        """Place a button here that asks before its command, where the run is not young."""

        def handle(pending: Command | None) -> Answer:
            return self._ask_or_submit(make(), pending)

        click = self.button(name, words, style).click
        self._asking.append((click, handle, [self._pending], []))

    def confirm_bar(self) -> None:
        """Place the bar that asks before work is destroyed."""
        with gr.Row(elem_id="confirm", visible=False) as bar:
            sentence = gr.HTML(elem_id="confirm-text", apply_default_css=False)
            self._do_it = self.button("confirm", "Start over", "danger")
            self._keep = self.button("keep", "Keep this run")
        self._bar = [bar, sentence, self._pending, self._do_it, self._keep]

    def taking_files(self, drop: gr.File, make: Taking) -> None:
        """Submit what `make` makes of dropped files, asking first; the place to drop is emptied.

        What it says beside is shown in place, and so is an `InputError` of it.
        """
        complaint = gr.HTML(
            elem_id=f"{drop.elem_id}-complaint", elem_classes="complaint", apply_default_css=False
        )

        def handle(pending: Command | None, files: list[str]) -> Answer:
            first = self.engine.snapshot.photos is None
            try:
                command, said = make(files)
                answer = self._ask_or_submit(command, pending)
            except InputError as error:
                return [*_unchanged(), None, html.escape(str(error))]
            photos = command.changes.get("data.photos")
            if first and photos and not is_video(photos):  # let something happen
                self.engine.submit(Play())
            return [*answer, None, html.escape(said)]

        further = [drop, complaint]
        self._asking.append((drop.upload, handle, [self._pending, drop], further))

    def connect(self, page: gr.Blocks) -> None:
        """Let every placed widget be touched and painted. Call once, after the last of them."""
        for path, component in self._widgets.items():
            for event in user_events(component):
                self._touchable(event, options()[path], component)
        for event, handle, inputs, further in self._asking:
            listen(event, handle, inputs, [*self._bar, *further])
        widgets = list(self._widgets.values())
        listen(self._do_it.click, self._proceed, [self._pending, self.painted], self._bar)
        listen(self._keep.click, self._give_up, [self.painted], [*self._bar, *widgets])
        news = gr.HTML(elem_id="news", js_on_load=AT_NEWS, apply_default_css=False)
        listen(news.change, self._paint, [self.painted], widgets)
        listen(page.load, self._paint_anew, [self.painted], [*self._bar, *widgets])

    # -- a touch ---------------------------------------------------------------------------------

    def _touchable(self, event: Any, option: Option, component: gr.components.Component) -> None:
        def touch(shown: Any, painted: Painted, pending: Command | None) -> Answer:
            value, snapshot = from_widget(option, shown), self.engine.snapshot
            if value is None:  # an emptied number means nothing: paint the truth again
                truth = painted.values[option.path] = get(snapshot.config, option.path)
                return [*_unchanged(), to_widget(option, truth)]
            if same(value, painted.values.get(option.path)):
                return [*_unchanged(), gr.skip()]
            command = Configure({option.path: value})
            until = math.inf if asks(snapshot, command) else time.monotonic() + PATIENCE
            touched(painted, option.path, value, snapshot, until)
            return [*self._ask_or_submit(command, pending), gr.skip()]

        def touch_lightly(shown: Any, painted: Painted) -> Any:
            return touch(shown, painted, None)[-1]

        if option.effect < Effect.RESTART:  # never asks, so the bar is no output of it
            listen(event, touch_lightly, [component, self.painted], [component], preprocess=False)
        else:
            inputs = [component, self.painted, self._pending]
            listen(event, touch, inputs, [*self._bar, component], preprocess=False)

    def _ask_or_submit(self, command: Command, pending: Command | None) -> Answer:
        if isinstance(command, Configure) and isinstance(pending, Configure):
            command = Configure({**pending.changes, **command.changes})
        snapshot = self.engine.snapshot
        if not asks(snapshot, command):
            self.engine.submit(command)
            return _hidden() if pending is not None else _unchanged()
        return [gr.update(visible=True), *question(snapshot, command)]

    def _proceed(self, pending: Command | None, painted: Painted) -> Answer:
        wait_no_longer(painted, time.monotonic() + PATIENCE)
        if pending is not None:
            self.engine.submit(pending)
        return _hidden()

    def _give_up(self, painted: Painted) -> list[Any]:
        wait_no_longer(painted, 0)
        return [*_hidden(), *self._paint(painted)]

    # -- paint -----------------------------------------------------------------------------------

    def _paint(self, painted: Painted) -> list[Any]:
        """One output for each widget; most of them skip."""
        fresh = due(painted, self.engine.snapshot, time.monotonic())
        return [
            to_widget(options()[path], fresh[path]) if path in fresh else gr.skip()
            for path in self._widgets
        ]

    def _paint_anew(self, painted: Painted) -> list[Any]:
        """Everything, for a page that was just loaded."""
        painted.values.clear()
        painted.asked.clear()
        return [*_hidden(), *self._paint(painted)]


def asks(snapshot: Snapshot, command: Command) -> bool:
    """Whether a command destroys so much that it is asked about first.

    A new field for the same cameras is the experiment itself, and Undo brings the old one back:
    only what loses the cameras is asked about, or cuts the search for them off. Who brings photos
    of their own to the bundled scene has nothing to lose there.
    """
    match command:
        case Refine():
            return searching(snapshot)
        case Configure(changes) if "data.photos" in changes and _bundled(snapshot):
            return False
    return snapshot.step >= YOUNG and loses(snapshot, command) >= Effect.RESTART


def searching(snapshot: Snapshot) -> bool:
    """Whether the cameras are still being found."""
    return snapshot.stage == "bootstrap" and snapshot.step > 0


def question(snapshot: Snapshot, command: Command) -> list[Any]:
    """A sentence, the command it is about, and the words of yes and no."""
    if isinstance(command, Refine):
        sentence = "The cameras are still being found. To rebuild the scene now ends the search."
        return [sentence, command, gr.update(value="Rebuild now"), gr.update(value="Search on")]
    loss = loses(snapshot, command).sentence
    sentence = f"{loss} {snapshot.step:,} steps are put aside; Undo brings them back."
    return [sentence, command, gr.update(value="Start over"), gr.update(value="Keep this run")]


def _bundled(snapshot: Snapshot) -> bool:
    return snapshot.config.data.photos == str(BUNDLED)


def loses(snapshot: Snapshot, command: Command) -> Effect:
    """What a command would destroy, as the strongest effect among the options it changes."""
    match command:
        case Restart():
            return Effect.RESTART
        case Refine():
            return Effect.REBUILD_FIELD
        case Configure(changes):
            try:
                return strongest(snapshot.config, changed(snapshot.config, changes))
            except InputError:  # the engine refuses it in its own words and nothing is lost
                return Effect.VIEW
        case _:
            return Effect.VIEW


def listen(
    event: Any,
    handle: Callable[..., Any],
    inputs: list[Any] | None = None,
    outputs: list[Any] | None = None,
    preprocess: bool = True,
) -> None:
    """Let a handler answer an event at once: unqueued, without a spinner, not in any public API.

    Without `preprocess` a handler gets what the browser shows, and Gradio refuses nothing.
    """
    event(
        handle,
        inputs or [],
        outputs or [],
        preprocess=preprocess,
        queue=False,
        show_progress="hidden",
        api_visibility="private",
    )


def _hidden() -> Answer:
    return [gr.update(visible=False), gr.skip(), None, gr.skip(), gr.skip()]


def _unchanged() -> Answer:
    return [gr.skip()] * 5
