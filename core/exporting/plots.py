"""Where the cameras are and how they are turned, as a drawing: the plots of both NeRF-- codebases.

The cameras in 3D; their positions in x and y, and from above; the three pairs of their Euler
angles.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial.transform import Rotation

from core.errors import InputError
from core.files import finished_file
from core.geometry.cameras import Camera
from core.training.learned import Learned

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from mpl_toolkits.mplot3d import Axes3D

ENDINGS = (".png", ".svg", ".pdf")
FRUSTUM = 0.15  # depth of a drawn frustum, in widest spreads of the cameras
REFERENCE = "0.6"  # a grey
COLOURS = "turbo"  # of the photos in their order

Cameras = Mapping[str, Camera]


def plot_cameras(learned: Learned, out: Path, reference: Cameras | None = None) -> None:
    """Draw the learned cameras into a PNG, SVG or PDF, by the ending of `out`.

    Args:
        learned, reference: see `camera_figure`.
        out: the file.

    Raises:
        InputError: another ending, cameras that are not finite, or nothing can be written there.
    """
    if out.suffix.lower() not in ENDINGS:
        raise InputError(f"{out}: choose a name that ends in {', '.join(ENDINGS)}.")
    figure = camera_figure(learned, reference)
    with finished_file(out) as temporary:
        figure.savefig(temporary, format=out.suffix.lower().removeprefix("."), dpi=120)


def camera_figure(learned: Learned, reference: Cameras | None = None) -> "Figure":
    """The drawing. Colours follow the order of the photos, whose numbers, from 1, stand beside.

    Args:
        learned: the cameras; those that were held out are left out.
        reference: other cameras by the names of the photos, in the same world: drawn in grey, with
            a line to the learned camera of the same photo.

    Raises:
        InputError: cameras are not finite.
    """
    kept = learned.by_name
    others = {name: other for name, other in (reference or {}).items() if name in kept}
    if not all(np.isfinite(c.camera_to_world).all() for c in (*kept.values(), *others.values())):
        raise InputError("The cameras are not finite numbers; restart training before exporting.")
    numbers = {name: number for number, name in enumerate(learned.names, 1) if name in kept}
    return _figure(kept, others, numbers)


def euler_angles(camera: Camera) -> np.ndarray:
    """(3,) degrees x, y, z, where the camera's rotation to the world is Rx(x) Ry(y) Rz(z)."""
    return Rotation.from_matrix(camera.camera_to_world[:3, :3]).as_euler("XYZ", degrees=True)


def _figure(kept: Cameras, others: Cameras, numbers: Mapping[str, int]) -> "Figure":
    # Half a second to import, which only who draws should wait for.
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=(15, 9), layout="constrained")
    _draw_frustums(figure.add_subplot(2, 3, 1, projection="3d"), kept, others)

    def draw(cell: int, title: str, measure: Callable[[Camera], np.ndarray], pair: str) -> "Axes":
        axes = figure.add_subplot(2, 3, cell)
        axes.set(title=f"{title}, {pair[0]} and {pair[1]}", xlabel=pair[0], ylabel=pair[1])
        index = ["xyz".index(letter) for letter in pair]
        values = {name: measure(camera)[index] for name, camera in kept.items()}
        targets = {name: measure(camera)[index] for name, camera in others.items()}
        _draw_points(axes, values, targets, numbers)
        return axes

    for cell, pair in ((2, "xy"), (3, "xz")):
        axes = draw(cell, "Positions", lambda camera: camera.position, pair)
        axes.set_aspect("equal", adjustable="datalim")
    figure.axes[1].invert_yaxis()  # y is downwards
    for cell, pair in ((4, "xy"), (5, "yz"), (6, "xz")):
        draw(cell, "Euler angles in degrees", euler_angles, pair)
    return figure


def _draw_points(
    axes: "Axes",
    values: Mapping[str, np.ndarray],
    targets: Mapping[str, np.ndarray],
    numbers: Mapping[str, int],
) -> None:
    for name, target in targets.items():
        line = np.stack([values[name], target])
        axes.plot(*line.T, color=REFERENCE, linewidth=0.8, marker="none")
        axes.plot(*target, color=REFERENCE, marker="s", markersize=4)
    across, up = np.stack(list(values.values())).T
    axes.scatter(across, up, c=np.arange(len(values)), cmap=COLOURS, s=22, zorder=3)
    for name, value in values.items():
        axes.annotate(
            str(numbers[name]), tuple(value), xytext=(4, 3), textcoords="offset points", fontsize=7
        )
    axes.margins(0.12)
    axes.grid(alpha=0.3)


def _draw_frustums(axes: "Axes3D", kept: Cameras, others: Cameras) -> None:
    """As improved-nerfmm has them: x to the right, z to the back, y downwards."""
    from matplotlib import colormaps  # noqa: PLC0415

    centres = np.stack([camera.position for camera in (*kept.values(), *others.values())])
    depth = FRUSTUM * (float(np.ptp(centres, axis=0).max()) or 1.0)
    for camera in others.values():
        axes.plot(*_as_drawn(_frustum(camera, depth)), color=REFERENCE, linewidth=0.8)
    for hue, camera in zip(np.linspace(0, 1, len(kept)), kept.values(), strict=True):
        colour = colormaps[COLOURS](hue)
        axes.plot(*_as_drawn(_frustum(camera, depth)), color=colour, linewidth=1)
    axes.set(title="Cameras", xlabel="x", ylabel="z", zlabel="y")
    axes.invert_zaxis()
    axes.locator_params(nbins=4)
    axes.set_aspect("equal")


def _frustum(camera: Camera, depth: float) -> np.ndarray:
    """(P, 3) world points of one line that draws the whole pyramid."""
    width, height = camera.width, camera.height
    pixels = np.array([[0, 0], [width, 0], [width, height], [0, height]])
    corners = np.hstack([camera.tangents(pixels), np.ones((4, 1))]) * depth
    a, b, c, d = corners @ camera.camera_to_world[:3, :3].T + camera.position
    tip = camera.position
    return np.stack([tip, a, b, tip, c, d, tip, b, c, d, a])


def _as_drawn(points: np.ndarray) -> np.ndarray:
    """(3, P) with the axis upwards last, as matplotlib has it."""
    return points[:, [0, 2, 1]].T
