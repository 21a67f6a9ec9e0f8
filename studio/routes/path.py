"""Routes of the camera path: keyframes from the present view, a preview, saving and loading."""

import dataclasses
import tempfile
from collections.abc import Callable
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from core.errors import InputError
from core.exporting.keyframes import written
from core.formats.transforms import read_cameras
from core.geometry.cameras import Camera
from studio.scene.cameras.keys import Keys

FILE = "path.json"
LARGEST = 256 * 1024  # bytes of a file of keyframes


class CameraPath:
    """What the page asks of the path."""

    def __init__(self, keys: Keys, present: Callable[[], Camera]) -> None:
        """Args: `present` is what the newest visitor sees; it raises `InputError` without one."""
        self._keys = keys
        self._acts: dict[str, Callable[[], None]] = {
            "add": lambda: keys.add(present()),
            "remove": keys.remove,
            "clear": lambda: keys.take([]),
            "preview": keys.preview,
            "stop": keys.stop,
        }
        self._present = present

    def routes(self) -> list[BaseRoute]:
        """All routes. Add them before anything is mounted at ``/``."""
        return [
            Route("/path", self.facts),
            Route("/path.json", self.saved),
            Route("/path/load", self.load, methods=["POST"]),
            Route("/path/{act}", self.act, methods=["POST"]),
        ]

    def facts(self, request: Request) -> Response:
        """GET /path: how many keyframes there are, and which one has the handle."""
        facts = dataclasses.asdict(self._keys.state)
        return JSONResponse(facts, headers={"Cache-Control": "no-store"})

    def saved(self, request: Request) -> Response:
        """GET /path.json: the keyframes as a transforms.json."""
        with tempfile.TemporaryDirectory() as folder:
            try:
                content = written(self._keys.cameras, Path(folder) / FILE).read_bytes()
            except InputError as error:
                return PlainTextResponse(str(error), 409)
        headers = {
            "Cache-Control": "no-store",
            "Content-Disposition": f"attachment; filename={FILE}",
        }
        return Response(content, headers=headers, media_type="application/json")

    def act(self, request: Request) -> Response:
        """POST /path/{act}: add the present view, remove or clear keyframes, preview or stop."""
        act = self._acts.get(request.path_params["act"])
        if act is None:
            return PlainTextResponse("A path cannot be asked for that.", 404)
        try:
            act()
        except InputError as error:
            return PlainTextResponse(str(error), 409)
        return self.facts(request)

    async def load(self, request: Request) -> Response:
        """POST /path/load: keyframes of a transforms.json, in place of those that are there."""
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > LARGEST:
                return PlainTextResponse("This is too long for a path.", 413)
        try:
            await run_in_threadpool(self._load, body)
        except InputError as error:
            return PlainTextResponse(str(error), 409)
        return self.facts(request)

    def _load(self, body: bytes) -> None:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / FILE
            file.write_bytes(body)
            try:
                cameras = [camera for _, camera in read_cameras(file, self._present())]
            except InputError as error:
                raise InputError(str(error).replace(str(file), "The file")) from None
        self._keys.take(cameras)
