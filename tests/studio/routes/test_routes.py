"""The studio's own routes: true facts, in strict JSON, and no file but the run's exports."""

import asyncio
import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from core.engine.commands import Adopt, Configure, Reseed
from core.engine.monitoring.history import History
from core.evaluation.cameras import CameraErrors
from core.exporting.jobs import Jobs
from core.photos import Finding
from core.search.features.graph import PhotoFact
from core.search.judging.witnesses import Opinion, Other
from studio.routes import facts
from studio.routes.routes import Routes
from studio.routes.stream import QUICK, Stream
from studio.scene.cameras.reference import Comparison
from studio.scene.replay import Time
from studio.scene.state import (
    GoToTime,
    Highlight,
    HoldTime,
    LookAway,
    LookThrough,
    PlayTime,
    ResetView,
    ShowVirtual,
    Virtual,
)
from tests.studio.panel.stand_ins import Desk, Window
from tests.studio.scene.stand_ins import CAMERAS

STATUS = {
    "stage": str,
    "step": int,
    "epoch": int,
    "playing": bool,
    "loss": float,
    "psnr": float,
    "psnr_at": int,
    "steps_per_second": float,
    "photos": int,
    "notice": str,
    "device": str,
    "config": dict,
    "run": str,
    "phase": str,
    "seconds_left": float,
    "can_undo": bool,
    "undo": str,
    "version": int,
    "jobs": list,
    "view": dict,
}


@pytest.fixture
def engine(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "run", loss=0.5, psnr=3.0, seconds_left=12.0, step=7)


@pytest.fixture
def window() -> Window:
    return Window()


@pytest.fixture
def stream(engine: Desk, window: Window) -> Stream:
    return Stream(engine, window, Jobs(), None)


@pytest.fixture
def routes(engine: Desk, window: Window) -> Routes:
    return Routes(engine, window, Jobs())


@pytest.fixture
def client(routes: Routes) -> TestClient:
    return TestClient(Starlette(routes=routes.routes()))


def strict(text: str) -> Any:
    """JSON that holds no NaN or Infinity, which Python's reader would take."""

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is no JSON")

    return json.loads(text, parse_constant=refuse)


def history(count: int) -> History:
    steps = np.arange(count, dtype=np.float64)
    return History(steps, np.exp(-steps), steps / 10, np.full(count, 0.8), ((3, "Rebuild"),))


# -- /status -------------------------------------------------------------------------------------


def test_the_status_is_complete(engine: Desk, client: TestClient) -> None:
    engine.say("Checkpoint saved.")
    answer = strict(client.get("/status").text)
    assert {name: type(answer[name]) for name in STATUS} == STATUS
    assert answer["config"] == json.loads(engine.snapshot.config.model_dump_json())
    assert (answer["step"], answer["photos"], answer["notice"]) == (7, 3, "Checkpoint saved.")
    assert answer["view"]["clients"] == 1


def test_what_is_unknown_is_null(engine: Desk, window: Window, client: TestClient) -> None:
    engine.publish(loss=math.nan, psnr=math.inf, seconds_left=-math.inf, photos=None, learned=None)
    window.show(stats=dataclasses.replace(window.state.stats, milliseconds=math.nan))
    answer = strict(client.get("/status").text)
    assert answer["loss"] is answer["psnr"] is answer["seconds_left"] is answer["notice"] is None
    assert answer["view"]["milliseconds"] is None and answer["photos"] == 0


def test_what_is_no_text_is_told_all_the_same(engine: Desk, client: TestClient) -> None:
    """Halves of pairs come with names of files and with what was asked; JSON cannot hold them."""
    engine.say("There is no option \ud800.")
    engine.publish(failure="x\udfff", unseen_psnr={"\udc80": 1.0})
    answer = strict(client.get("/status").text)
    assert (answer["notice"], answer["failure"]) == ("There is no option \\ud800.", "x\\udfff")


# -- /events -------------------------------------------------------------------------------------


