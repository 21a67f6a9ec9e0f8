"""What the scene shows as plain JSON."""

import dataclasses
import math
import zlib

from core.geometry.cameras import Camera
from studio.routes.facts import Json, finite
from studio.scene.state import ViewState


def viewing(state: ViewState) -> Json:
    """What `/status` says of the scene; how fast pictures come stands beside the rest."""
    facts = dataclasses.asdict(state)
    facts |= facts.pop("stats") or {}
    if state.virtual is not None:
        figures = camera_figures(state.virtual.camera)
        stands = zlib.crc32(state.virtual.camera.camera_to_world.round(4).tobytes())
        facts["virtual"] = {"version": state.virtual.version, "place": stands} | figures
    return finite(facts)


def camera_figures(camera: Camera) -> Json:
    """Focal length over the longer side and the field of view across it, in degrees."""
    long_side, focal = max((camera.width, camera.fx), (camera.height, camera.fy))
    fov = math.degrees(2 * math.atan(long_side / 2 / focal))
    return finite({"focal": focal / long_side, "fov": fov})
