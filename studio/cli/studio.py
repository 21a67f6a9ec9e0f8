"""Open the studio in the browser."""

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from core.engine import Engine
from core.engine.commands import LOOK_FIRST, Command, Pause, Play
from core.errors import InputError
from core.formats.reference import read_reference
from core.observing import observers
from core.photos import is_video, local_path
from core.system import few_heaps, settle_memory
from studio.bundled import BUNDLED
from studio.cli.arguments import add_run_arguments, changes, give_back, run_folder
from studio.cli.parent import Lineage
from studio.cli.signals import end_on_signals
from studio.security.hosts import Ways, is_loopback
from studio.serving.opening import open_browser

SUMMARY = "Open the studio in the browser; the bundled scene where no photos are named."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare this command's arguments."""
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on [127.0.0.1]")
    parser.add_argument("--port", type=int, default=7860, help="first port to try [7860]")
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME[:PORT]",
        help="another name under which it may be asked: of a proxy, a container, a forwarded port; "
        "may be given again",
    )
    parser.add_argument(
        "--root-path",
        default="",
        metavar="PATH",
        help="where a proxy shows it, such as /studio [/]",
    )
    parser.add_argument(
        "--no-token",
        action="store_true",
        help="let in every account of this computer; on 127.0.0.1 alone",
    )
    parser.add_argument(
        "--no-browser", action="store_true", help="open no browser, and train without one"
    )
    parser.add_argument(
        "--reference",
        type=Path,
        metavar="PATH",
        help="cameras to show beside the learned ones: a transforms.json, a COLMAP model or a "
        "poses_bounds.npy",
    )
    add_run_arguments(parser, "a folder of photos or a video file [the bundled scene]")


def main(arguments: argparse.Namespace) -> int:
    """Serve until a signal; a new run of photos begins to train once its first page is there.

    Where no browser is opened nobody is waited for. A continued run waits for Play, and so does
    one of a video, whose frames are to be looked through.
    """
    few_heaps()
    from studio.app import Studio  # noqa: PLC0415  gradio and viser take seconds to import

    if arguments.no_token and not is_loopback(arguments.host):
        raise InputError(
            f"--no-token would open --host {arguments.host} to everybody; leave one of them out."
        )
    ways = Ways.of(arguments.allow_host, arguments.root_path)
    if arguments.no_token and ways.hosts:
        raise InputError("--no-token would open what --allow-host names; leave one of them out.")
    lineage = Lineage.of(os.environ)
    if lineage.cause:
        run, asked, begin = _left(lineage, arguments)
    else:
        run, asked, begin = _fresh(arguments)
    ended = end_on_signals()
    engine = Engine(run, asked, died=lineage.cause, observers=observers)
    if begin is not None and arguments.no_browser:
        engine.submit(begin)
        begin = None
    engine.start()
    with_token, port = not arguments.no_token, lineage.left.get("port", arguments.port)
    token = lineage.left.get("token") or ""
    studio = Studio(engine, arguments.host, port, with_token, begin, ways, token)
    studio.start()
    lineage.leave(run=str(run), port=studio.port, token=studio.token)
    if port not in (0, studio.port):
        print(f"Port {port} is taken; using {studio.port}.", flush=True)
    print(f"Studio ready at {studio.entrance}", flush=True)
    for further in studio.entrances[1:]:
        print(f"         and at {further}", flush=True)
    if not arguments.no_browser and not lineage.cause:
        open_browser(studio.entrance)
    settle_memory()
    ended.wait()
    print("Saving and closing.", flush=True)
    unsaved = engine.stop()  # first what must not be lost
    studio.stop()
    if arguments.run is None:
        give_back(run)
    if unsaved:
        print(f"nerfmm studio: {unsaved}", file=sys.stderr)
    return 1 if unsaved else 0


Beginning = tuple[Path, dict[str, Any], Command | None]


def _fresh(arguments: argparse.Namespace) -> Beginning:
    """The run's folder, its options, and what it begins with."""
    asked = changes(arguments)
    if arguments.reference is not None:
        path = local_path(arguments.reference, "reference cameras")
        read_reference(path)  # what cannot be read is said before anything begins
        asked["explore.reference"] = str(path)
    continued = arguments.run is not None and (arguments.run / "checkpoints").is_dir()
    if not continued and not asked.get("data.photos"):
        asked["data.photos"] = str(BUNDLED)
    begin = None if continued else _beginning(asked["data.photos"])
    return run_folder(arguments.run, asked), asked, begin


def _left(lineage: Lineage, arguments: argparse.Namespace) -> Beginning:
    """The same of a studio that died: options as they were saved, which were changed perhaps."""
    run = Path(lineage.left["run"])
    if (run / "checkpoints").is_dir():
        return run, {}, None
    arguments.run = run
    return _fresh(arguments)


def _beginning(photos: str) -> Command:
    """What a new run begins with: frames of a video are to be looked through first."""
    return Pause(LOOK_FIRST) if is_video(photos) else Play()