def kinds(messages: list[str]) -> list[str]:
    for message in messages:
        event, data = message.removesuffix("\n\n").split("\n")
        assert event.startswith("event: ") and data.startswith("data: ")
        strict(data.removeprefix("data: "))
    return [message.split("\n")[0].removeprefix("event: ") for message in messages]


def test_a_stream_tells_only_what_changed(engine: Desk, stream: Stream) -> None:
    feed = stream.feed()
    assert kinds(feed.due(0)) == ["status", "curves", "gallery"]
    assert kinds(feed.due(2)) == []
    engine.publish(step=8)
    assert kinds(feed.due(4)) == ["status"]
    engine.submit(Configure({"data.disabled": ["1.png"]}))
    engine.publish(history=history(5))
    assert kinds(feed.due(6)) == ["status", "curves", "gallery"]


def test_a_stream_is_never_fast_and_never_silent(engine: Desk, stream: Stream) -> None:
    feed = stream.feed()
    told = []
    for tick in range(1, 1001):  # 10 seconds of an engine that publishes 100 times a second
        engine.publish(step=tick, history=history(tick))
        told += kinds(feed.due(tick / 100))
    assert 45 <= told.count("status") <= 51 and told.count("curves") <= 11
    feed.due(12)
    quiet = [kinds(feed.due(13 + second)) for second in range(20)]
    assert [said for said in quiet if said] == [["alive"]] * 4


def test_what_a_person_changes_is_told_at_once(
    engine: Desk, stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio.routes.stream.QUICK", 3600.0)

    async def listen() -> list[str]:
        heard = []
        async for message in stream.messages():
            heard += [message] if message.startswith("event: status") else []
            if len(heard) == 1:
                engine.submit(Configure({"explore.channel": "depth"}))
            else:
                stream.stop()
        return heard

    before, after = asyncio.run(asyncio.wait_for(listen(), 60))
    assert '"channel":"rgb"' in before and '"channel":"depth"' in after


def test_streams_end_with_the_studio(stream: Stream) -> None:
    async def listen() -> list[str]:
        heard = []
        async for message in stream.messages():
            heard.append(message)
            stream.stop()
        return heard

    heard = asyncio.run(asyncio.wait_for(listen(), 10 * QUICK + 5))
    assert kinds(heard)[0] == "status"


@pytest.mark.parametrize("count", [0, 1, 2, facts.POINTS, 5000])
def test_curves_are_thinned_but_end_at_the_newest(count: int) -> None:
    got = facts.curves(history(count))
    assert len(got["steps"]) == len(got["loss"]) == min(count, facts.POINTS)
    assert got["marks"] == [[3, "Rebuild"]]
    if count:
        assert (got["steps"][0], got["steps"][-1]) == (0, count - 1)


def test_the_gallery_knows_each_photo(engine: Desk) -> None:
    engine.submit(Configure({"data.disabled": ["2.png"]}))
    engine.publish(photo_psnr=(20.04, None, math.nan))
    answer = strict(facts.encoded(facts.gallery(engine.snapshot, ())))["photos"]
    unjudged = {"placed": True, "verdict": None}
    assert answer == [
        {"name": "0.png", "on": True, "held_out": False, "psnr": 20.0, **unjudged},
        {"name": "1.png", "on": True, "held_out": True, "psnr": None, **unjudged},
        {"name": "2.png", "on": False, "held_out": False, "psnr": None, **unjudged},
    ]


# -- pictures and files --------------------------------------------------------------------------


def test_thumbnails_are_the_photos(engine: Desk, client: TestClient) -> None:
    answer = client.get("/thumbnail/1.jpg?v=x")
    assert answer.headers["content-type"] == "image/jpeg"
    picture = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_COLOR)
    photo = engine.snapshot.photos.pixels[1]
    assert picture.shape == photo.shape
    assert abs(picture[..., ::-1].mean(axis=(0, 1)) - photo.mean(axis=(0, 1))).max() < 4
    assert client.get("/thumbnail/3.jpg").status_code == 404
    assert client.get("/thumbnail/-1.jpg").status_code == 404


