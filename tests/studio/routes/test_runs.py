"""The gallery of runs through its routes: what is told, what is done, and what is refused."""

import shutil
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from core.engine.commands import Configure, Open
from core.engine.run_folder.claim import Claim
from core.photos import PhotoSet
from core.runs import checkpoint
from core.search.judging.witnesses import Opinion
from studio.routes.runs import Runs
from tests.conftest import shifted_photos
from tests.core.runs.shelved import made_run
from tests.studio.panel.stand_ins import Desk

EVIL = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_run(tmp_path_factory.mktemp("made") / "first")


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """Two runs, of which the first is open, and one with a hostile name."""
    for name in ("first", "second", EVIL):
        shutil.copytree(made, tmp_path / "runs" / name)
        (tmp_path / "runs" / name / "run.lock").unlink()
    (tmp_path / "secret").mkdir()
    return tmp_path / "runs"


@pytest.fixture
def engine(folder: Path) -> Desk:
    learned = checkpoint.learned_in(folder / "first")
    pixels = shifted_photos()
    photos = PhotoSet(learned.names, pixels, 24, 18, None, ())
    return Desk(folder / "first", learned=learned, photos=photos)


@pytest.fixture
def client(engine: Desk) -> TestClient:
    return TestClient(Starlette(routes=Runs(engine).routes()))


def names(client: TestClient) -> set[str]:
    return {run["name"] for run in client.get("/runs").json()["runs"]}


def test_runs_are_listed_with_what_is_known(client: TestClient) -> None:
    answer = client.get("/runs").json()
    assert (answer["open"], answer["deleted"], answer["beside"]) == ("first", "", "")
    runs = {run["name"]: run for run in answer["runs"]}
    assert set(runs) == {"first", "second", EVIL}
    second = runs["second"]
    assert (second["step"], second["photos"], second["verdict"]) == (3, 5, "doubtful")
    assert second["options"]["Rotation"] == "quaternion" and second["picture"] is True
    assert [state["word"] for state in second["states"]] == ["cameras-found", ""]
    assert "/" not in second["states"][0]["path"]


def test_a_picture_is_one_of_a_run(client: TestClient, folder: Path) -> None:
    assert client.get("/runs/picture/second").content == b"picture"
    shutil.rmtree(folder / "second" / "validation")
    assert client.get("/runs/picture/second").status_code == 404
    (folder.parent / "secret" / "000000009.png").write_bytes(b"secret")
    (folder / "second" / "validation").symlink_to(folder.parent / "secret")
    assert client.get("/runs/picture/second").status_code == 404
    for name in ("..%2Fsecret", "nothing", "second%2F.."):
        assert client.get(f"/runs/picture/{name}").status_code == 404


def test_a_run_is_opened(client: TestClient, engine: Desk, folder: Path) -> None:
    assert client.post("/runs/open", json={"name": "second"}).status_code == 204
    assert engine.commands == [Open(folder / "second")]
    assert client.get("/runs").json()["open"] == "second"


def test_a_new_run_begins_at_a_kept_moment(client: TestClient, engine: Desk, folder: Path) -> None:
    state = client.get("/runs").json()["runs"][0]["states"][0]["path"]
    asked = {"name": "second", "state": state}
    assert client.post("/runs/branch", json=asked).status_code == 204
    assert engine.commands == [Open(folder / "second-from-0")]
    for other in ("nothing", "../first/config.yaml", "../../checkpoints/x"):
        refused = client.post("/runs/branch", json=asked | {"state": other})
        assert refused.status_code == 409 and "no longer kept" in refused.text


def test_runs_are_put_in_order(client: TestClient) -> None:
    assert client.post("/runs/duplicate", json={"name": "first"}).status_code == 204
    assert client.post("/runs/rename", json={"name": "second", "to": " SIREN "}).status_code == 204
    assert names(client) == {"first", "first-copy", "SIREN", EVIL}
    assert client.post("/runs/delete", json={"name": EVIL}).status_code == 204
    assert client.get("/runs").json()["deleted"] == EVIL
    assert client.post("/runs/restore", json={}).status_code == 204
    assert names(client) == {"first", "first-copy", "SIREN", EVIL}


def test_the_open_run_and_those_of_others_stay(client: TestClient, folder: Path) -> None:
    for act in ("rename", "delete"):
        refused = client.post(f"/runs/{act}", json={"name": "first", "to": "x"})
        assert refused.status_code == 409 and "open another run first" in refused.text
        with Claim(folder / "second"):
            refused = client.post(f"/runs/{act}", json={"name": "second", "to": "x"})
            assert refused.status_code == 409
    assert names(client) == {"first", "second", EVIL}


def test_two_runs_are_compared(client: TestClient, engine: Desk, folder: Path) -> None:
    assert client.post("/runs/compare", json={"name": "second"}).status_code == 204
    assert engine.commands == [Configure({"explore.reference": str(folder / "second")})]
    assert client.get("/runs").json()["beside"] == "second"
    rows = {row["what"]: row for row in client.get("/runs/beside/second").json()["rows"]}
    assert rows["Cameras apart, of their spread"]["there"] == "0.00%"
    assert rows["Steps"] == {"what": "Steps", "here": "1", "there": "3"}
    assert rows["Verdict"]["here"] == "doubtful when it was saved"
    for doing, word, said in (
        ("checking the cameras, 10%", "unknown yet", "doubtful, being checked again"),
        ("", "trusted", "trusted"),
    ):
        engine.publish(opinion=Opinion("pixels", word, doing=doing))
        row = client.get("/runs/beside/second").json()["rows"][1]
        assert row == {"what": "Verdict", "here": said, "there": "doubtful"}
    assert rows["Rotation"] == {"what": "Rotation", "here": "axis-angle", "there": "quaternion"}
    assert client.post("/runs/compare", json={"name": ""}).status_code == 204
    assert client.get("/runs").json()["beside"] == ""


@pytest.mark.parametrize("act", ["open", "branch", "compare", "duplicate", "rename", "delete"])
@pytest.mark.parametrize("name", ["../secret", "..", "/etc", 7, None, ["first"], "a\0b"])
def test_what_is_no_run_is_refused(
    client: TestClient, engine: Desk, act: str, name: object
) -> None:
    asked = {"name": name, "to": "x", "state": "x"}
    assert client.post(f"/runs/{act}", json=asked).status_code == 409
    assert engine.commands == [] and names(client) == {"first", "second", EVIL}


def test_other_asks_are_refused(client: TestClient) -> None:
    assert client.post("/runs/burn", json={}).status_code == 404
    assert client.post("/runs/open", content=b"{").status_code == 409
    assert client.post("/runs/open", content=b"[1]").status_code == 409
    assert client.post("/runs/open", content=b" " * 5000).status_code == 413
    assert client.get("/runs/beside/nothing").status_code == 404
