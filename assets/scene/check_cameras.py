"""Check the cameras of the demo scene against its photos.

Run as:  python assets/scene/check_cameras.py --scene DIR [--marks FILE.png]

Two checks, neither of which uses the renderer.  First, features matched between pairs of photos
are triangulated with the cameras of transforms.json and projected back: the distance in pixels
must be small.  Secondly, with --marks, corners of bodies whose places are known from layout.py
are projected into three photos and marked, to be looked at.

Conventions: transforms.json holds camera-to-world matrices in OpenGL axes; pixel centres lie at
+0.5, so that OpenCV's pixel coordinates are half a pixel smaller than the ones computed here.
"""

from __future__ import annotations

import argparse
import json
from itertools import combinations
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from layout import still_life

Matrix = npt.NDArray[np.float64]
Features = tuple[Any, npt.NDArray[np.float32]]
SEED = 20240917
CORNERED = ("landscape", "chart", "botanical", "chest", "tile-0", "box", "page-left", "page-right")


def projections(record: dict[str, Any]) -> list[Matrix]:
    """3 x 4 matrices that take homogeneous world points to homogeneous pixels (+0.5 centres)."""
    intrinsics = np.array(
        [[record["fl_x"], 0, record["cx"]], [0, record["fl_y"], record["cy"]], [0, 0, 1]]
    )
    flip = np.diag([1.0, -1.0, -1.0, 1.0])
    worlds = [np.array(frame["transform_matrix"]) for frame in record["frames"]]
    return [intrinsics @ np.linalg.inv(world @ flip)[:3] for world in worlds]


def projected(matrix: Matrix, points: Matrix) -> Matrix:
    """Pixels (N x 2, centres at +0.5) of N x 3 world points."""
    image = points @ matrix[:, :3].T + matrix[:, 3]
    return np.asarray(image[:, :2] / image[:, 2:], float)


def matched(first: Features, second: Features) -> tuple[Matrix, Matrix]:
    """Pixels of mutual nearest features that pass the ratio test, in both photos."""
    forward = cv2.BFMatcher().knnMatch(first[1], second[1], k=2)
    backward = {m.queryIdx: m.trainIdx for m in cv2.BFMatcher().match(second[1], first[1])}
    good = [
        m
        for m, n in forward
        if m.distance < 0.7 * n.distance and backward[m.trainIdx] == m.queryIdx
    ]
    one = np.array([first[0][m.queryIdx].pt for m in good]) + 0.5
    two = np.array([second[0][m.trainIdx].pt for m in good]) + 0.5
    return one, two


def reprojection_errors(photos: list[npt.NDArray[np.uint8]], cameras: list[Matrix]) -> Matrix:
    """Distances in pixels between matched features and their triangulated points, all pairs."""
    sift = cv2.SIFT_create(nfeatures=2500)
    features = [sift.detectAndCompute(cv2.cvtColor(p, cv2.COLOR_BGR2GRAY), None) for p in photos]
    errors = []
    for i, j in combinations(range(len(photos)), 2):
        one, two = matched(features[i], features[j])
        solid = cv2.triangulatePoints(cameras[i], cameras[j], one.T, two.T)
        points = (solid[:3] / solid[3]).T
        errors.append(np.hypot(*(projected(cameras[i], points) - one).T))
    return np.concatenate(errors)


def marked(photos: list[npt.NDArray[np.uint8]], cameras: list[Matrix]) -> npt.NDArray[np.uint8]:
    """The first, middle and last photo with the corners of known bodies marked, enlarged twice."""
    items = {item.name: item for item in still_life(SEED)}
    sheets = []
    for k in (0, len(photos) // 2, len(photos) - 1):
        sheet = cv2.resize(photos[k], None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
        for name in CORNERED:
            mesh = items[name].mesh
            ends = np.isin(mesh.uv, (mesh.uv.min(), mesh.uv.max())).all(axis=1)
            for x, y in projected(cameras[k], mesh.points[ends]):
                at = (round(32 * x - 8), round(32 * y - 8))
                cv2.circle(sheet, at, 96, (255, 255, 0), 1, cv2.LINE_AA, 4)
                cv2.circle(sheet, at, 16, (0, 0, 255), -1, cv2.LINE_AA, 4)
        sheets.append(sheet)
    return np.concatenate(sheets, axis=0)


def main() -> None:
    """Print the reprojection errors and write the marks."""
    parser = argparse.ArgumentParser(description="Check the cameras of the demo scene.")
    parser.add_argument("--scene", type=Path, default=Path(__file__).parent)
    parser.add_argument("--marks", type=Path, help="write photos with marked corners here")
    args = parser.parse_args()
    record = json.loads((args.scene / "transforms.json").read_text(encoding="utf-8"))
    photos = [
        np.asarray(cv2.imread(str(args.scene / f["file_path"])), np.uint8) for f in record["frames"]
    ]
    cameras = projections(record)
    errors = reprojection_errors(photos, cameras)
    shares = np.percentile(errors, [50, 90, 95])
    print(
        f"{len(errors)} matches, reprojection error in pixels: median {shares[0]:.3f}, "
        f"90 % {shares[1]:.3f}, 95 % {shares[2]:.3f}"
    )
    if args.marks:
        cv2.imwrite(str(args.marks), marked(photos, cameras))


if __name__ == "__main__":
    main()
