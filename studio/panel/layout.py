"""What is where on the page. No behaviour: that is `wiring`, and `assets/*.js` for what moves."""

import gradio as gr

from core.config.paths import options
from core.engine.commands import Pause, Play, Refine, Step, Undo
from studio.jobs.exports import Exports
from studio.panel import tabs
from studio.panel.theme import put_html
from studio.panel.wiring import Wiring
from studio.protocols import Steerable

TITLE = "nerfmm studio"


def build_page(engine: Steerable, exports: Exports) -> gr.Blocks:
    """The whole page, ready to be mounted."""
    with gr.Blocks(title=TITLE, fill_width=True, analytics_enabled=False) as page:
        wiring = Wiring(engine)
        _header(wiring)
        with gr.Row(elem_id="body"):
            with gr.Column(elem_id="main"):
                # Never an output of an event: a new value would rebuild the iframe.
                put_html("scene", "scene")
                put_html("time", "time")
                _strip(wiring)
            with gr.Column(elem_id="panel"):
                _panel(wiring, exports)
        wiring.connect(page)
    return page


def _header(wiring: Wiring) -> None:
    with gr.Row(elem_id="bar"):
        put_html("title", "title")
        with gr.Row(elem_id="transport"):
            wiring.action("step", "Step", Step)
            wiring.action("play", "Play", Play)
            wiring.action("pause", "Pause", Pause)
            wiring.asking_action("refine", "Rebuild", Refine)
            wiring.button("make-video", "Make my video")  # the page opens Export and begins


def _strip(wiring: Wiring) -> None:
    with gr.Row(elem_id="strip"):
        put_html("charts", "charts")
        with gr.Column(elem_id="notices"):
            put_html("notices", "notices-list")


def _panel(wiring: Wiring, exports: Exports) -> None:
    # Gradio's own tabs and accordions leave what is closed out of the page; here every widget is in
    # it from the beginning, so that all are painted and nothing waits for a click to exist.
    put_html("tabs", "tabs")
    wiring.confirm_bar()
    with gr.Row(elem_id="undo"):  # under the buttons of the header, over what the tabs change
        put_html("undo", "undo-place")
        wiring.action("undo", "Undo", Undo)
    for name, fill in tabs.TABS.items():
        with gr.Column(elem_id=f"tab-{name.lower()}", elem_classes="tabpage"):
            fill(wiring, exports)
    assert wiring.placed == set(options()), "every option has its widget"
