"""What is exported shows the cameras that were learned, and none whose photo still waits.

Six cameras see a ball before a wall. In `EARLY` two of them wait, where they were put at the
beginning; `LATER` has never heard of these photos.
"""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from core.errors import InputError
from core.exporting.geometry import write_mesh, write_points, write_splats
from core.exporting.history import write_history
from core.exporting.jobs import Watch
from core.exporting.plots import camera_figure
from core.exporting.video import camera_path
from core.formats.checks import check_writable
from core.geometry.gauge import Gauge
from core.geometry.routes import PATHS, Route
from core.training.learned import Learned
from tests.cameras import camera, same
from tests.core.exporting.worlds import Surfaces, before

SIZE = (60, 45)
WHOLE = before(Surfaces(), 6, SIZE)
WAITING = (True, False, False, True, False, False, False)
START = camera((0, 0, 0), (0, 0, 0), 60, SIZE)


def _early() -> Learned:
    cameras = tuple(
        START if waits else one for one, waits in zip(WHOLE.cameras, WAITING, strict=True)
    )
    return dataclasses.replace(WHOLE, cameras=cameras, waiting=WAITING)


def _later() -> Learned:
    kept = [place for place, waits in enumerate(WAITING) if not waits]
    names, cameras, aside = (
        tuple(values[place] for place in kept)
        for values in (WHOLE.names, WHOLE.cameras, WHOLE.held_out)
    )
    return dataclasses.replace(WHOLE, names=names, cameras=cameras, held_out=aside)


EARLY, LATER = _early(), _later()


def test_photos_that_wait_or_are_kept_aside_are_not_placed() -> None:
    assert EARLY.not_placed == ["0.jpg", "3.jpg", "6.jpg"]
    assert list(EARLY.by_index) == [1, 2, 4, 5]
    assert list(EARLY.by_name) == ["1.jpg", "2.jpg", "4.jpg", "5.jpg"] == list(LATER.by_name)


@pytest.mark.parametrize("gauge", [Gauge(), Gauge(2.0, "z", "mean")], ids=["as-is", "moved"])
@pytest.mark.parametrize(
    ("write", "name"), [(write_points, "a.ply"), (write_splats, "a.ply"), (write_mesh, "a.obj")]
)
def test_geometry_is_made_of_what_placed_cameras_see(write, name, gauge, tmp_path) -> None:
    files = tmp_path / "early" / name, tmp_path / "later" / name
    for learned, file in zip((EARLY, LATER), files, strict=True):
        write(learned, file, Watch(), gauge)
    assert files[0].read_bytes() == files[1].read_bytes()


@pytest.mark.parametrize("kind", PATHS)
def test_videos_go_along_placed_cameras(kind: str) -> None:
    route = Route(kind=kind, frames=9)
    ways = camera_path(EARLY, route), camera_path(LATER, route)
    assert len(ways[0]) == len(ways[1])
    assert all(same(one, other, 1e-9) for one, other in zip(*ways, strict=True))


def test_plots_draw_placed_cameras() -> None:
    _, *flat = camera_figure(EARLY).axes
    for drawn, wanted in zip(flat, camera_figure(LATER).axes[1:], strict=True):
        offsets = [axis.collections[0].get_offsets() for axis in (drawn, wanted)]
        assert np.array_equal(*offsets)
        assert [text.get_text() for text in drawn.texts] == ["2", "3", "5", "6"]


def test_the_history_is_that_of_placed_cameras(tmp_path: Path) -> None:
    out, steps = tmp_path / "history.npz", np.arange(3)
    poses = np.arange(3 * 7 * 12, dtype=np.float32).reshape(3, 7, 3, 4)
    frames = np.arange(3 * 7 * 2, dtype=np.float32).reshape(3, 7, 2)
    write_history(EARLY, steps, poses, frames, out)
    with np.load(out) as kept:
        assert kept["names"].tolist() == list(EARLY.by_name)
        assert np.array_equal(kept["poses"], poses[:, [1, 2, 4, 5]])
        assert np.array_equal(kept["focal"], frames[:, [1, 2, 4, 5]])


def test_where_all_wait_there_is_nothing_to_write(tmp_path: Path) -> None:
    none = dataclasses.replace(EARLY, waiting=(True,) * 7)
    with pytest.raises(InputError, match="train with at least one photo"):
        check_writable(none.by_name)
    arrays = np.zeros(1), np.zeros((1, 7, 3, 4)), np.zeros((1, 7, 2))
    with pytest.raises(InputError, match="no history yet"):
        write_history(none, *arrays, tmp_path / "history.npz")
    assert list(tmp_path.iterdir()) == []
