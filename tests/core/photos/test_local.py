"""A path is a local file or it is refused; nothing that looks like an address is tried."""

import socket
from pathlib import Path

import pytest

from core.errors import InputError
from core.photos import extract_frames, load_photos, local_path

ADDRESSES = [
    f"{scheme}{place}"
    for scheme in (
        "http://",
        "HTTPS://",
        "ftp://",
        "file://",
        "rtsp://",
        "s3://",
        "tcp:/",
        " http:/",
    )
    for place in ("127.0.0.1:1/x.mp4", "example.org/photos", "[::1]/x")
] + ["//host/share", "\\\\host\\share", "http:\\\\host", "smb://host/x", "git+ssh://host/x"]


@pytest.mark.parametrize("address", ADDRESSES)
def test_addresses_are_refused_without_a_connection(address: str, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("connected"))
    with pytest.raises(InputError, match="nothing is fetched"):
        load_photos(address, 0, "white")
    with pytest.raises(InputError, match="nothing is fetched"):
        extract_frames(address, tmp_path / "frames", count=2, rate=0)


@pytest.mark.parametrize(
    "path", ["", "data:image/png;base64,xx", "nul\0byte", "~nobody_here/x", "x" * 9000]
)
def test_what_is_not_there_is_refused(path: str, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    if path:
        with pytest.raises(InputError, match="does not exist") as refusal:
            local_path(path)
        assert len(str(refusal.value)) < 500
    else:
        assert local_path(path) == tmp_path.resolve()


def test_a_path_is_resolved(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "link").symlink_to("photos")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    wanted = (tmp_path / "photos").resolve()
    for written in (" photos", "photos\n", "'photos'", '"~/photos" ', Path(" photos ")):
        assert local_path(written) == wanted, "as copied"
    assert local_path("link") == local_path("./photos/") == local_path("~/photos") == wanted


def test_a_name_with_blanks_round_it_comes_first(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("photos", " photos"):
        (tmp_path / name).mkdir()
    assert local_path(" photos") == (tmp_path / " photos").resolve()
