"""A tiny learned world, an engine without training, and a client without a browser."""

import contextlib
import dataclasses
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch
import viser
import zstandard
from torch import Tensor
from torch.nn import functional
from viser import _messages
from viser.infra import Message
from websockets.sync.client import ClientConnection, connect

from core.config import Config
from core.config.paths import changed
from core.engine.governor import Governor
from core.engine.monitoring.trails import Trails
from core.engine.snapshot import Snapshot
from core.fields import SceneField
from core.geometry.cameras import Camera
from core.multiplane.field import Extent, MultiplaneImage, even_places
from core.photos import PhotoSet
from core.rendering.scene import FieldScene, Scene
from core.rendering.volume import RaySettings
from core.training.learned import Learned
from studio.serving.viser_server import PROXY_HEADERS
from tests.cameras import camera
from tests.patience import PATIENCE

WIDTH, HEIGHT, FOCAL = 48, 36, 40.0
NDC = RaySettings("ndc", 0.0, 1.0, 8, False)


CAMERAS = (
    camera((-0.1, 0, 0), (0, 0.05, 0), FOCAL, (WIDTH, HEIGHT)),
    camera((0, 0.05, 0.02), (0, 0, 0), FOCAL, (WIDTH, HEIGHT)),
    camera((0.1, 0, 0), (0.03, -0.05, 0.02), FOCAL, (WIDTH, HEIGHT)),
)


def waves(positions: Tensor, directions: Tensor, noise: Tensor | None = None) -> Any:
    """A field that differs everywhere and stops light soon."""
    return torch.sin(positions * 5) * 0.5 + 0.5, positions.square().sum(-1) * 3


def scene(field: SceneField = waves, settings: RaySettings = NDC) -> Scene:
    """A scene of any field."""
    return FieldScene(field, torch.tensor([FOCAL / WIDTH, FOCAL / HEIGHT]), settings)


def planes_scene(count: int = 8, seed: int = 0) -> Scene:
    """Smooth planes a little larger than the photos."""
    field = MultiplaneImage(even_places(count), 40, 30, Extent((1.4, 1.4), (1.2, 1.2)), 0.1, 1.0)
    generator = torch.Generator().manual_seed(seed)
    for block in field.blocks:
        coarse = torch.randn(len(block), 4, 4, 5, generator=generator)
        block.data += functional.interpolate(coarse, (30, 40), mode="bicubic")
    return scene(field.requires_grad_(False))


def photo_set(count: int = 3, seed: int = 0) -> PhotoSet:
    """Photos of noise."""
    pixels = np.random.default_rng(seed).integers(0, 255, (count, HEIGHT, WIDTH, 3), np.uint8)
    names = tuple(f"{index}.png" for index in range(count))
    return PhotoSet(names, pixels, WIDTH, HEIGHT, None, ())


class Stage:
    """An engine, as the scene sees one, that publishes what a test wants."""

    def __init__(self, field: SceneField = waves, **explore: Any) -> None:
        options = {f"explore.{name}": value for name, value in explore.items()}
        small = {"explore.quality": 64, "explore.samples": 8}
        self.config = changed(Config(), small | options)
        self.photos, self.scene = photo_set(), scene(field)
        self.planes: Scene | None = None
        self.pair: tuple[Scene, ...] = ()
        self.shown = "field"
        self.governor = Governor()
        self.snapshot = Snapshot(0, Path("run"), self.config)
        self._published, self._known = threading.Condition(), 0

    def publish(self, cameras: tuple[Camera, ...] = CAMERAS, **facts: Any) -> Snapshot:
        """A newer snapshot with cameras and the scene."""
        held_out = tuple(index == 1 for index in range(len(cameras)))
        learned = Learned(
            self.photos.names, cameras, held_out, self.scene, self.planes,
            shown=self.shown, pair=self.pair,
        )  # fmt: skip
        known = {"photos": self.photos, "learned": learned, "phase": "ready"}
        return self.publish_facts(**known | facts)

    def publish_facts(self, **facts: Any) -> Snapshot:
        """A newer snapshot with nothing but these facts."""
        version = self.snapshot.version + 1
        facts = {"config": self.config} | facts
        with self._published:
            self.snapshot = Snapshot(version, Path("run"), **facts)
            self._published.notify_all()
        return self.snapshot

    def wait(self, newer_than: int, timeout: float) -> Snapshot:
        """The newest snapshot, as soon as it is newer."""
        with self._published:
            self._known = newer_than
            self._published.wait_for(lambda: self.snapshot.version > newer_than, timeout)
        return self.snapshot

    @property
    def followed(self) -> bool:
        """Whether who waits for newer ones has taken in the newest."""
        return self._known >= self.snapshot.version


