"""Frustums stand where the cameras are, and say so to clients only when something changed."""

import dataclasses
from typing import Any

import numpy as np
import pytest
import viser
from viser.infra import Message

from core.geometry.cameras import Camera
from core.search.judging.witnesses import Opinion
from studio.scene.cameras.frustums import (
    ROOT,
    SIZE,
    THUMBNAIL,
    Frustums,
    colours_of,
    marked,
    same_photos,
    size_of,
    thumbnail,
)
from studio.scene.coordinates import SCALE
from studio.scene.theme import INK, VERDICTS
from tests.cameras import camera as made
from tests.studio.scene.stand_ins import CAMERAS, Stage, nodes, photo_set, recorded


@pytest.fixture
def frustums(server: viser.ViserServer) -> Frustums:
    """None yet."""
    return Frustums(server, lambda client, index: None)


def node(server: viser.ViserServer, index: int) -> viser.CameraFrustumHandle:
    """What viser holds for one photo."""
    handle = nodes(server)[Frustums.name(index)]
    assert isinstance(handle, viser.CameraFrustumHandle)
    return handle


def kinds(messages: list[Message]) -> list[str]:
    """The types of messages."""
    return sorted(type(message).__name__ for message in messages)


def refocused(cameras: tuple[Camera, ...], focal: float) -> tuple[Camera, ...]:
    """The same cameras with another focal length."""
    return tuple(dataclasses.replace(camera, fx=focal, fy=focal) for camera in cameras)


def test_a_frustum_has_the_cameras_pose_and_vertical_field_of_view(
    server: viser.ViserServer, frustums: Frustums
) -> None:
    frustums.update(Stage().publish())
    for index, camera in enumerate(CAMERAS):
        handle = node(server, index)
        assert handle.fov == pytest.approx(2 * np.arctan(camera.height / (2 * camera.fy)))
        assert handle.aspect == pytest.approx(camera.width / camera.height)
        assert np.allclose(handle.position, camera.position * SCALE)


def test_pixels_that_are_not_square_show_in_the_aspect(
    server: viser.ViserServer, frustums: Frustums
) -> None:
    wide = dataclasses.replace(CAMERAS[0], fx=20.0)
    frustums.update(Stage().publish((wide, *CAMERAS[1:])))
    assert node(server, 0).aspect == pytest.approx(wide.width / wide.height * wide.fy / 20)


def test_nothing_is_sent_when_nothing_moved(server: viser.ViserServer, frustums: Frustums) -> None:
    stage = Stage()
    frustums.update(stage.publish())
    with recorded(server) as sent:
        frustums.update(stage.publish())
        unseen = dataclasses.replace(CAMERAS[0], camera_to_world=CAMERAS[0].camera_to_world + 1e-6)
        frustums.update(stage.publish((unseen, *CAMERAS[1:])))
    assert sent == []


def test_only_the_camera_that_moved_is_sent_once(
    server: viser.ViserServer, frustums: Frustums
) -> None:
    stage = Stage()
    frustums.update(stage.publish())
    with recorded(server) as sent:
        frustums.update(stage.publish((CAMERAS[2], *CAMERAS[1:])))
    assert kinds(sent) == ["SetOrientationMessage", "SetPositionMessage"]
    assert {message.name for message in sent} == {Frustums.name(0)}


def test_slow_drift_is_followed(server: viser.ViserServer, frustums: Frustums) -> None:
    stage, pose = Stage(), CAMERAS[1].camera_to_world.copy()
    for _ in range(100):  # each step is too small to be seen
        pose = pose.copy()
        pose[0, 3] += 2e-5
        moved = dataclasses.replace(CAMERAS[1], camera_to_world=pose)
        frustums.update(stage.publish((CAMERAS[0], moved, CAMERAS[2])))
    assert node(server, 1).position == pytest.approx(pose[:3, 3] * SCALE, abs=1e-3)


def test_a_learned_focal_length_reaches_every_frustum(
    server: viser.ViserServer, frustums: Frustums
) -> None:
    stage = Stage()
    frustums.update(stage.publish())
    with recorded(server) as sent:
        frustums.update(stage.publish(refocused(CAMERAS, 55.0)))
    assert kinds(sent) == ["SceneNodeUpdateMessage"] * 3
    assert node(server, 2).fov == pytest.approx(2 * np.arctan(36 / 110))


def test_a_restart_with_the_same_photos_keeps_the_nodes(
    server: viser.ViserServer, frustums: Frustums
) -> None:
    stage = Stage()
    frustums.update(stage.publish())
    with recorded(server) as sent:
        frustums.update(stage.publish(photos=photo_set()))
    assert sent == []


