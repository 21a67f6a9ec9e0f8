"""Train without a window: a progress bar, and one line of JSON at the end."""

import argparse
import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from core.distributed.launching import joined
from core.distributed.process_group import DistributedGroup
from core.engine import Engine, Snapshot
from core.engine.commands import CAMERAS, Adopt, Play, Reseed
from core.engine.commands.limits import check_limit
from core.engine.leader import follow
from core.errors import InputError
from core.observing import observers
from core.search.judging.witnesses import FOUND_BY
from studio.cli.arguments import add_run_arguments, changes, give_back, run_folder
from studio.cli.parent import Lineage
from studio.cli.signals import end_on_signals
from studio.routes.advice import Advice
from studio.routes.facts import verdict

CHECKED_WITHIN = 30.0  # seconds after training in which a check of the cameras may end
SUMMARY = "Learn cameras and a field without a window."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare this command's arguments."""
    limit = parser.add_mutually_exclusive_group()
    limit.add_argument(
        "--seconds", type=float, default=0.0, help="train so long, from the first step"
    )
    limit.add_argument("--steps", type=int, default=0, help="train so many more steps")
    parser.add_argument(
        "--take",
        choices=CAMERAS,
        help="take other cameras once they are known: of another way, those that cameras.rival "
        "names, or the mirror image of those found",
    )
    parser.add_argument(
        "--reseed", nargs="+", default=[], metavar="PHOTO",
        help="look for the cameras of these photos anew, once the others are known",
    )  # fmt: skip
    add_run_arguments(parser, "a folder of photos or a video file")


def main(arguments: argparse.Namespace) -> int:
    """Train until the limit, an option's own end, or a signal; save; print one JSON line.

    Where torchrun has started several processes the first one does so, and the others help it.
    """
    ended, team = end_on_signals(), joined(os.environ)
    if isinstance(team, DistributedGroup) and team.rank > 0:
        return follow(team)  # whatever the signal, the leader says when to end
    lineage, advice = Lineage.of(os.environ), Advice()
    run, asked = _asked(arguments, lineage)
    engine = Engine(run, asked, team, lineage.cause, observers)
    if not lineage.cause:
        engine.submit(Play(steps=arguments.steps, seconds=arguments.seconds))
    engine.start()
    remedies = [] if lineage.cause else wanted(arguments)
    last = _watch(engine, advice, ended, lineage, remedies)
    _heard(engine, ended)
    unsaved = engine.stop()
    advice.stop()
    if last.phase == "failed":
        if arguments.run is None:
            give_back(run)
        raise InputError(last.failure or "The photos could not be opened.")
    if unsaved:
        print(f"nerfmm studio: {unsaved}", file=sys.stderr)
        return 1
    return _report(run, engine.snapshot, remedies)


def _asked(arguments: argparse.Namespace, lineage: Lineage) -> tuple[Path, dict[str, Any]]:
    """The run's folder, and the options to begin it with.

    Raises:
        InputError: there are no photos, or a limit is no such number.
    """
    asked = changes(arguments)
    if lineage.cause:  # one died that had the run
        run = Path(lineage.left["run"])
        return run, {} if (run / "checkpoints").is_dir() else asked
    if arguments.run is None and not asked.get("data.photos"):
        raise InputError("train needs --photos PATH, or --run DIR of a run to continue.")
    check_limit("seconds", arguments.seconds)
    check_limit("steps", arguments.steps)
    return run_folder(arguments.run, asked), asked


def _report(run: Path, last: Snapshot, remedies: list[Adopt | Reseed]) -> int:
    """Print what came of it, and which `remedies` were asked for in vain; 1 where it failed."""
    facts = {
        "run": str(run),
        "steps": last.step,
        "seconds": round(last.seconds, 2),
        "psnr": last.psnr,
        "found_by": FOUND_BY[last.found_by],
        "device": last.device_name,
        **verdict(last.opinion, last.photos),
    }
    print(json.dumps(facts))
    for command in remedies:
        late = f"{type(command).__name__} was asked for, but its cameras were not known in time"
        print(f"nerfmm studio: {late}; train longer.", file=sys.stderr)
    if last.failure:
        print(f"nerfmm studio: {last.failure}", file=sys.stderr)
    return 1 if last.failure else 0


