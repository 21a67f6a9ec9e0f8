"""What is in each tab of the panel. Options are placed by section, in the order of declaration."""

import html
from collections.abc import Callable, Iterable
from typing import Any

import gradio as gr

from core.engine.commands import Configure, Play, Restart, Save
from core.errors import InputError
from core.exporting.cameras import EXPORTS
from core.exporting.colour import CHANNELS
from core.exporting.films import FORMS
from core.exporting.history import HISTORY
from core.geometry.routes import ORDERS, PATHS, Route
from core.training.settings import options
from studio.exports import GEOMETRY_FILES, Exports, VideoOrder
from studio.panel.drops import keep_dropped, keep_reference
from studio.panel.theme import place
from studio.panel.wiring import Wiring, listen

MORE = '<button class="disclose" aria-expanded="false">More</button>'
REFERENCE = ("explore.reference", "explore.show_reference")  # shown beside the cameras
RATES = ("cameras.rate", "cameras.focal_rate", "field.rate")  # shown together, beside training


def _photos(wiring: Wiring, exports: Exports) -> None:
    place("gallery", "gallery")
    drop = gr.File(label="Drop photos or a video", file_count="multiple", elem_id="drop", height=96)
    run = wiring.engine.snapshot.run

    def use(files: list[str]) -> Configure:
        return Configure({"data.photos": str(keep_dropped(files, run))})

    wiring.taking_files(drop, use)
    _options(wiring, _of("data"))


def _cameras(wiring: Wiring, exports: Exports) -> None:
    _options(wiring, [path for path in _of("cameras") if path not in RATES])
    _heading("Comparison")
    wiring.option(REFERENCE[0])
    upload = gr.UploadButton(
        "Upload a file or a COLMAP model", file_count="multiple",
        file_types=[".json", ".npz", ".txt", ".bin"], elem_id="action-reference",
        elem_classes=["action"], min_width=0,
    )  # fmt: skip
    complaint = gr.HTML(elem_id="reference-complaint", elem_classes="dim", apply_default_css=False)
    place("reference", "reference")
    wiring.option(REFERENCE[1])

    def use(files: list[str]) -> str:
        try:
            kept = keep_reference(files, wiring.engine.snapshot.run)
        except InputError as error:
            return html.escape(str(error))
        wiring.engine.submit(Configure({REFERENCE[0]: str(kept)}))
        return ""

    listen(upload.upload, use, [upload], [complaint])


def _field(wiring: Wiring, exports: Exports) -> None:
    _options(wiring, [path for path in _of("field") if path not in RATES])
    _heading("Rendering")
    _options(wiring, _of("rendering"))


def _training(wiring: Wiring, exports: Exports) -> None:
    place("stage", "stage")
    with gr.Row(elem_classes="line"):
        epochs = gr.Number(10, label="Epochs", elem_id="run-epochs", step=1, min_width=0)
        wiring.action_with("run-epochs", "Run", lambda count: Play(epochs=_count(count)), [epochs])
    with gr.Row(elem_classes="line"):
        wiring.action("save", "Save", Save)
        wiring.asking_action("restart", "Restart", Restart)
    _heading("Learning rates")
    _options(wiring, RATES)
    _heading("Optimisation")
    _options(wiring, _of("training"))


def _explore(wiring: Wiring, exports: Exports) -> None:
    _options(wiring, [path for path in _of("explore") if path not in REFERENCE])


