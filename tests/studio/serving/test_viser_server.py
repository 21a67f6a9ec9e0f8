"""What viser's server no longer does once it is started here. Real messages over real sockets."""

import dataclasses
import http.client
import threading
from collections.abc import Iterator

import msgspec
import pytest
import viser
import viser._viser
from viser import _messages
from viser.infra import Message
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from studio.serving.viser_server import PROXY_HEADERS, start_viser, stop_viser
from tests.patience import PATIENCE

CAMERA = _messages.ViewerCameraMessage(
    (1.0, 0.0, 0.0, 0.0), (0.0, 0.0, -3.0), 1.0, 0.1, 100.0, 90, 160, (0.0,) * 3, (0.0, -1.0, 0.0)
)
SHARING = [_messages.ShareUrlRequest(), _messages.ShareUrlDisconnect()]


class Tunnel:
    """Stands for viser's tunnel to its public server and notes every attempt to open one."""

    def __init__(self) -> None:
        self.attempted = threading.Event()

    def __call__(self, domain: str, port: int) -> "Tunnel":
        self.attempted.set()
        return self

    def on_connect(self, callback: object) -> None: ...

    def on_disconnect(self, callback: object) -> None: ...

    def close(self) -> None: ...

    def get_url(self) -> None: ...

    def get_status(self) -> str:
        return "failed"


@pytest.fixture
def tunnel(monkeypatch: pytest.MonkeyPatch) -> Tunnel:
    recorder = Tunnel()
    monkeypatch.setattr(viser._viser, "ViserTunnel", recorder)
    return recorder


@pytest.fixture
def server() -> Iterator[viser.ViserServer]:
    started = start_viser()
    yield started
    stop_viser(started)


@pytest.fixture
def plain() -> Iterator[viser.ViserServer]:
    """viser as it comes, to show that the tests can fail."""
    started = viser.ViserServer(host="127.0.0.1", port=0, verbose=False)
    yield started
    stop_viser(started)


def encode(message: Message) -> bytes:
    """A message as viser's own page sends it."""
    return msgspec.msgpack.encode({"type": type(message).__name__, **dataclasses.asdict(message)})


def send_then_click(server: viser.ViserServer, messages: list[Message]) -> None:
    """Connect, send the messages and then click a button; return when the click was handled.

    viser handles a client's messages in order, so the messages were handled as well.
    """
    clicked = threading.Event()
    button = server.gui.add_button("click")
    button.on_click(lambda _: clicked.set())
    click = _messages.GuiUpdateMessage(button._impl.uuid, {"value": True})
    with connect(
        f"ws://127.0.0.1:{server.get_port()}/",
        subprotocols=[f"viser-v{viser.__version__}"],
        additional_headers=PROXY_HEADERS,
        max_size=None,
        proxy=None,
    ) as client:
        for message in [CAMERA, *messages, click]:
            client.send(encode(message))
        assert clicked.wait(PATIENCE)


def test_no_client_can_open_a_public_tunnel(server: viser.ViserServer, tunnel: Tunnel) -> None:
    send_then_click(server, SHARING)
    server._thread_executor.shutdown(wait=True)  # an attempt would be made by one of its threads
    assert not tunnel.attempted.is_set()


def test_any_client_of_a_plain_viser_can(plain: viser.ViserServer, tunnel: Tunnel) -> None:
    send_then_click(plain, SHARING)
    assert tunnel.attempted.wait(PATIENCE)


def upload(button: viser.GuiUploadButtonHandle) -> list[Message]:
    """A whole file for an upload button, in one part."""
    uuid = button._impl.uuid
    start = _messages.FileTransferStartUpload(uuid, "t", "../../evil.sh", "text/plain", 1, 4)
    return [start, _messages.FileTransferPart(uuid, "t", 0, b"evil")]


