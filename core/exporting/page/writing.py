"""Writes the page: a template, its style and script, and what was learned as JSON."""

import base64
import hashlib
import html
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import InputError
from core.exporting.colour import in_order
from core.exporting.jobs import Watch
from core.exporting.page.sights import Sight, grid_of, looked_at, seen
from core.formats.files import write_file
from core.geometry.cameras import Camera
from core.geometry.paths import near_order
from core.training.learned import Learned

HTML = "html"  # its word among the forms of files
SUFFIX = ".html"
LARGEST = 10_000_000  # bytes
SMALLER = ((800, 85, 16), (640, 80, 16), (512, 75, 12), (384, 70, 9), (256, 60, 6))
SAVED = 3  # views with a button of their own
MOMENTS = 60  # of the way that the cameras went
PARTS = Path(__file__).parent / "parts"
SCRIPTS = ("turns.js", "orbit.js", "scene.js", "cameras.js", "page.js")


@dataclass(frozen=True)
class About:
    """What the page says beside the scene.

    Attributes:
        title: its name; any text.
        facts: label and value, any text.
        steps: (T,) of moments.
        poses: (T, N, 3, 4) camera to world at these of the cameras of all photos, OpenCV axes.
    """

    title: str
    facts: Mapping[str, str]
    steps: np.ndarray
    poses: np.ndarray


def about_run(
    title: str,
    learned: Learned,
    said: Mapping[str, Any],
    steps: np.ndarray,
    poses: np.ndarray,
) -> About:
    """What is told of a run.

    Args: `said` is how its cameras were found and what is thought of them, by the words `found_by`
    and `verdict`; the rest as in `About`.
    """
    facts = {
        "photos": str(len(learned.names)),
        "cameras placed": str(len(learned.trained)),
        "found": said["found_by"],
        "verdict": said["verdict"],
    }
    return About(title, facts, steps, poses)


def write_page(
    learned: Learned, about: About, out: Path, watch: Watch, largest: int = LARGEST
) -> None:
    """Write one file that shows the scene from around its cameras, without a server or a network.

    Pictures become smaller and fewer until the file is small enough.

    Args:
        learned: cameras and scene.
        about: what is said of them.
        out: a name that ends in .html.
        watch: told how far it is, and asked whether to stop.
        largest: bytes that the file may have.

    Raises:
        Cancelled: the watch said so. No file is left.
        InputError: another ending, nothing to see yet, too few bytes, or nothing can be written.
    """
    if out.suffix.lower() != SUFFIX:
        raise InputError(f"{out}: choose a name that ends in {SUFFIX}.")
    sights = seen(learned, watch)
    for long_side, quality, most in SMALLER:
        page = _page(learned, about, sights[:most], long_side, quality)
        if len(page) <= largest:
            write_file(page, out)
            return
    raise InputError(
        f"{out}: the scene takes {len(page) / 1e6:.1f} MB at least; allow more than "
        f"{largest / 1e6:g} MB."
    )


def _page(
    learned: Learned, about: About, sights: Sequence[Sight], long_side: int, quality: int
) -> bytes:
    pictures = [_text(sight.coded(long_side, quality)) for sight in sights]
    data = _scene(sights, pictures) | _cameras(learned, about)
    data |= {"title": about.title, "facts": list(about.facts.items())}
    style = _part("page.css")
    script = "".join(f"{_part(name)}\n" for name in SCRIPTS)
    filled = {
        "title": html.escape(about.title),
        "policy": _policy(style, script),
        "style": style,
        "poster": pictures[0],
        "data": _inert(data),
        "script": script,
    }
    # In one pass: what is put in is not looked through for further marks.
    page = re.sub("@([a-z]+)@", lambda mark: filled[mark[1]], _part("template.html"))
    return page.encode()


def _scene(sights: Sequence[Sight], pictures: Sequence[str]) -> dict[str, Any]:
    rows = []
    for sight, picture in zip(sights, pictures, strict=True):
        camera, (levels, unit) = sight.camera, sight.levels
        width, height = camera.width, camera.height
        lens = [camera.fx / width, camera.fy / height, camera.cx / width, camera.cy / height]
        depth = {"depth": _text(levels.tobytes()), "unit": unit}
        rows.append({"pose": _pose(camera), "lens": lens, "picture": picture, **depth})
    upwards = -np.mean([sight.camera.camera_to_world[:3, 1] for sight in sights], axis=0)
    return {
        "sights": rows,
        "grid": grid_of(sights[0].camera),
        "saved": list(range(min(SAVED, len(sights)))),
        "film": near_order([sight.camera for sight in sights]),
        "far": float(1 / np.percentile(sights[0].inverse, 10)),
        "target": looked_at(sights).tolist(),
        "up": (upwards / max(float(np.linalg.norm(upwards)), 1e-9)).tolist(),
    }


def _cameras(learned: Learned, about: About) -> dict[str, Any]:
    """The learned cameras, and their poses at some moments, the last of which is now."""
    rows, cameras = list(learned.by_index), learned.trained
    last = max(0, len(about.steps) - 1)
    chosen = np.unique(np.linspace(0, last, MOMENTS).round().astype(int))[: len(about.steps)]
    now = np.stack([camera.camera_to_world[:3] for camera in cameras])[None]
    poses = np.concatenate([about.poses[chosen][:, rows], now]).astype("<f4")
    return {
        "names": list(learned.by_name),
        "frames": [[c.fx / c.width, c.fy / c.height] for c in cameras],
        "colours": in_order(len(cameras)).tolist(),
        "steps": [int(step) for step in about.steps[chosen]],
        "poses": _text(poses.tobytes()),
    }


def _pose(camera: Camera) -> list[float]:
    """Twelve numbers, row by row."""
    return [float(number) for number in camera.camera_to_world[:3].ravel()]


def _inert(data: Mapping[str, Any]) -> str:
    """JSON that ends no script, whatever is in it."""
    text = json.dumps(data, allow_nan=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _policy(style: str, script: str) -> str:
    """What the page may do: run this script, wear this style, show pictures of its own."""
    style_hash, script_hash = (_text(hashlib.sha256(t.encode()).digest()) for t in (style, script))
    return (
        f"default-src 'none'; script-src 'sha256-{script_hash}'; style-src 'sha256-{style_hash}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _part(name: str) -> str:
    return (PARTS / name).read_text(encoding="utf-8")


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()
