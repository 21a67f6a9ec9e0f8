"""Render the demo scene of nerfmm studio: 20 photos of a still life with their exact cameras.

Run as:  python assets/scene/render.py --out DIR [--size 640x480] [--samples N] [--views 0,7]
                                       [--sweep 62|120|200]

Conventions: world units, y up.  Cameras are written camera-to-world in OpenGL axes (x right, y
up, z backwards), as nerfstudio and instant-ngp read them; pixel centres lie at +0.5, the principal
point is the middle of the picture, and there is no distortion.  Needs mitsuba, numpy and opencv.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import mitsuba as mi
import numpy as np
import numpy.typing as npt

mi.set_variant("scalar_rgb")

from layout import Item, still_life  # noqa: E402

SEED = 20240917
FOCAL_AT_640 = 560.0
COLUMNS, ROWS = 5, 4
MIDDLE = np.array([0.0, 0.64, 0.0])
PITCH_DEGREES = -11.5
FOCUS_DEPTH = 1.85
EXPOSURE = 1.4

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Sweep:
    """Many photos: a hand that goes to and fro in rows. World units; see `swept_cameras`."""

    seed: int
    count: int
    rows: int
    half: tuple[float, float]  # how far to the sides, and up and down
    middle: tuple[float, float, float]  # beside MIDDLE
    focus: float = FOCUS_DEPTH


SWEEPS = {
    "62": Sweep(132, 62, 4, (0.27, 0.11), (0.0, -0.08, -0.5), 1.35),
    "120": Sweep(311, 120, 5, (1.1, 0.28), (0.0, 0.0, 0.0)),
    "200": Sweep(207, 200, 8, (0.5, 0.2), (0.0, 0.0, 0.0)),
}


def look_frame(place: Matrix, target: Matrix) -> Matrix:
    """3 x 3 rotation whose columns are the camera's right, up and backward axes in the world."""
    back = place - target
    back /= np.linalg.norm(back)
    right = np.cross((0.0, 1.0, 0.0), back)
    right /= np.linalg.norm(right)
    return np.stack([right, np.cross(back, right), back], axis=1)


def hand_held_cameras(seed: int) -> list[Matrix]:
    """4 x 4 camera-to-world matrices of a loose grid of hand-held views (OpenGL axes).

    Positions keep within about 0.18 sideways, 0.12 up and down and 0.04 in depth; each camera
    looks near the middle of the scene and is turned by 1 to 3 more degrees about a random axis.
    """
    rng = np.random.default_rng(seed)
    level = look_frame(np.zeros(3), np.array([0, np.tan(np.radians(PITCH_DEGREES)), -1.0]))
    cameras = []
    for row in range(ROWS):
        for column in range(COLUMNS):
            offset = np.array([-0.16 + 0.08 * column, 0.1 - 0.2 * row / 3, 0.0])
            offset += rng.uniform(-1, 1, 3) * (0.022, 0.02, 0.04)
            place = MIDDLE + level @ offset
            aim = MIDDLE + level @ np.array([*rng.uniform(-0.07, 0.07, 2), -FOCUS_DEPTH])
            cameras.append(turned_a_little(place, aim, rng, (1, 3)))
    return cameras


def swept_cameras(sweep: Sweep) -> list[Matrix]:
    """4 x 4 camera-to-world matrices along the rows of a sweep (OpenGL axes)."""
    rng = np.random.default_rng(sweep.seed)
    level = look_frame(np.zeros(3), np.array([0, np.tan(np.radians(PITCH_DEGREES)), -1.0]))
    middle, cameras = MIDDLE + np.array(sweep.middle), []
    edges = np.linspace(0, sweep.count, sweep.rows + 1).round().astype(int)
    for row in range(sweep.rows):
        n = edges[row + 1] - edges[row]
        across = np.linspace(-1, 1, n) * (1 if row % 2 == 0 else -1)
        for part in across:
            up = sweep.half[1] * (1 - 2 * row / (sweep.rows - 1))
            offset = np.array([sweep.half[0] * part, up, 0.0])
            offset += rng.uniform(-1, 1, 3) * (sweep.half[0] / n, 0.02, 0.04)
            place = middle + level @ offset
            aim = middle + level @ np.array([*rng.uniform(-0.07, 0.07, 2), -sweep.focus])
            cameras.append(turned_a_little(place, aim, rng, (0.5, 2.5)))
    return cameras


def turned_a_little(
    place: Matrix, aim: Matrix, rng: np.random.Generator, degrees: tuple[float, float]
) -> Matrix:
    """Camera-to-world of a view from place to aim, turned about a random axis as by a hand."""
    axis = rng.standard_normal(3)
    angle = np.radians(rng.uniform(*degrees))
    turn, _ = cv2.Rodrigues(axis / np.linalg.norm(axis) * angle)
    matrix = np.eye(4)
    matrix[:3, :3] = look_frame(place, aim) @ turn
    matrix[:3, 3] = place
    return matrix


def surface_of(item: Item) -> dict[str, Any]:
    """Mitsuba material of an item: its image as diffuse colour, or under a faint, rough glaze."""
    image: dict[str, Any] = {"type": "bitmap", "bitmap": mi.Bitmap(item.image)}
    if item.soft:
        coat = {"type": "roughplastic", "alpha": 0.4, "int_ior": 1.3, "diffuse_reflectance": image}
        return {"type": "twosided", "bsdf": coat}
    return {"type": "twosided", "bsdf": {"type": "diffuse", "reflectance": image}}