def _export(wiring: Wiring, exports: Exports) -> None:
    _heading("Video")
    path = _segments("Path", list(PATHS), "export-path")
    channel = _segments("Channel", list(CHANNELS), "export-channel")
    with gr.Row(elem_classes="line"):
        frames = _number(60, "Frames", "export-frames", step=1)
        fps = _number(30, "Per second", "export-fps", step=1)
        side = _number(0, "Long side", "export-size", step=1)
    _dim("Long side 0 takes the photos' size.")
    with gr.Row(elem_classes="line"):
        render = wiring.button("export-video", "Render video", "accent")
        cancel = wiring.button("cancel-export", "Cancel")
    asked = [path, frames, side, fps, channel]
    with gr.Column(elem_classes="more", scale=0):
        gr.HTML(MORE, apply_default_css=False)
        asked += _more_of_a_video()
        follow = gr.UploadButton(
            "Follow a file of keyframes", file_types=[".json"], elem_id="action-export-keyframes",
            elem_classes=["action"], min_width=0,
        )  # fmt: skip
        _dim("A transforms.json; the video through its cameras, as set here, starts at once.")

    def render_file(*values: Any) -> None:
        *order, keyframes = values
        exports.video(VideoOrder(*order, keyframes=keyframes))

    listen(render.click, lambda *values: _discard(exports.video(VideoOrder(*values))), asked)
    listen(follow.upload, render_file, [*asked, follow])
    listen(cancel.click, exports.cancel)
    _heading("Scene for other tools")
    shape = _segments("File", list(GEOMETRY_FILES), "export-shape")
    with gr.Row(elem_classes="line"):
        geometry = wiring.button("export-geometry", "Make file")
    listen(geometry.click, lambda file: _discard(exports.geometry(file)), [shape])
    _heading("Cameras for other tools")
    form = _segments("Form", [*EXPORTS, HISTORY], "export-format")
    with gr.Row(elem_classes="line"):
        cameras = wiring.button("export-cameras", "Write cameras")
        plot = wiring.button("export-plot", "Plot cameras")
    listen(cameras.click, lambda kind: _discard(exports.cameras(kind)), [form])
    listen(plot.click, lambda: _discard(exports.plot()))
    place("jobs", "jobs")


def _more_of_a_video() -> list[gr.components.Component]:
    """What few change: the rest of `VideoOrder`, in its order."""
    usual = Route()
    form = _segments("Form", list(FORMS), "export-form")
    order = _segments("Order of an interpolated path", list(ORDERS), "export-order")
    with gr.Row(elem_classes="line"):
        turns = _number(usual.turns, "Turns", "export-turns", step=1)
        in_and_out = _number(usual.depth_turns, "In and out", "export-depth-turns", step=0.5)
        focus = _number(0, "Looks at", "export-focus", step=0.1)
    _dim("Of the spiral: times round, times in and out in each, and the depth it looks at; 0 is "
         "measured.")  # fmt: skip
    with gr.Row(elem_classes="line"):
        percentile = _number(usual.radius_percentile, "Width %", "export-percentile", step=5)
        scales = [
            _number(1, axis, f"export-{axis.lower()}", step=0.1)
            for axis in ("Right", "Down", "Forward")
        ]
    _dim("As wide as this percentage of the cameras is spread, times this along each axis.")
    return [form, order, turns, in_and_out, focus, percentile, *scales]


TABS: dict[str, Callable[[Wiring, Exports], None]] = {
    "Photos": _photos,
    "Cameras": _cameras,
    "Field": _field,
    "Training": _training,
    "Explore": _explore,
    "Export": _export,
}


def _of(section: str) -> list[str]:
    return [path for path, option in options().items() if option.section == section]


def _options(wiring: Wiring, paths: Iterable[str]) -> None:
    """The usual ones, then the expert ones one click deeper."""
    usual, expert = [], []
    for path in paths:
        (expert if options()[path].expert else usual).append(path)
    for path in usual:
        wiring.option(path)
    if expert:
        with gr.Column(elem_classes="more"):
            gr.HTML(MORE, apply_default_css=False)
            for path in expert:
                wiring.option(path)


def _heading(words: str) -> None:
    gr.HTML(f"<h3>{words}</h3>", elem_classes="heading", apply_default_css=False)


def _segments(label: str, choices: list[str], identity: str) -> gr.Radio:
    return gr.Radio(
        choices, value=choices[0], label=label, elem_id=identity, elem_classes="segments"
    )


def _number(value: float, label: str, identity: str, step: float) -> gr.Number:
    return gr.Number(value, label=label, elem_id=identity, step=step, min_width=0)


def _dim(words: str) -> None:
    gr.HTML(words, elem_classes="dim", apply_default_css=False)


def _count(number: float | None) -> int:
    """Epochs as typed; at least one."""
    return max(1, int(number or 1))


def _discard(value: object) -> None:
    """An event's answer is nothing."""
