"""What a run has learned, as a value: cameras with their photos' names, and a scene to render."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch

from core.geometry.cameras import LARGEST, Camera
from core.geometry.stored import Stored
from core.rendering.scene import FieldScene, Scene

PAIRS = ("planes", "field"), ("depth-maps", "field")  # that may be looked at side by side
ASKED = {"planes": "planes", "network": "field"}  # by the words of explore.show


def pair_of(there: Collection[str]) -> tuple[str, ...]:
    """The two of what learners show that may be looked at side by side; none without both."""
    return next((pair for pair in PAIRS if set(pair) <= set(there)), ())


def looked_at(asked: str, there: Collection[str], best: str) -> tuple[str, ...]:
    """Whose scenes are shown: one, or both of a pair; the better one where another is not there.

    Args:
        asked: explore.show.
        there: what learners show.
        best: the one of them that knows unseen pixels best.
    """
    pair = pair_of(there)
    if asked == "both" and pair:
        return pair
    wanted = ASKED.get(asked, best)
    return (wanted,) if wanted in there else (best,)


@dataclass(frozen=True, eq=False)
class Learned:
    """Cameras and scene at one moment. Exports, novel views and evaluation start from this."""

    names: tuple[str, ...]
    cameras: tuple[Camera, ...]
    held_out: tuple[bool, ...]  # photos whose camera was not learned: kept aside, or left out
    scene: Scene
    planes: FieldScene | None = None  # the planes where there are some: seen at once from anywhere
    waiting: tuple[bool, ...] = ()  # photos whose turn has not come; none where it is empty
    shown: str = "field"  # whose scene it is: "planes", "depth-maps", or the "field"
    pair: tuple[Scene, ...] = ()  # of `pair_of`, where both are to be looked at
    stored: tuple[Stored, ...] = ()  # of each photo; of older runs nothing is known

    @classmethod
    def of(
        cls,
        names: tuple[str, ...],
        cameras: tuple[Camera, ...],
        held_out: tuple[bool, ...],
        scenes: Mapping[str, Scene],
        best: str,
        planes: FieldScene | None,
        waiting: tuple[bool, ...],
        stored: tuple[Stored, ...],
    ) -> "Learned":
        """As `looked_at` says: `scenes` are those it names, `best` is whose knows most."""
        shown = best if best in scenes else next(iter(scenes))
        pair = tuple(scenes.values()) if len(scenes) > 1 else ()
        return cls(names, cameras, held_out, scenes[shown], planes, waiting, shown, pair, stored)

    def require_somewhere(self) -> None:
        """See that every camera is at a place, and sees anything.

        Raises:
            ValueError: one of them does not.
        """
        for name, camera in zip(self.names, self.cameras, strict=True):
            lens = camera.fx, camera.fy, camera.cx, camera.cy, camera.k1
            numbers = np.abs([*camera.camera_to_world.flatten(), *lens])
            if not (numbers <= LARGEST).all() or min(camera.fx, camera.fy) <= 0:
                raise ValueError(f"the camera of {name} is nowhere")

    def on(self, device: torch.device) -> "Learned":
        """The same with scenes that live there, as far as they can."""
        planes = None if self.planes is None else self.planes.moved(device)
        pair = tuple(scene.moved(device) for scene in self.pair)
        return replace(self, scene=self.scene.moved(device), planes=planes, pair=pair)

    @property
    def by_index(self) -> dict[int, Camera]:
        """The cameras learned from their photos or given, by the place of these in their order."""
        waiting = self.waiting or (False,) * len(self.names)
        known = zip(self.cameras, self.held_out, waiting, strict=True)
        return {
            index: camera for index, (camera, out, waits) in enumerate(known) if not (out or waits)
        }

    @property
    def by_name(self) -> dict[str, Camera]:
        """These cameras, by the names of their photos."""
        return {self.names[index]: camera for index, camera in self.by_index.items()}

    @property
    def stored_by_name(self) -> dict[str, Stored]:
        """How the photos lie in their files, by their names, where that is known."""
        return dict(zip(self.names, self.stored, strict=True)) if self.stored else {}

    @property
    def trained(self) -> list[Camera]:
        """These cameras, in the order of their photos."""
        return list(self.by_index.values())

    @property
    def not_placed(self) -> list[str]:
        """The names of all other photos."""
        placed = self.by_name
        return [name for name in self.names if name not in placed]