def test_uploads_reach_neither_shared_buttons_nor_a_clients_own(server: viser.ViserServer) -> None:
    own: list[viser.GuiUploadButtonHandle] = []
    connected = threading.Event()
    shared = server.gui.add_upload_button("shared")

    @server.on_client_connect
    async def _(client: viser.ClientHandle) -> None:
        own.append(client.gui.add_upload_button("own"))
        connected.set()

    with connect(
        f"ws://127.0.0.1:{server.get_port()}/",
        subprotocols=[f"viser-v{viser.__version__}"],
        additional_headers=PROXY_HEADERS,
        proxy=None,
    ) as client:
        client.send(encode(CAMERA))
        assert connected.wait(PATIENCE)
        for message in [*upload(shared), *upload(own[0])]:
            client.send(encode(message))
        send_then_click(server, upload(shared))
    assert (shared.value.content, own[0].value.content) == (b"", b"")


def test_a_plain_viser_takes_uploads(plain: viser.ViserServer) -> None:
    button = plain.gui.add_upload_button("shared")
    send_then_click(plain, upload(button))
    assert button.value.content == b"evil"


@pytest.mark.parametrize("secrets_sent", [0, 1, 2])
@pytest.mark.parametrize("upgrade", [False, True])
def test_only_the_proxys_secret_opens_the_port(
    server: viser.ViserServer, secrets_sent: int, upgrade: bool
) -> None:
    ((header, secret),) = PROXY_HEADERS.items()
    connection = http.client.HTTPConnection("127.0.0.1", server.get_port(), timeout=PATIENCE)
    connection.putrequest("GET", "/")
    for _ in range(secrets_sent):
        connection.putheader(header, secret)
    if upgrade:
        connection.putheader("Connection", "Upgrade")
        connection.putheader("Upgrade", "websocket")
        connection.putheader("Sec-WebSocket-Version", "13")
        connection.putheader("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
        connection.putheader("Sec-WebSocket-Protocol", f"viser-v{viser.__version__}")
    connection.endheaders()
    status = connection.getresponse().status
    connection.close()
    assert status == ((101 if upgrade else 200) if secrets_sent == 1 else 403)


@pytest.mark.parametrize("wrong", ["", "ä", "x" * 43, next(iter(PROXY_HEADERS.values()))[:-1]])
def test_a_wrong_secret_is_refused(server: viser.ViserServer, wrong: str) -> None:
    headers = dict.fromkeys(PROXY_HEADERS, wrong)
    with pytest.raises(InvalidStatus, match="403"):
        connect(f"ws://127.0.0.1:{server.get_port()}/", additional_headers=headers, proxy=None)


def test_it_listens_on_this_computer_only_and_is_patient(server: viser.ViserServer) -> None:
    with connect(
        f"ws://127.0.0.1:{server.get_port()}/",
        subprotocols=[f"viser-v{viser.__version__}"],
        additional_headers=PROXY_HEADERS,
        proxy=None,
    ) as client:
        client.recv()
        connections = list(server._websock_server._live_connections.values())
        assert [connection.local_address[0] for connection in connections] == ["127.0.0.1"]
        assert connections[0].ping_timeout >= 60


def test_other_websocket_servers_of_the_process_stay_as_they_were() -> None:
    import websockets.asyncio.server as library  # noqa: PLC0415 - the name is looked up afresh

    before = library.serve
    stop_viser(start_viser())
    assert library.serve is before


def test_it_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    stop_viser(start_viser())
    assert capfd.readouterr() == ("", "")


def test_a_viser_that_cannot_be_guarded_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[viser.ViserServer] = []

    class Unseen:
        """A viser that opens its port by other means."""

        def __init__(self, **options: object) -> None:
            started.append(self)

        def stop(self) -> None:
            started.remove(self)

    monkeypatch.setattr(viser, "ViserServer", Unseen)
    with pytest.raises(RuntimeError, match="cannot be guarded"):
        start_viser()
    assert started == []
