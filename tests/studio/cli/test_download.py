"""Fetching goes on where it stopped, and nothing that comes is believed."""

import http.server
import io
import json
import stat
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from core.errors import InputError
from core.exporting.jobs import Watch
from studio.cli import main
from studio.cli.download import EXAMPLES, fetch, unpack

FOLDER = EXAMPLES["fern"].folder


def archive(*entries: tuple[str, bytes]) -> bytes:
    """A zip file."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as opened:
        for name, content in entries:
            opened.writestr(name, content)
    return stream.getvalue()


FERN = archive(
    (f"{FOLDER}/images_4/image000.png", bytes(range(256)) * 300),
    (f"{FOLDER}/images_4/image001.png", b"two"),
    (f"{FOLDER}/poses_bounds.npy", b"numbers"),
    ("nerf_synthetic/lego/a.png", b"not wanted"),
)


@dataclass
class Server:
    """A server of one file, as it is told to behave."""

    content: bytes = FERN
    tag: str = '"first"'
    stops_after: int | None = None  # bytes of an answer, whatever it promised
    status: int | None = None
    asked: list[str | None] = field(default_factory=list)  # the Range of each request
    address: str = ""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server on this machine."""
    told = Server()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told.asked.append(self.headers.get("Range"))
            start = 0
            if told.asked[-1] and self.headers.get("If-Range") == told.tag:
                start = int(told.asked[-1].removeprefix("bytes=").removesuffix("-"))
            body = told.content[start:]
            self.send_response(told.status or (206 if start else 200))
            self.send_header("Content-Length", str(len(body)))
            self.send_header("ETag", told.tag)
            if start:
                last = len(told.content) - 1
                self.send_header("Content-Range", f"bytes {start}-{last}/{last + 1}")
            self.end_headers()
            self.wfile.write(body[: told.stops_after])

        def log_message(self, format: str, *arguments: object) -> None:
            """Say nothing."""

    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    listening = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=lambda: listening.serve_forever(0.01), daemon=True)
    thread.start()
    told.address = f"http://127.0.0.1:{listening.server_port}/example.zip"
    yield told
    listening.shutdown()
    listening.server_close()
    thread.join()


def launched(server: Server, out: Path) -> int:
    """The exit status of the command."""
    return main.run(["download", "fern", "--out", str(out), "--address", server.address])


def test_the_address_is_the_originals() -> None:
    assert EXAMPLES["fern"].address.startswith("http://cseweb.ucsd.edu/~viscomp/projects/LF/")
    assert EXAMPLES["fern"].address.endswith("/nerf_example_data.zip")


def test_fern_is_fetched_and_only_fern(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert launched(server, tmp_path) == 0
    facts = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert facts == {"photos": str(tmp_path / FOLDER / "images_4"), "files": 2}
    files = sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file())
    assert files == [
        f"{FOLDER}/images_4/image000.png",
        f"{FOLDER}/images_4/image001.png",
        f"{FOLDER}/poses_bounds.npy",
    ]
    assert (tmp_path / FOLDER / "images_4/image000.png").read_bytes() == bytes(range(256)) * 300
    assert launched(server, tmp_path) == 0
    assert len(server.asked) == 1  # what is there is not fetched again


def test_an_interrupted_download_goes_on_where_it_stopped(server: Server, tmp_path: Path) -> None:
    server.stops_after = 50_000
    assert launched(server, tmp_path) == 2
    have = (tmp_path / "fern.zip.part").stat().st_size
    assert 0 < have <= 50_000
    server.stops_after = None
    assert launched(server, tmp_path) == 0
    assert server.asked == [None, f"bytes={have}-"]
    assert (tmp_path / FOLDER / "images_4/image000.png").read_bytes() == bytes(range(256)) * 300


def test_a_file_that_changed_meanwhile_is_fetched_anew(server: Server, tmp_path: Path) -> None:
    server.stops_after = 30_000
    assert launched(server, tmp_path) == 2
    server.stops_after, server.tag = None, '"second"'
    server.content = archive((f"{FOLDER}/images_4/new.png", b"new" * 20_000))
    assert launched(server, tmp_path) == 0
    assert [p.name for p in (tmp_path / FOLDER / "images_4").iterdir()] == ["new.png"]


def test_stopping_keeps_what_has_come(server: Server, tmp_path: Path) -> None:
    stopped = Watch(cancelled=lambda: True)
    assert not fetch(server.address, tmp_path / "a.zip", stopped)
    assert not (tmp_path / "a.zip").exists()
    have = (tmp_path / "a.zip.part").stat().st_size
    assert fetch(server.address, tmp_path / "a.zip", Watch())
    assert server.asked == [None, f"bytes={have}-"]
    assert (tmp_path / "a.zip").read_bytes() == FERN


def test_no_network_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["download", "fern", "--out", str(tmp_path), "--address", "http://127.0.0.1:9/a.zip"]
    assert main.run(words) == 2
    (sentence,) = [line for line in capsys.readouterr().err.splitlines() if "studio:" in line]
    assert "127.0.0.1:9" in sentence and "online" in sentence


def test_a_proxy_of_a_kind_that_is_not_spoken_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_PROXY", "no_proxy"):  # the panel, once it is loaded, asks nobody
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:9")
    with pytest.raises(InputError, match="through the proxy that HTTPS_PROXY or ALL_PROXY names"):
        fetch("http://studio.example/a.zip", tmp_path / "a.zip", Watch())


@pytest.mark.parametrize("status", [404, 403, 500])
def test_a_refusal_is_one_sentence(server: Server, tmp_path: Path, status: int) -> None:
    server.status = status
    with pytest.raises(InputError, match=f"{status}.*--address"):
        fetch(server.address, tmp_path / "a.zip", Watch())


def test_a_damaged_archive_is_deleted(server: Server, tmp_path: Path) -> None:
    content = bytearray(FERN)
    content[1000] ^= 255  # within the first picture: only its checksum tells
    server.content = bytes(content)
    assert launched(server, tmp_path) == 2
    assert list(tmp_path.rglob("*.png")) == []
    assert not (tmp_path / "fern.zip").exists()
    server.content = FERN
    assert launched(server, tmp_path) == 0


@pytest.mark.parametrize("name", [f"{FOLDER}/../../../evil.png", f"{FOLDER}/a\\..\\evil.png"])
def test_names_that_lead_elsewhere_are_refused(tmp_path: Path, name: str) -> None:
    place = tmp_path / "in" / "a.zip"
    place.parent.mkdir()
    place.write_bytes(archive((f"{FOLDER}/good.png", b"x"), (name, b"evil")))
    with pytest.raises(InputError, match="leads elsewhere"):
        unpack(place, FOLDER, tmp_path / "in")
    assert [p.name for p in tmp_path.rglob("*") if p.is_file()] == ["a.zip"]


def test_links_are_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo(f"{FOLDER}/images_4")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    place = tmp_path / "a.zip"
    with zipfile.ZipFile(place, "w") as opened:
        opened.writestr(link, "/etc")
    with pytest.raises(InputError, match="leads elsewhere"):
        unpack(place, FOLDER, tmp_path)


def test_an_archive_without_the_folder_is_refused(tmp_path: Path) -> None:
    place = tmp_path / "a.zip"
    place.write_bytes(archive(("other/a.png", b"x")))
    with pytest.raises(InputError, match=FOLDER):
        unpack(place, FOLDER, tmp_path)