def test_the_virtual_camera_has_a_picture_after_a_while(window: Window, client: TestClient) -> None:
    assert client.get("/virtual-camera.jpg").status_code == 404
    assert client.get("/status").json()["view"]["virtual"] is None
    window.picture = b"a jpeg"
    window.show(virtual=Virtual(4, CAMERAS[0]))
    assert client.get("/virtual-camera.jpg?v=4").content == b"a jpeg"
    answer = client.get("/status").json()["view"]["virtual"]
    assert answer["version"] == 4 and 20 < answer["fov"] < 120


@pytest.fixture
def exports(engine: Desk) -> Path:
    folder = engine.snapshot.run / "exports"
    (folder / "more").mkdir(parents=True)
    (folder / "film.mp4").write_bytes(bytes(range(256)))
    (folder / "more" / "cameras.json").write_text("{}")
    (folder / "page.html").write_text("<script>")
    (folder / "drawing.svg").write_text("<svg>")
    (folder / ".film.1.mp4").write_text("unfinished")
    (folder.parent / "secret.txt").write_text("secret")
    (folder / "link.txt").symlink_to(folder.parent / "secret.txt")
    return folder


def test_exports_are_served_in_ranges(exports: Path, client: TestClient) -> None:
    film = client.get("/files/film.mp4")
    assert film.headers["content-type"] == "video/mp4"
    assert film.headers["content-disposition"].startswith("inline")
    part = client.get("/files/film.mp4", headers={"Range": "bytes=10-19"})
    assert part.status_code == 206 and part.content == bytes(range(10, 20))
    taken = client.get("/files/film.mp4?download")
    assert taken.headers["content-disposition"].startswith("attachment")
    assert client.get("/files/more/cameras.json").text == "{}"


@pytest.mark.parametrize("name", ["page.html", "drawing.svg", "more/cameras.json"])
def test_nothing_that_could_run_is_shown_inline(
    name: str, exports: Path, client: TestClient
) -> None:
    answer = client.get(f"/files/{name}")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment")


@pytest.mark.parametrize(
    "name",
    [
        *("../secret.txt", "%2e%2e/secret.txt", "..%2fsecret.txt", "more/../../secret.txt"),
        *("%2fetc/passwd", "/etc/passwd", "link.txt", ".film.1.mp4", "more", "", "a%00b"),
        *("x" * 5000, "....//secret.txt", "..\\secret.txt"),
    ],
)
def test_nothing_else_is_served(name: str, exports: Path, client: TestClient) -> None:
    assert client.get(f"/files/{name}").status_code == 404


def test_files_are_only_read(exports: Path, client: TestClient) -> None:
    for method in ("PUT", "POST", "DELETE", "PATCH"):
        assert client.request(method, "/files/film.mp4").status_code == 405


# -- small asks ----------------------------------------------------------------------------------


def test_asks_of_the_scene(window: Window, client: TestClient) -> None:
    for path in (
        "/look-through/2",
        "/look-through/none",
        "/highlight/0",
        "/highlight/none",
        "/reset-view",
    ):
        assert client.post(path).status_code == 204
    assert client.post("/virtual-camera/hide").status_code == 204
    assert client.get("/status").json()["view"]["virtual_shown"] is False
    assert window.asked == [
        LookThrough(2),
        LookAway(),
        Highlight(0),
        Highlight(None),
        ResetView(),
        ShowVirtual(False),
    ]
    for path in ("/look-through/3", "/highlight/77", "/virtual-camera/x"):
        assert client.post(path).status_code == 404
    assert client.get("/reset-view").status_code == 405, "a link must not do anything"
    assert len(window.asked) == 6


def test_options_are_changed_by_path(engine: Desk, client: TestClient) -> None:
    assert client.post("/configure", json={"explore.channel": "depth"}).status_code == 204
    assert engine.commands == [Configure({"explore.channel": "depth"})]
    for body in (b"[]", b"{", b"null", b"\xff", b"[" * 100_000):
        assert client.post("/configure", content=body).status_code == 400
    assert client.post("/configure", content=b" " * 300_000).status_code == 413
    assert len(engine.commands) == 1