def trails(count: int = 4) -> Trails:
    """Cameras that came from the origin."""
    ends = np.stack([camera.position for camera in CAMERAS])
    poses = np.tile(np.eye(3, 4, dtype=np.float32), (count, len(CAMERAS), 1, 1))
    poses[..., 3] = np.linspace(0, 1, count)[:, None, None] * ends
    frames = np.full((count, len(CAMERAS), 2), (FOCAL / WIDTH, FOCAL / HEIGHT), np.float32)
    return Trails(10 * np.arange(count), poses, frames)


def soon(condition: Callable[[], bool]) -> None:
    """Return as soon as a condition holds; fail after a while."""
    tick, left = threading.Event(), PATIENCE
    while not condition():
        assert left > 0, "it never came true"
        tick.wait(0.01)
        left -= 0.01


def nodes(of: viser.ViserServer | viser.ClientHandle) -> dict[str, viser.SceneNodeHandle]:
    """What stands in the scene of all, or of one client alone, by name."""
    return of.scene._handle_from_node_name


@contextlib.contextmanager
def recorded(server: viser.ViserServer) -> Iterator[list[Message]]:
    """Messages that viser broadcasts to all clients meanwhile."""
    sent: list[Message] = []
    queue = server._websock_server.queue_message

    def note(message: Message) -> None:
        sent.append(message)
        queue(message)

    server._websock_server.queue_message = note  # type: ignore[method-assign]
    yield sent
    del server._websock_server.queue_message


class Client:
    """A browser's side of viser's protocol: sends camera messages, receives everything."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self.received: list[dict[str, Any]] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def send(self, message: Message) -> None:
        """A message as viser's own page sends it."""
        content = {"type": type(message).__name__, **dataclasses.asdict(message)}
        self._connection.send(msgspec.msgpack.encode(content))

    def look(
        self,
        position: tuple[float, float, float],
        width: int = 64,
        height: int = 48,
        at: tuple[float, float, float] | None = None,
    ) -> None:
        """Stand somewhere and look `at` a point, or along +z."""
        ahead = at or (position[0], position[1], position[2] + 1)
        self.send(
            _messages.ViewerCameraMessage(
                (1.0, 0.0, 0.0, 0.0), position, 1.0, 0.1, 100.0, height, width, ahead, (0, -1, 0)
            )
        )

    def of(self, kind: str) -> list[dict[str, Any]]:
        """Messages of one kind received so far."""
        return [message for message in list(self.received) if message["type"] == kind]

    def _read(self) -> None:
        with contextlib.suppress(Exception):
            for frame in self._connection:
                self.received += messages_of(frame)


def messages_of(frame: bytes) -> list[dict[str, Any]]:
    """The messages of one frame that viser sent; arrays and images are left as placeholders."""
    length = int.from_bytes(frame[8:16], "little")
    text = zstandard.ZstdDecompressor().decompress(frame[16 : 16 + length])
    return msgspec.msgpack.decode(text)["messages"]


@contextlib.contextmanager
def client(server: viser.ViserServer) -> Iterator[Client]:
    """A connected client."""
    with connect(
        f"ws://127.0.0.1:{server.get_port()}/",
        subprotocols=[f"viser-v{viser.__version__}"],
        additional_headers=PROXY_HEADERS,
        max_size=None,
        proxy=None,
    ) as connection:
        yield Client(connection)
