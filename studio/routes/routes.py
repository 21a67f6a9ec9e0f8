"""The studio's own routes beside the panel: facts out, small asks in.

`/status` is the truth as JSON, `/events` the same as a stream for the page, 5 times a second and at
once after a person's change, and only what changed. Who may call is decided in front by
`studio.security.guard.Guard`.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
from starlette.requests import Request
from starlette.responses import (
    FileResponse,
    JSONResponse,
    PlainTextResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import BaseRoute, Route

from core.engine.commands import CAMERAS, Adopt, Command, Configure, Reseed
from core.exporting.jobs import Jobs
from core.runs import home
from studio.protocols import Steerable, Viewer
from studio.routes.stream import Stream
from studio.scene.state import (
    GoToTime,
    Highlight,
    HoldTime,
    LookAway,
    LookThrough,
    PlayTime,
    ResetView,
    ShowVirtual,
    ViewCommand,
    Wipe,
)

SHOWN = {
    ".mp4": "video/mp4",
    ".gif": "image/gif",
    ".png": "image/png",
    ".jpg": "image/jpeg",
}  # others are downloads
THUMBNAIL = 168  # pixels of the longer side
THOUSAND = 1000  # places of the slider of time, and of the line between two scenes
LARGEST_ASK = 256 * 1024  # bytes of a posted JSON


class Routes:
    """Tells the newest facts to whoever asks, and hands on what is asked for."""

    def __init__(
        self, engine: Steerable, viewer: Viewer, jobs: Jobs, begin: Command | None = None
    ) -> None:
        """Args: `begin` waits for the first page, so that nobody misses the first seconds."""
        self._engine, self._viewer = engine, viewer
        self._stream = Stream(engine, viewer, jobs, begin)

    def routes(self) -> list[BaseRoute]:
        """All routes. Add them before anything is mounted at ``/``."""
        return [
            Route("/status", self.status),
            Route("/events", self.events),
            Route("/thumbnail/{index:int}.jpg", self.thumbnail),
            Route("/photo/{index:int}.jpg", self.photo),
            Route("/photo-error.jpg", self.photo_error),
            Route("/virtual-camera.jpg", self.virtual_camera),
            Route("/files/{name:path}", self.file),
            Route("/configure", self.configure, methods=["POST"]),
            Route("/adopt/{way}", self.adopt, methods=["POST"]),
            Route("/reseed/{places}", self.reseed, methods=["POST"]),
            Route("/look-through/{index:int}", self.look_through, methods=["POST"]),
            Route("/look-through/none", self.look_away, methods=["POST"]),
            Route("/highlight/{index:int}", self.highlight, methods=["POST"]),
            Route("/highlight/none", self.highlight_none, methods=["POST"]),
            Route("/reset-view", self.reset_view, methods=["POST"]),
            Route("/wipe/{part:int}", self.wipe, methods=["POST"]),
            Route("/time/{act}", self.travel, methods=["POST"]),
            Route("/virtual-camera/{act}", self.show_virtual, methods=["POST"]),
        ]

    def stop(self) -> None:
        """End every stream soon."""
        self._stream.stop()

    # -- facts out -------------------------------------------------------------------------------

    def status(self, request: Request) -> Response:
        """GET /status: the whole truth as JSON."""
        return JSONResponse(self._stream.status(), headers={"Cache-Control": "no-store"})

    async def events(self, request: Request) -> Response:
        """GET /events: server-sent events `status`, `curves`, `gallery`, and `alive` in between."""
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        messages = self._stream.messages()
        return StreamingResponse(messages, media_type="text/event-stream", headers=headers)

    def thumbnail(self, request: Request) -> Response:
        """GET /thumbnail/{index}.jpg: a small picture of one photo."""
        return self._photo(request, THUMBNAIL)

    def photo(self, request: Request) -> Response:
        """GET /photo/{index}.jpg: one photo, as large as it is trained on."""
        return self._photo(request, None)

    def _photo(self, request: Request, long_side: int | None) -> Response:
        photos, index = self._engine.snapshot.photos, request.path_params["index"]
        if photos is None or index >= len(photos.names):
            return PlainTextResponse("There is no such photo.", 404)
        pixels = photos.picture(index)
        if long_side is not None:
            scale = min(1.0, long_side / max(pixels.shape[:2]))
            size = [max(1, round(side * scale)) for side in pixels.shape[1::-1]]
            pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
        quality = [cv2.IMWRITE_JPEG_QUALITY, 85 if long_side else 92]
        _, jpeg = cv2.imencode(".jpg", pixels[..., ::-1], quality)
        kept = "max-age=86400" if "v" in request.query_params else "no-store"
        return Response(jpeg.tobytes(), headers={"Cache-Control": kept}, media_type="image/jpeg")

    def photo_error(self, request: Request) -> Response:
        """GET /photo-error.jpg: the signed error of the photo that is looked through."""
        jpeg = self._viewer.error_picture()
        if not jpeg:
            return PlainTextResponse("Nobody looks through a photo.", 404)
        return Response(jpeg, headers={"Cache-Control": "no-store"}, media_type="image/jpeg")

    def virtual_camera(self, request: Request) -> Response:
        """GET /virtual-camera.jpg: what the virtual camera sees now."""
        jpeg = self._viewer.virtual_picture()
        if not jpeg:
            return PlainTextResponse("The virtual camera has seen nothing yet.", 404)
        headers = {"Cache-Control": "no-store"}
        return Response(jpeg, headers=headers, media_type="image/jpeg")

    def file(self, request: Request) -> Response:
        """GET /files/{name}: one of the run's exports, in ranges where asked for."""
        file = exported(self._engine.snapshot.run / home.EXPORTS, request.path_params["name"])
        if file is None:
            return PlainTextResponse("There is no such export.", 404)
        kind = SHOWN.get(file.suffix.lower())
        inline = kind is not None and "download" not in request.query_params
        return FileResponse(
            file,
            media_type=kind or "application/octet-stream",
            filename=file.name,
            content_disposition_type="inline" if inline else "attachment",
        )

    # -- small asks in ---------------------------------------------------------------------------

    async def configure(self, request: Request) -> Response:
        """POST /configure: options by path as a JSON object."""
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > LARGEST_ASK:
                return PlainTextResponse("This is too long for options.", 413)
        changes = _options(body)
        if changes is None:
            return PlainTextResponse("Send options by path as a JSON object.", 400)
        self._engine.submit(Configure(changes))
        return Response(status_code=204)

    def adopt(self, request: Request) -> Response:
        """POST /adopt/{way}: take other cameras, see `core.engine.commands.CAMERAS`."""
        way = request.path_params["way"]
        if way not in CAMERAS:
            return PlainTextResponse("There is no such way to cameras.", 404)
        self._engine.submit(Adopt(way))
        return Response(status_code=204)

    def reseed(self, request: Request) -> Response:
        """POST /reseed/{index}[,{index}...]: look for the cameras of photos anew."""
        photos, indices = self._engine.snapshot.photos, request.path_params["places"].split(",")
        names = () if photos is None else photos.names
        if not all(index.isdecimal() and int(index) < len(names) for index in indices):
            return PlainTextResponse("There is no such photo.", 404)
        self._engine.submit(Reseed(tuple(names[int(index)] for index in indices)))
        return Response(status_code=204)

    def look_through(self, request: Request) -> Response:
        """POST /look-through/{index}: stand behind a photo's camera."""
        return self._with_camera(request, LookThrough)

    def look_away(self, request: Request) -> Response:
        """POST /look-through/none: back to where one stood before."""
        return self._shown(LookAway())

    def highlight(self, request: Request) -> Response:
        """POST /highlight/{index}: make one frustum stand out."""
        return self._with_camera(request, Highlight)

    def highlight_none(self, request: Request) -> Response:
        """POST /highlight/none: all frustums alike again."""
        return self._shown(Highlight(None))

    def reset_view(self, request: Request) -> Response:
        """POST /reset-view: back to the start."""
        return self._shown(ResetView())

    def show_virtual(self, request: Request) -> Response:
        """POST /virtual-camera/show or /virtual-camera/hide: for all who look."""
        if request.path_params["act"] not in ("show", "hide"):
            return PlainTextResponse("The virtual camera is shown or hidden.", 404)
        return self._shown(ShowVirtual(request.path_params["act"] == "show"))

    def wipe(self, request: Request) -> Response:
        """POST /wipe/N: the line between two scenes at N thousandths of the canvas."""
        return self._shown(Wipe(min(request.path_params["part"], THOUSAND) / THOUSAND))

    def travel(self, request: Request) -> Response:
        """POST /time/play, /time/hold or /time/N: thousandths of the cameras' way; 1000 is now."""
        match request.path_params["act"]:
            case "play":
                return self._shown(PlayTime())
            case "hold":
                return self._shown(HoldTime())
            case part if re.fullmatch("[0-9]{1,3}|1000", part):
                return self._shown(GoToTime(int(part) / THOUSAND))
        return PlainTextResponse("Time is played, held, or from 0 to 1000.", 404)

    def _with_camera(self, request: Request, asked: Callable[[int], ViewCommand]) -> Response:
        learned, index = self._engine.snapshot.learned, request.path_params["index"]
        if learned is None or index >= len(learned.cameras):
            return PlainTextResponse("There is no such camera.", 404)
        return self._shown(asked(index))

    def _shown(self, command: ViewCommand) -> Response:
        """Hand on what is asked of the scene."""
        self._viewer.submit(command)
        return Response(status_code=204)


def exported(folder: Path, name: str) -> Path | None:
    """The file of that name inside a folder; None for what is hidden, or outside by any way."""
    try:
        root, file = folder.resolve(), (folder / name).resolve()
        if not file.is_relative_to(root) or not file.is_file():
            return None
    except (OSError, ValueError):  # a name too long, or with a NUL in it
        return None
    hidden = any(part.startswith(".") for part in file.relative_to(root).parts)
    return None if hidden else file


def _options(body: bytes) -> dict[str, Any] | None:
    try:
        changes = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return changes if isinstance(changes, dict) else None
