"""What is in each tab of the panel. Options are placed by section, in the order of declaration."""

from collections.abc import Callable, Iterable

import gradio as gr

from core.engine.commands import Configure, Play, Restart, Save
from core.exporting.cameras import EXPORTS
from core.exporting.colour import CHANNELS
from core.geometry.paths import PATHS
from core.training.settings import options
from studio.exports import Exports, VideoOrder
from studio.panel.drops import keep_dropped
from studio.panel.theme import place
from studio.panel.wiring import Wiring, listen

MORE = '<button class="disclose" aria-expanded="false">More</button>'
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
    _options(wiring, _of("explore"))


def _export(wiring: Wiring, exports: Exports) -> None:
    _heading("Video")
    path = _segments("Path", list(PATHS), "export-path")
    channel = _segments("Channel", list(CHANNELS), "export-channel")
    with gr.Row(elem_classes="line"):
        frames = gr.Number(60, label="Frames", elem_id="export-frames", step=1, min_width=0)
        fps = gr.Number(30, label="Per second", elem_id="export-fps", step=1, min_width=0)
        side = gr.Number(0, label="Long side", elem_id="export-size", step=1, min_width=0)
    gr.HTML("Long side 0 takes the photos' size.", elem_classes="dim", apply_default_css=False)
    with gr.Row(elem_classes="line"):
        render = wiring.button("export-video", "Render video", "accent")
        cancel = wiring.button("cancel-export", "Cancel")
    listen(
        render.click,
        lambda *values: _discard(exports.video(VideoOrder(*values))),
        [path, frames, side, fps, channel],
    )
    listen(cancel.click, exports.cancel)
    _heading("Cameras for other tools")
    form = _segments("Form", list(EXPORTS), "export-format")
    with gr.Row(elem_classes="line"):
        cameras = wiring.button("export-cameras", "Write cameras")
    listen(cameras.click, lambda kind: _discard(exports.cameras(kind)), [form])
    place("jobs", "jobs")


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


def _count(number: float | None) -> int:
    """Epochs as typed; at least one."""
    return max(1, int(number or 1))


def _discard(value: object) -> None:
    """An event's answer is nothing."""
