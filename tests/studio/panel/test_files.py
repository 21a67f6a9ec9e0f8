"""What Gradio's server does not do: read the machine's files, ask other machines, keep uploads."""

import io
import os
import socket
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from gradio import processing_utils
from starlette.testclient import TestClient

from studio.panel.mounting import mounted
from studio.security.private import private_folder

ROOT = Path(__file__).parents[3]
SECRET = b"nobody's business"
ELSEWHERE = "https://example.com/photo.png"
Answers = list[Any]


@pytest.fixture(scope="module")
def took() -> Answers:
    """What reached a handler of the page."""
    return []


@pytest.fixture(scope="module")
def client(took: Answers) -> TestClient:
    """A page with one event for each way in which a component takes data."""
    with gr.Blocks() as page:
        inputs = [
            gr.File(),
            gr.File(file_count="multiple"),
            gr.UploadButton(),
            gr.Textbox(),
            gr.Radio(["a"]),
            gr.Number(),
        ]
        button = gr.Button()
        for component in inputs:
            for preprocess in (True, False):
                button.click(took.append, [component], queue=False, preprocess=preprocess)
    return TestClient(mounted(page, []))


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    file = tmp_path / "secret.png"
    file.write_bytes(SECRET)
    return file


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Whatever is asked of another machine, be it only for its address."""
    seen: list[str] = []

    def look_up(host: str, *more: object, **options: object) -> list[Any]:
        seen.append(host)
        raise socket.gaierror("there is no other machine")

    async def get(url: str, *more: object, **options: object) -> None:
        seen.append(url)
        raise OSError("there is no other machine")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(processing_utils.sh, "get", get)
    return seen


def call(client: TestClient, event: int, data: Any) -> int:
    body = {"data": [data], "fn_index": event, "session_hash": "probe"}
    return int(client.post("/gradio_api/run/predict", json=body).status_code)


def named(path: str, **more: Any) -> dict[str, Any]:
    return {"path": path, "meta": {"_type": "gradio.FileData"}, **more}


def kept() -> list[bytes]:
    """Everything in Gradio's folder."""
    folder = Path(os.environ["GRADIO_TEMP_DIR"])
    return [file.read_bytes() for file in folder.rglob("*") if file.is_file()]


def shapes(file: dict[str, Any]) -> list[Any]:
    """The ways to hide a file in the data of a call."""
    return [file, [file], {"deep": [{"er": file}]}]


@pytest.mark.parametrize("event", range(12))
def test_a_file_of_the_machine_is_not_taken_by_its_path(
    client: TestClient, took: Answers, secret: Path, event: int
) -> None:
    took.clear()
    inside = Path(os.environ["GRADIO_TEMP_DIR"]) / "x" / ".." / ".." / ".." / str(secret)[1:]
    for path in (str(secret), f"/proc/self/root{secret}", str(inside), f"file://{secret}"):
        for data in shapes(named(path)) + shapes(named(path, url=f"/gradio_api/file={path}")):
            assert call(client, event, data) != 200
    assert took == []
    assert SECRET not in kept()


@pytest.mark.parametrize("event", range(12))
def test_no_file_is_fetched_from_its_address(
    client: TestClient, took: Answers, asked: list[str], event: int
) -> None:
    took.clear()
    for data in shapes(named(ELSEWHERE)) + shapes(named(ELSEWHERE, url=ELSEWHERE)):
        assert call(client, event, data) != 200
    assert asked == []
    assert took == []


def test_gradio_would_fetch_it(client: TestClient, asked: list[str]) -> None:
    """The recorder of the test before this one records."""
    with pytest.raises(OSError, match="no other machine"):
        processing_utils.sh.get(ELSEWHERE).send(None)
    assert asked == [ELSEWHERE]


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/file={file}",
        "/gradio_api/file/{file}",
        "/file={file}",
        "/gradio_api/file=https://example.com/",
        "/gradio_api/proxy=https://example.com/",
        "/gradio_api/proxy=http://127.0.0.1:1/",
        "/gradio_api/custom_component/x/client/component/..%2f..%2f..{file}",
        "/gradio_api/stream/x/y/1/playlist.m3u8",
        "/gradio_api/stream/x/y/1/..%2f{file}.ts",
        "/gradio_api/deep_link?session_hash=probe",
        "/gradio_api/call/predict",
        "/gradio_api/info",
        "/gradio_api/openapi.json",
        "/gradio_api/mcp/sse",
        "/gradio_api/runs",
        "/gradio_api/dev/reload",
        "/config",
        "/static/..%2f..%2f..%2f..%2f..%2f..%2f..{file}",
        "/static/../../../../../../..{file}",
        "/static/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e{file}",
        "/static/{file}",
        "/assets/..%2f..%2f..%2f..%2f..%2f..%2f..{file}",
        "/svelte/..%2f..{file}",
        "/monitoring",
        "/login",
        "/pwa_icon",
    ],
)
def test_no_route_reads_a_path_or_an_address(
    client: TestClient, secret: Path, asked: list[str], path: str
) -> None:
    for method in ("GET", "HEAD", "POST"):
        answer = client.request(method, path.format(file=secret), json={})
        assert answer.status_code >= 400
        assert SECRET not in answer.content
    assert asked == []


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/component_server",
        "/gradio_api/queue/join",
        "/gradio_api/process_recording",
        "/gradio_api/call/predict",
        "/gradio_api/run/other",
        "/login",
    ],
)
def test_what_the_page_never_sends_is_not_taken(client: TestClient, path: str) -> None:
    assert client.post(path, json={"data": [], "fn_index": 0}).status_code == 404


def test_an_uploaded_file_is_taken_and_lies_where_only_its_owner_reads(
    client: TestClient, took: Answers
) -> None:
    took.clear()
    upload = {"files": ("../../a.png", io.BytesIO(b"a photo"), "image/png")}
    (path,) = client.post("/gradio_api/upload", files=upload).json()
    assert Path(path).is_relative_to(private_folder())
    assert call(client, 0, named(path)) == 200
    assert [Path(file).read_bytes() for file in took] == [b"a photo"]
    assert stat.S_IMODE(private_folder().stat().st_mode) == 0o700


LIFE = """
import studio.panel.mounting, studio.security.private, gradio.utils
print(gradio.utils.get_upload_folder())
"""


def test_the_folder_of_uploads_is_of_this_process_and_goes_with_it(tmp_path: Path) -> None:
    """Another account has run Gradio here: where its folder would be nothing can be made."""
    (tmp_path / "gradio").write_text("not yours")
    done = subprocess.run(
        [sys.executable, "-c", LIFE],
        cwd=ROOT, env={**os.environ, "TMPDIR": str(tmp_path), "GRADIO_TEMP_DIR": ""},
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    assert Path(done.stdout.strip()).parent == tmp_path
    assert [file.name for file in tmp_path.iterdir()] == ["gradio"]