def test_time_is_played_held_and_gone_to(window: Window, client: TestClient) -> None:
    for act in ("0", "437", "1000", "play", "hold"):
        assert client.post(f"/time/{act}").status_code == 204
    to = [GoToTime(0.0), GoToTime(0.437), GoToTime(1.0)]
    assert window.asked == [*to, PlayTime(), HoldTime()]
    for act in ("1001", "-1", "4.5", "\u0664", "9" * 5000, "now"):
        assert client.post(f"/time/{act}").status_code == 404
    window.show(time=Time(40, 0.25, True, 12, scene_step=31))
    answer = client.get("/status").json()["view"]["time"]
    at = {"step": 40, "part": 0.25, "playing": True, "moments": 12, "scene_step": 31}
    assert answer == at


def test_the_comparison_is_told(window: Window, client: TestClient) -> None:
    assert client.get("/status").json()["view"]["comparison"] is None
    errors = CameraErrors(3, 0.01, None, 0.2, math.nan, None)
    window.show(comparison=Comparison(7, errors))
    answer = strict(client.get("/status").text)["view"]["comparison"]
    assert (answer["step"], answer["failure"], answer["errors"]["ate"]) == (7, None, 0.01)
    assert answer["errors"]["rotation"] is answer["errors"]["focal"] is None


def test_other_cameras_are_asked_for_by_their_way(client: TestClient, engine: Desk) -> None:
    assert client.post("/adopt/features").status_code == 204
    assert engine.commands == [Adopt("features")]
    assert client.post("/adopt/anything").status_code == 404
    assert client.get("/adopt/features").status_code == 405
    assert engine.commands == [Adopt("features")]
    for other in ("rival", "mirrored"):
        assert client.post(f"/adopt/{other}").status_code == 204
    assert client.post("/reseed/1").status_code == 204
    assert client.post("/reseed/0,1").status_code == 204
    for unknown in ("99", "1,99", "-1", "one", "1,"):
        assert client.post(f"/reseed/{unknown}").status_code == 404
    photos = engine.snapshot.photos
    assert photos is not None
    sought = [Reseed((photos.names[1],)), Reseed(photos.names[:2])]
    assert engine.commands[1:] == [Adopt("rival"), Adopt("mirrored"), *sought]
    engine.publish(opinion=Opinion(others=(Other("rival", "wrong", "They are wrong."),)))
    assert facts.status(engine.snapshot)["others"] == [
        {"name": "rival", "word": "wrong", "sentence": "They are wrong."}
    ]


def test_thumbnails_know_the_verdict_of_their_camera_and_who_has_none(engine: Desk) -> None:
    photos, learned = engine.snapshot.photos, engine.snapshot.learned
    assert photos is not None and learned is not None
    waiting = dataclasses.replace(
        learned, held_out=(False, True, False), waiting=(False, False, True)
    )
    mirrored = PhotoFact("mirrored", (0,), "It is mirrored.", "Mirror it back.")
    flat = PhotoFact("flat", (0, 1, 2), "All is flat.", "Add depth.")
    opinion = Opinion("features", "doubtful", (), {0: "wrong"}, facts=(flat, mirrored))
    engine.publish(learned=waiting, opinion=opinion)
    repeated = Finding(photos.names[0], "mirrored", "The same by a check: do something.")
    still = Finding(None, "no parallax", "Nothing moves: step aside.")
    got = facts.gallery(engine.snapshot, (repeated, still))
    assert [(p["placed"], p["verdict"]) for p in got["photos"]] == [
        (True, "wrong"), (True, None), (False, None),
    ]  # fmt: skip
    assert [(f["place"], f["reason"]) for f in got["findings"]] == [
        (None, "flat"),
        (0, "mirrored"),
    ]
    assert got["findings"][1]["sentence"] == "It is mirrored. Mirror it back."
    said = facts.status(engine.snapshot)["photo_facts"]
    assert said[1] == {
        "kind": "mirrored", "sentence": "It is mirrored.", "photos": [photos.names[0]],
        "remedy": "Mirror it back.",
    }  # fmt: skip
