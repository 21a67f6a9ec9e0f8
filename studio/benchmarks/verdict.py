"""How often the verdict is right: reference cameras as they are, disturbed, mirrored and bent.

`python -m studio.benchmarks.verdict FOLDER...` where each folder holds `images`, and reference
cameras beside them. A state is right within 1 degree and 5 % of the cameras' spread of the
reference, as `evaluate` measures them; one line of JSON for each, and a summary last.
"""

import argparse
import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import roma
import torch

from core.depthmaps.cameras import Cameras
from core.depthmaps.photos import on_canvas
from core.depthmaps.stereo.neighbours import guessed_depths
from core.evaluation.cameras import compare_cameras
from core.formats.reference import read_reference
from core.photos.picture import decode
from core.photos.sizes import scaled_down
from core.search.judging.audit import Audit, in_own_units, mean_of
from core.search.judging.bas_relief import mirrored, stretched
from core.search.judging.verdict import verdict
from studio.jobs.auditing import LONG_SIDE, placed

RIGHT = (1.0, 0.05)  # degrees after the best rotation, and ATE
State = Callable[[Cameras], Cameras]


def middle(cameras: Cameras) -> torch.Tensor:
    """(3,) where the scene may be."""
    ahead = cameras.rotation[:, :, 2] * guessed_depths(cameras)[:, None]
    return (cameras.centre + ahead).mean(0)


def disturbed(degrees: float) -> State:
    """Each camera turned by about so much, and moved by 2 % of the spread for each degree."""

    def state(cameras: Cameras) -> Cameras:
        generator = torch.Generator().manual_seed(round(10 * degrees))
        count = len(cameras)
        turn = torch.randn(count, 3, generator=generator) * np.radians(degrees) / 3**0.5
        move = torch.randn(count, 3, generator=generator) * 0.02 * degrees / 3**0.5
        rotation = cameras.rotation @ roma.rotvec_to_rotmat(turn)
        return replace(cameras, rotation=rotation, centre=cameras.centre + move)

    return state


def one_elsewhere(cameras: Cameras) -> Cameras:
    """One camera stands where another does."""
    centre, rotation = cameras.centre.clone(), cameras.rotation.clone()
    last = len(cameras) - 1
    centre[last // 2], rotation[last // 2] = centre[last], rotation[last]
    return replace(cameras, centre=centre, rotation=rotation)


STATES: dict[str, State] = {
    "reference": lambda cameras: cameras,
    "1.5 degrees": disturbed(1.5),
    "3 degrees": disturbed(3.0),
    "5 degrees": disturbed(5.0),
    "mirrored": lambda cameras: mirrored(cameras, middle(cameras)),
    "bent": lambda cameras: stretched(cameras, middle(cameras), 1.4),
    "one elsewhere": one_elsewhere,
}


def measured(folder: Path, state: str, most: int, pool: ThreadPoolExecutor) -> dict[str, object]:
    """The verdict on one state of one set, beside the truth."""
    photos = placed(folder / "images", read_reference(folder))
    sizes = [scaled_down(header.size, LONG_SIDE) for header in photos.headers[:most]]
    pixels = [decode(h, size, "white") for h, size in zip(photos.headers, sizes, strict=False)]
    sized = [one.resized(*size) for one, size in zip(photos.cameras, sizes, strict=False)]
    reference = in_own_units(Cameras.of(sized, torch.float64))
    cameras = STATES[state](reference)
    figures = Audit(on_canvas(pixels), cameras).run(pool.map)
    said = verdict(figures, photos.names[:most])
    named = [dict(zip(photos.names, c.single(), strict=False)) for c in (cameras, reference)]
    errors = compare_cameras(*named)
    right = errors.rotation_best <= RIGHT[0] and errors.ate <= RIGHT[1]
    return {
        "set": folder.name,
        "state": state,
        "photos": len(pixels),
        "rotation": round(errors.rotation_best, 3),
        "ate": round(errors.ate, 4),
        "right": right,
        "verdict": said.word,
        "reasons": [reason.key for reason in said.reasons],
        "support": round(figures.mean("support"), 3),
        "worst": round(min(one.support for one in figures.photos), 3),
        "firm": round(figures.mean("firm"), 3),
        "seen": round(figures.mean("seen"), 3),
        "through": round(figures.mean("through"), 3),
        "gain": round(figures.mean("gain"), 4),
        "relief": round(figures.mean("relief"), 4),
        "rivals": [
            round(mean_of(alternative, "support"), 3) if alternative else None
            for alternative in (figures.mirror, figures.turned, figures.held)
        ],
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+", metavar="FOLDER")
    parser.add_argument("--states", nargs="*", choices=STATES, default=list(STATES))
    parser.add_argument("--most", type=int, default=1000, help="photos of a set that are used")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    counts: dict[str, dict[str, int]] = {"right": {}, "not right": {}}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for folder in asked.folders:
            for state in asked.states:
                row = measured(folder, state, asked.most, pool)
                print(json.dumps(row), flush=True)
                words = counts["right" if row["right"] else "not right"]
                words[str(row["verdict"])] = words.get(str(row["verdict"]), 0) + 1
    print(json.dumps(counts))


if __name__ == "__main__":
    main()
