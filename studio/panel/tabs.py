"""What is in each tab of the panel. Options are placed by section, in the order of declaration."""

from collections.abc import Callable, Iterable

import gradio as gr

from core.config.paths import options
from core.engine.commands import Configure, Play, Restart, Save, Sweep
from core.errors import InputError
from core.formats.reference import FILES, MODELS
from studio.jobs.exports import Exports
from studio.panel.drops import changes_of, keep_dropped, keep_reference, passed_over
from studio.panel.export_tab import export_tab
from studio.panel.theme import put_html
from studio.panel.widgets import heading, more, segments
from studio.panel.wiring import Wiring

REFERENCE = ("explore.reference", "explore.show_reference")  # shown beside the cameras
JUDGED = "These cameras are put to the test; what is thought of them stands over the scene."
RATES = ("cameras.rate", "cameras.focal_rate", "field.rate")  # shown together, beside training


def _photos(wiring: Wiring, exports: Exports) -> None:
    put_html("gallery", "gallery")
    label = "Drop photos, a video or cameras"
    drop = gr.File(label=label, file_count="multiple", elem_id="drop", height=96)

    def use(files: list[str]) -> tuple[Configure, str]:
        unused = passed_over(files)
        snapshot = wiring.engine.snapshot
        dropped = keep_dropped(files, snapshot.run)
        changes = changes_of(dropped, snapshot.photos is not None)
        return Configure(changes), unused or ("" if dropped.photos else JUDGED)

    wiring.taking_files(drop, use)
    _options(wiring, _of("data"))


def _cameras(wiring: Wiring, exports: Exports) -> None:
    _options(wiring, [path for path in _of("cameras") if path not in RATES])
    heading("Comparison")
    wiring.option(REFERENCE[0])
    upload = gr.UploadButton(
        "Upload a file or a COLMAP model", file_count="multiple",
        file_types=[suffix for suffix in (*FILES, *MODELS) if suffix != ".npy"],  # has no names
        elem_id="action-reference",
        elem_classes=["action"], min_width=0,
    )  # fmt: skip

    def use(files: list[str]) -> Configure:
        return Configure({REFERENCE[0]: str(keep_reference(files, wiring.engine.snapshot.run))})

    wiring.answering(upload.upload, "reference-complaint", use, [upload])
    put_html("reference", "reference")
    wiring.option(REFERENCE[1])


def _field(wiring: Wiring, exports: Exports) -> None:
    _options(wiring, [path for path in _of("field") if path not in RATES])
    heading("Rendering")
    _options(wiring, _of("rendering"))


def _training(wiring: Wiring, exports: Exports) -> None:
    put_html("stage", "stage")
    unit = segments("Run for a number of", ["epochs", "steps", "seconds"], "run-unit")
    with gr.Row(elem_classes="line"):
        count = gr.Number(10, show_label=False, elem_id="run-epochs", step=1, min_width=0)
        run = wiring.button("run-epochs", "Run")
    wiring.answering(run.click, "run-complaint", _play, [count, unit])
    with gr.Row(elem_classes="line"):
        wiring.action("save", "Save", Save)
        wiring.action("sweep", "Remove old states", Sweep)
        wiring.asking_action("restart", "Restart", Restart)
    heading("Learning rates")
    _options(wiring, RATES)
    heading("Optimisation")
    _options(wiring, _of("training"))
    heading("Losses")
    _options(wiring, _of("losses"))
    heading("Schedule of planes")
    _options(wiring, _of("schedule"))


def _explore(wiring: Wiring, exports: Exports) -> None:
    paths = [path for path in _of("explore") if path not in REFERENCE]
    after = paths.index("explore.show") + 1
    _options(wiring, paths[:after])
    gr.HTML('<p id="show-waits" role="status"></p>', elem_classes="dim", apply_default_css=False)
    _options(wiring, paths[after:])


def _runs(wiring: Wiring, exports: Exports) -> None:
    put_html("runs", "runs")


TABS: dict[str, Callable[[Wiring, Exports], None]] = {
    "Photos": _photos,
    "Cameras": _cameras,
    "Field": _field,
    "Training": _training,
    "Explore": _explore,
    "Export": export_tab,
    "Runs": _runs,
}


def _of(section: str) -> list[str]:
    return [path for path, option in options().items() if option.section == section]


def _options(wiring: Wiring, paths: Iterable[str]) -> None:
    """The usual ones, then the expert ones one click deeper."""
    expert: list[str] = []
    for path in paths:
        if options()[path].expert:
            expert.append(path)
        else:
            wiring.option(path)
    if expert:
        with more():
            for path in expert:
                wiring.option(path)


def _play(number: float | None, unit: str) -> Play:
    """So many epochs or steps, or so long.

    Raises:
        InputError: that cannot be.
    """
    if number is None or number <= 0:
        typed = "nothing" if number is None else f"{number:g}"
        raise InputError(f"Run for {typed} {unit} is no length of time; type a number above 0.")
    if unit == "seconds":
        return Play(seconds=number)
    if number != int(number):
        raise InputError(f"{number:g} {unit} cannot be run; type a whole number.")
    return Play(steps=int(number)) if unit == "steps" else Play(epochs=int(number))