def lamp(
    place: tuple[float, float, float],
    target: tuple[float, float, float],
    half: float,
    light: tuple[float, float, float],
) -> dict[str, Any]:
    """A square area light of the given half side and radiance that faces target."""
    frame = mi.ScalarTransform4f().look_at(origin=list(place), target=list(target), up=[0, 1, 0.1])
    return {
        "type": "rectangle",
        "to_world": frame @ mi.ScalarTransform4f().scale(half),
        "emitter": {"type": "area", "radiance": {"type": "rgb", "value": list(light)}},
    }


def build(items: list[Item], folder: Path) -> mi.Scene:
    """Write the meshes to folder and load the scene: bodies, a warm window light, a cool sky."""
    scene: dict[str, Any] = {
        "type": "scene",
        "integrator": {"type": "path", "max_depth": 5},
        "sky": {"type": "constant", "radiance": {"type": "rgb", "value": [0.40, 0.41, 0.45]}},
        "window": lamp((-2.3, 2.3, 0.3), (0.1, 0.2, -2.0), 0.75, (12.5, 10.4, 7.6)),
    }
    for item in items:
        path = folder / f"{item.name}.ply"
        item.mesh.write(path)
        flat = len(item.mesh.faces) < 80
        scene[f"body-{item.name}"] = {
            "type": "ply",
            "filename": str(path),
            "face_normals": flat,
            "bsdf": surface_of(item),
        }
    return mi.load_dict(scene)


def sensor(camera: Matrix, width: int, height: int, samples: int) -> mi.Sensor:
    """Mitsuba camera of an OpenGL camera-to-world matrix (Mitsuba: x left, y up, z forwards)."""
    focal = FOCAL_AT_640 * width / 640
    return mi.load_dict(
        {
            "type": "perspective",
            "fov_axis": "x",
            "near_clip": 0.05,
            "far_clip": 50.0,
            "fov": float(np.degrees(2 * np.arctan(width / (2 * focal)))),
            "to_world": mi.ScalarTransform4f((camera @ np.diag([-1.0, 1.0, -1.0, 1.0])).tolist()),
            "film": {
                "type": "hdrfilm",
                "width": width,
                "height": height,
                "rfilter": {"type": "box"},
                "pixel_format": "rgb",
                "component_format": "float32",
            },
            "sampler": {"type": "multijitter", "sample_count": samples},
        }
    )


def developed(radiance: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    """Linear radiance to 8-bit sRGB: fixed exposure, a soft shoulder above 0.6, sRGB curve."""
    linear = np.maximum(radiance * EXPOSURE, 0.0)
    over = np.maximum(linear - 0.6, 0.0)
    linear = np.where(linear > 0.6, 0.6 + 0.4 * (1 - np.exp(-over / 0.4)), linear)
    curve = np.where(linear > 0.0031308, 1.055 * linear ** (1 / 2.4) - 0.055, 12.92 * linear)
    return np.round(np.clip(curve, 0, 1) * 255).astype(np.uint8)


def write_cameras(path: Path, cameras: list[Matrix], width: int, height: int) -> None:
    """Write the cameras in the transforms.json form of nerfstudio and instant-ngp."""
    focal = FOCAL_AT_640 * width / 640
    frames = [
        {"file_path": f"images/{k:03d}.jpg", "transform_matrix": camera.tolist()}
        for k, camera in enumerate(cameras)
    ]
    record = {
        "w": width,
        "h": height,
        "fl_x": focal,
        "fl_y": focal,
        "cx": width / 2,
        "cy": height / 2,
        "camera_model": "OPENCV",
        "k1": 0.0,
        "k2": 0.0,
        "p1": 0.0,
        "p2": 0.0,
        "frames": frames,
    }
    path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Render the demo scene of nerfmm studio.")
    parser.add_argument("--out", type=Path, required=True, help="folder for images/ and cameras")
    parser.add_argument("--size", default="640x480", help="picture size, width x height")
    parser.add_argument("--samples", type=int, default=72, help="samples a pixel")
    parser.add_argument("--views", default="", help="only these views, such as 0,7 (default: all)")
    parser.add_argument("--sweep", choices=SWEEPS, help="many photos instead, in direct light")
    return parser.parse_args()


def main() -> None:
    """Render the chosen views and write the cameras of all."""
    args = arguments()
    width, height = (int(part) for part in args.size.split("x"))
    cameras = swept_cameras(SWEEPS[args.sweep]) if args.sweep else hand_held_cameras(SEED)
    light = {"type": "direct", "emitter_samples": 1, "bsdf_samples": 0}  # a second a photo
    integrator = mi.load_dict(light) if args.sweep else None
    views = [int(part) for part in args.views.split(",") if part] or list(range(len(cameras)))
    (args.out / "images").mkdir(parents=True, exist_ok=True)
    write_cameras(args.out / "transforms.json", cameras, width, height)
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        scene = build(still_life(SEED), Path(folder))
        print(f"scene ready after {time.perf_counter() - started:.1f} s", flush=True)
        for view in views:
            picture = mi.render(
                scene,
                sensor=sensor(cameras[view], width, height, args.samples),
                integrator=integrator,
                seed=SEED + view,
            )
            rgb = developed(np.array(picture))
            target = args.out / "images" / f"{view:03d}.jpg"
            quality = [
                cv2.IMWRITE_JPEG_QUALITY,
                92,
                cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
                cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
            ]
            cv2.imwrite(str(target), cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), quality)
            print(f"{target} after {time.perf_counter() - started:.1f} s", flush=True)


if __name__ == "__main__":
    main()
