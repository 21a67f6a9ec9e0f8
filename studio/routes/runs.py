"""Routes of the gallery of runs: what lies beside the run that is open, and putting it in order.

What is asked comes from a page, so names are only looked up in the folder (`core.runs.shelf`), and
the run that is open is neither moved nor deleted.
"""

import dataclasses
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from core.config.paths import options
from core.engine.commands import Configure, Open
from core.engine.commands.switches import spoken
from core.engine.run_folder.claim import Claim
from core.errors import InputError
from core.runs.shelf import Shelf
from core.runs.summary import State, Summary, summary_of
from studio.protocols import Steerable
from studio.routes.beside import differences
from studio.routes.branching import branched
from studio.routes.facts import finite

LARGEST_ASK = 4096  # bytes
Asked = dict[str, Any]


class Runs:
    """The runs in the folder of the one that is open."""

    def __init__(self, engine: Steerable) -> None:
        self._engine = engine
        self._changing = threading.Lock()  # one change at a time
        self._acts: dict[str, Callable[[Shelf, Asked], object]] = {
            "open": self._open,
            "branch": self._branch,
            "branch-here": self._branch_here,
            "compare": self._compare,
            "duplicate": lambda shelf, asked: shelf.duplicate(_text(asked, "name")),
            "rename": self._rename,
            "delete": self._delete,
            "restore": lambda shelf, asked: shelf.restore(),
        }

    def routes(self) -> list[BaseRoute]:
        """All routes. Add them before anything is mounted at ``/``."""
        return [
            Route("/runs", self.listed),
            Route("/runs/picture/{name}", self.picture),
            Route("/runs/beside/{name}", self.beside),
            Route("/runs/{act}", self.change, methods=["POST"]),
        ]

    def listed(self, request: Request) -> Response:
        """GET /runs: all runs, the last changed first, and which may be brought back."""
        shelf = self._shelf
        summaries = [one for run in shelf.runs() if (one := summary_of(run)) is not None]
        return _answer(
            {
                "open": self._engine.snapshot.run.name,
                "beside": self._compared_with(),
                "deleted": shelf.deleted,
                "runs": [_facts(one) for one in summaries],
            }
        )

    def picture(self, request: Request) -> Response:
        """GET /runs/picture/{name}: the newest view that a run compared with a photo."""
        try:
            summary = summary_of(self._shelf.find(request.path_params["name"]))
        except InputError as error:
            return PlainTextResponse(str(error), 404)
        if summary is None or summary.picture is None:
            return PlainTextResponse("There is no picture of this run yet.", 404)
        headers = {"Cache-Control": "no-store"}
        return FileResponse(summary.picture, media_type="image/png", headers=headers)

    def beside(self, request: Request) -> Response:
        """GET /runs/beside/{name}: the run that is open beside another, as rows of a table."""
        try:
            other = self._shelf.find(request.path_params["name"])
        except InputError as error:
            return PlainTextResponse(str(error), 404)
        return _answer({"rows": differences(self._engine.snapshot, other)})

    async def change(self, request: Request) -> Response:
        """POST /runs/{act}: open, branch, compare, duplicate, rename, delete or restore a run."""
        act = self._acts.get(request.path_params["act"])
        if act is None:
            return PlainTextResponse("Runs cannot be asked for that.", 404)
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > LARGEST_ASK:
                return PlainTextResponse("This is too long for a name.", 413)
        try:
            await run_in_threadpool(self._changed, act, _object(body))
        except InputError as error:
            return PlainTextResponse(str(error), 409)
        return Response(status_code=204)

    def _changed(self, act: Callable[[Shelf, Asked], object], asked: Asked) -> None:
        with self._changing:
            act(self._shelf, asked)

    @property
    def _shelf(self) -> Shelf:
        return Shelf(self._engine.snapshot.run.parent)

    def _compared_with(self) -> str:
        """The run whose cameras are shown beside those of the one that is open."""
        snapshot = self._engine.snapshot
        named = Path(snapshot.config.explore.reference or "/")
        return named.name if named.parent == snapshot.run.parent else ""

    def _open(self, shelf: Shelf, asked: Asked) -> None:
        self._engine.submit(Open(shelf.find(_text(asked, "name"))))

    def _branch(self, shelf: Shelf, asked: Asked) -> None:
        """A new run from a state of another, which is opened."""
        name, file = _text(asked, "name"), _text(asked, "state")
        summary = summary_of(shelf.find(name))
        state = (
            next((one for one in summary.states if one.path.name == file), None)
            if summary
            else None
        )
        if state is None:
            raise InputError("That moment is no longer kept; choose another.")
        self._engine.submit(Open(shelf.branch(name, state.path)))

    def _branch_here(self, shelf: Shelf, asked: Asked) -> None:
        """A new run from the moment that the slider of time shows, which is opened."""
        step = asked.get("step")
        if not isinstance(step, int) or isinstance(step, bool):
            raise InputError("Send a step.")
        self._engine.submit(branched(shelf, self._engine.snapshot, step))

    def _compare(self, shelf: Shelf, asked: Asked) -> None:
        """Show a run's cameras beside those of the one that is open; none for an empty name."""
        name = _text(asked, "name")
        named = str(shelf.find(name)) if name else ""
        self._engine.submit(Configure({"explore.reference": named}))

    def _rename(self, shelf: Shelf, asked: Asked) -> None:
        self._let_go(shelf, asked, "renamed")
        shelf.rename(_text(asked, "name"), _text(asked, "to").strip())

    def _delete(self, shelf: Shelf, asked: Asked) -> None:
        self._let_go(shelf, asked, "deleted")
        shelf.delete(_text(asked, "name"))

    def _let_go(self, shelf: Shelf, asked: Asked, word: str) -> None:
        """See that nobody has a run open.

        Raises:
            InputError: somebody has.
        """
        run = shelf.find(_text(asked, "name"))
        if run == self._engine.snapshot.run:
            raise InputError(f"{run.name} is open, so it cannot be {word}; open another run first.")
        Claim(run).release()


def _facts(run: Summary) -> dict[str, Any]:
    facts = {name: value for name, value in vars(run).items() if name not in ("states", "picture")}
    return facts | {
        "picture": run.picture is not None,
        "states": [*map(_state, run.states)],
        "options": {options()[path].title: spoken(value) for path, value in run.options.items()},
    }


def _state(state: State) -> dict[str, Any]:
    return dataclasses.asdict(state) | {"path": state.path.name}


def _answer(facts: dict[str, Any]) -> Response:
    return JSONResponse(finite(facts), headers={"Cache-Control": "no-store"})


def _object(body: bytes) -> Asked:
    try:
        asked = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        asked = None
    if not isinstance(asked, dict):
        raise InputError("Send names as a JSON object.")
    return asked


def _text(asked: Asked, name: str) -> str:
    value = asked.get(name)
    if not isinstance(value, str):
        raise InputError(f"Send a {name}.")
    return value