def wanted(arguments: argparse.Namespace) -> list[Adopt | Reseed]:
    """What is to be done about the cameras as soon as it can be."""
    take = [Adopt(arguments.take)] if arguments.take else []
    return [*take, *([Reseed(tuple(arguments.reseed))] if arguments.reseed else [])]


def able(snapshot: Snapshot, command: Adopt | Reseed) -> bool:
    """Whether enough is known of cameras for what was asked."""
    opinion = snapshot.opinion
    if isinstance(command, Adopt) and command.way != "mirrored":
        return command.way in {other.name for other in opinion.others}
    return opinion.way is not None


def _watch(
    engine: Engine,
    advice: Advice,
    ended: threading.Event,
    lineage: Lineage,
    asked: list[Adopt | Reseed],
) -> Snapshot:
    """Show progress until training pauses by itself or a signal asks for the end.

    Args: `asked` is submitted, each as soon as it can be done.
    """
    teller, first = Teller(advice), None  # the step at which this command began
    columns = (
        TextColumn("{task.fields[stage]}"),
        BarColumn(),
        TextColumn("step {task.fields[step]:,}  PSNR {task.fields[psnr]} dB"),
        TextColumn("{task.fields[speed]:.1f} it/s  {task.fields[left]}"),
    )
    snapshot = engine.wait(0, timeout=60)
    with Progress(*columns, console=teller.console) as bar:
        task = bar.add_task("", total=None, stage="loading", step=0, psnr="-", speed=0.0, left="")
        while snapshot.playing or first is None or snapshot.step == first:
            answered = first is not None  # the first command was taken, or refused
            if snapshot.phase == "ready" and first is None:
                first = snapshot.step
                lineage.leave(run=str(snapshot.run))
                if lineage.cause and not snapshot.playing:  # it had ended training already
                    break
            teller.tell(snapshot)
            for command in [command for command in asked if able(snapshot, command)]:
                engine.submit(command)
                asked.remove(command)
            _show(bar, task, snapshot)
            if ended.is_set() or snapshot.phase == "failed" or snapshot.failure:
                break
            if answered and _finished(snapshot):
                break
            snapshot = engine.wait(snapshot.version, timeout=0.25)
        _show(bar, task, snapshot)
    return snapshot


class Teller:
    """Prints notices, and what photos alone tell, each once."""

    def __init__(self, advice: Advice) -> None:
        """Nothing is printed yet."""
        self.console = Console(stderr=True)
        self._advice: Advice | None = advice
        self._newest = 0  # the number of the notice printed last

    def tell(self, snapshot: Snapshot) -> None:
        """Print what is new; a failure is for the end to say."""
        for notice in snapshot.notices:
            if notice.number > self._newest and snapshot.phase == "ready":
                self._newest = notice.number
                if notice.kind != "failure":
                    self._print(notice.text)
        if self._advice is not None and (found := self._advice.of(snapshot)) is not None:
            self._advice = None
            for finding in found:
                self._print(finding.sentence)

    def _print(self, sentence: str) -> None:
        self.console.print(sentence, highlight=False, markup=False)


def _heard(engine: Engine, ended: threading.Event) -> None:
    """Let a check of the cameras come to its end, which training may have left little time for."""
    latest = time.monotonic() + CHECKED_WITHIN
    while engine.snapshot.opinion.checking and time.monotonic() < latest:
        if ended.wait(0.1):
            return


def _finished(snapshot: Snapshot) -> bool:
    """Whether training has made all epochs that `training.epochs` asks for."""
    return not snapshot.playing and 0 < snapshot.config.training.epochs <= snapshot.epoch


def _show(bar: Progress, task: TaskID, snapshot: Snapshot) -> None:
    left = snapshot.seconds_left
    done = snapshot.seconds
    bar.update(
        task,
        total=None if left is None else done + left,
        completed=done,
        stage=snapshot.stage if snapshot.phase == "ready" else snapshot.phase,
        step=snapshot.step,
        psnr="-" if snapshot.psnr is None else f"{snapshot.psnr:.1f}",
        speed=snapshot.steps_per_second,
        left="" if left is None else f"{int(left) // 60}:{int(left) % 60:02d} left",
    )