@pytest.mark.parametrize("photos", [photo_set(2), photo_set(3, seed=1)])
def test_other_photos_get_other_nodes(
    server: viser.ViserServer, frustums: Frustums, photos: Any
) -> None:
    stage = Stage()
    frustums.update(stage.publish())
    frustums.update(stage.publish(CAMERAS[: len(photos.names)], photos=photos))
    names = [name for name in nodes(server) if name.startswith(f"{ROOT}/")]
    assert names == [Frustums.name(index) for index in range(len(photos.names))]
    shown = node(server, 0).image
    assert shown is not None and np.array_equal(shown, thumbnail(photos.pixels[0]))


def test_frustums_go_with_the_photos(server: viser.ViserServer, frustums: Frustums) -> None:
    stage = Stage()
    frustums.update(stage.publish())
    frustums.update(stage.publish_facts(phase="loading"))
    assert not [name for name in nodes(server) if f"{ROOT}/" in name]


def test_size_visibility_and_held_out_photos_show(
    server: viser.ViserServer, frustums: Frustums
) -> None:
    frustums.update(Stage().publish())
    size = node(server, 0).scale
    frustums.update(Stage(frustum_scale=2.0, frustums=False).publish())
    assert node(server, 0).scale == pytest.approx(2 * size)
    assert not nodes(server)[ROOT].visible
    assert [node(server, i).variant for i in range(3)] == ["wireframe", "filled", "wireframe"]


def test_frustums_of_cameras_far_apart_are_larger_and_change_by_steps() -> None:
    def of(apart: float) -> float:
        return size_of([made((x * apart, 0, 0)) for x in (-1, 0, 1)])

    assert of(0.0) == of(0.2) == SIZE, "as ever where photos face forward"
    assert of(0.9) == of(1.0) == pytest.approx(4 * SIZE), "no flicker while cameras settle"


def test_what_is_pointed_out_looks_different_until_it_no_longer_is(
    server: viser.ViserServer, frustums: Frustums
) -> None:
    snapshot = Stage().publish()
    frustums.update(snapshot)
    plain = node(server, 1).color, node(server, 1).thickness
    frustums.highlight(1)
    frustums.update(snapshot)
    assert node(server, 1).color == INK and node(server, 1).thickness > plain[1]
    frustums.highlight(None)
    frustums.update(snapshot)
    assert (node(server, 1).color, node(server, 1).thickness) == plain


def test_colours_tell_order_or_error() -> None:
    psnr = (30.0, None, 20.0)
    by_order = colours_of(Stage().publish(photo_psnr=psnr))
    by_error = colours_of(Stage(colour_by="error").publish(photo_psnr=psnr))
    assert len(set(by_order)) == 3 and by_order != by_error
    assert len(colours_of(Stage(colour_by="error").publish())) == 3


def test_thumbnails_are_small_and_keep_their_shape() -> None:
    assert thumbnail(np.zeros((300, 400, 3), np.uint8)).shape == (72, THUMBNAIL, 3)
    assert thumbnail(np.zeros((40, 30, 3), np.uint8)).shape == (40, 30, 3)


def test_photos_are_the_same_by_content() -> None:
    assert same_photos(photo_set(), photo_set()) and same_photos(None, None)
    assert not same_photos(photo_set(), None)
    assert not same_photos(photo_set(), photo_set(seed=1))


def test_a_camera_in_doubt_is_coloured_and_its_picture_is_marked(
    server: viser.ViserServer, frustums: Frustums
) -> None:
    stage = Stage()
    before = stage.publish()
    frustums.update(before)
    plain = [node(server, index).image for index in range(3)]
    words = Opinion(cameras={0: "trusted", 1: "doubtful", 2: "wrong"})
    told = dataclasses.replace(before, opinion=words)
    frustums.update(told)
    assert colours_of(told)[0] == colours_of(before)[0]
    for index, word in ((1, "doubtful"), (2, "wrong")):
        assert tuple(node(server, index).color) == VERDICTS[word] == colours_of(told)[index]
        assert not np.array_equal(node(server, index).image, plain[index])
    assert np.array_equal(node(server, 0).image, plain[0])
    small = np.zeros((60, 90, 3), np.uint8)
    middle = marked(small, "doubtful")[20:40, 30:60], marked(small, "wrong")[20:40, 30:60]
    assert not middle[0].any() and middle[1].any()  # a frame leaves the picture, a cross does not
    with recorded(server) as sent:
        frustums.update(told)
    assert sent == []
    frustums.update(before)
    assert np.array_equal(node(server, 2).image, plain[2])
