"""The Export tab: what is asked for usually, and the rest of what exports can do under More."""

from dataclasses import replace
from typing import Any

import gradio as gr

from core.exporting.cameras import EXPORTS
from core.exporting.colour import CHANNELS
from core.exporting.films import FORMS
from core.exporting.history import HISTORY
from core.geometry.gauge import ORIGINS, UPS
from core.geometry.routes import ORDERS, PATHS, Route
from studio.jobs.exports import GEOMETRY_FILES, Exports
from studio.jobs.orders import VideoOrder, World
from studio.panel.theme import put_html
from studio.panel.widgets import dim, discard, heading, more, number, segments
from studio.panel.wiring import Wiring, listen


def export_tab(wiring: Wiring, exports: Exports) -> None:
    """Place everything of the tab here."""
    _video(wiring, exports)
    heading("Scene for other tools")
    shape = segments("Format", list(GEOMETRY_FILES), "export-shape")
    with gr.Row(elem_classes="line"):
        make = wiring.button("export-geometry", "Make file")
        page = wiring.button("export-page", "Page to send")
    heading("Cameras for other tools")
    form = segments("Format", [*EXPORTS, HISTORY], "export-format")
    with gr.Row(elem_classes="line"):
        write = wiring.button("export-cameras", "Write cameras")
        plot = wiring.button("export-plot", "Plot")
        measure = wiring.button("export-measure", "Measure")
    with more("Scale and axes, reference cameras"):
        dim("A page to send is one file that shows the scene, its cameras and how they were found, "
            "in any browser, without a network.")  # fmt: skip
        world = _world()
        gr.HTML(elem_id="export-reference", elem_classes="dim", apply_default_css=False)
    put_html("jobs", "jobs")

    def make_file(file: str, *values: Any) -> None:
        exports.geometry(file, World(*values))

    def write_cameras(kind: str, *values: Any) -> None:
        exports.cameras(kind, World(*values))

    listen(make.click, make_file, [shape, *world])
    listen(write.click, write_cameras, [form, *world])
    listen(page.click, lambda: discard(exports.page()))
    listen(plot.click, lambda: discard(exports.plot()))
    listen(measure.click, lambda: discard(exports.measure()))


def _video(wiring: Wiring, exports: Exports) -> None:
    heading("Video")
    path = segments("Path", list(PATHS), "export-path")
    channel = segments("Channel", list(CHANNELS), "export-channel")
    with gr.Row(elem_classes="line"):
        frames = number(180, "Frames", "export-frames", step=1)
        fps = number(30, "Per second", "export-fps", step=1)
        side = number(0, "Long side", "export-size", step=1)
    dim("Long side 0: as large as the photos, up to 1080p.")
    with gr.Row(elem_classes="line"):
        render = wiring.button("export-video", "Render video", "accent")
        cancel = wiring.button("cancel-export", "Cancel")
    asked: list[gr.components.Component] = [path, frames, side, fps, channel]
    with more("Format, spiral, size, keyframes"):
        asked += _more_of_a_video()
        follow = gr.UploadButton(
            "Follow a file of keyframes", file_types=[".json"], elem_id="action-export-keyframes",
            elem_classes=["action"], min_width=0,
        )  # fmt: skip
        dim("A transforms.json; the video through its cameras, as set here, starts at once.")
        put_html("path", "camera-path")
        own = wiring.button("export-own-path", "Render this path")

    def render_file(*values: Any) -> None:
        *order, keyframes = values
        exports.video(replace(VideoOrder(*order), keyframes=keyframes))

    listen(render.click, lambda *values: discard(exports.video(VideoOrder(*values))), asked)
    listen(follow.upload, render_file, [*asked, follow])
    listen(own.click, lambda *values: discard(exports.own_path(VideoOrder(*values))), asked)
    listen(cancel.click, exports.cancel)


def _more_of_a_video() -> list[gr.components.Component]:
    """What few change: the rest of `VideoOrder`, in its order."""
    usual = Route()
    form = segments("Format", list(FORMS), "export-form")
    order = segments("Order of an interpolated path", list(ORDERS), "export-order")
    with gr.Row(elem_classes="line"):
        turns = number(usual.turns, "Turns", "export-turns", step=1)
        in_and_out = number(usual.depth_turns, "Zoom cycles", "export-depth-turns", step=0.5)
        focus = number(0, "Focus depth", "export-focus", step=0.1)
    dim("Of the spiral: times round, zooms in and out in each, and the depth it looks at; 0 is "
        "measured.")  # fmt: skip
    with gr.Row(elem_classes="line"):
        percentile = number(usual.radius_percentile, "Path size", "export-percentile", step=5)
        scales = [
            number(1, axis, f"export-{axis.lower()}", step=0.1)
            for axis in ("Right", "Down", "Forward")
        ]
    dim("As wide as this percentage of the cameras is spread, times this along each axis.")
    with gr.Row(elem_classes="line"):
        sides = [number(0, side, f"export-{side.lower()}", step=1) for side in ("Width", "Height")]
    dim("Of a frame in another shape, in pixels; 0 follows the long side. Colours of depth are "
        "those of the Explore tab.")  # fmt: skip
    return [form, order, turns, in_and_out, focus, percentile, *scales, *sides]


def _world() -> list[gr.components.Component]:
    """The fields of `World`, in its order."""
    with gr.Row(elem_classes="line"):
        scale = number(0, "Spread of the cameras", "export-scale", step=1)
    dim("Root mean square distance from their middle in the file; 0 leaves lengths as learned.")
    up = segments("Up", list(UPS), "export-up")
    origin = segments("Origin", list(ORIGINS), "export-origin")
    dim("Of the files of scene and cameras alike, so that they fit together.")
    return [scale, up, origin]
