"""What a run has learned, as a value: cameras with their photos' names, and a scene to render."""

from dataclasses import dataclass

from core.geometry.cameras import Camera
from core.rendering.scene import Scene


@dataclass(frozen=True, eq=False)
class Learned:
    """Cameras and scene at one moment. Exports, novel views and evaluation start from this."""

    names: tuple[str, ...]
    cameras: tuple[Camera, ...]
    held_out: tuple[bool, ...]  # photos whose camera was not learned: kept aside, or left out
    scene: Scene
    planes: Scene | None = None  # the planes where there are some: seen at once from anywhere
    waiting: tuple[bool, ...] = ()  # photos whose turn has not come; none where it is empty

    @property
    def placed(self) -> dict[str, Camera]:
        """The cameras that were learned from their photos or given, by the names of these."""
        waiting = {name for name, waits in zip(self.names, self.waiting, strict=False) if waits}
        return {name: one for name, one in self.by_name.items() if name not in waiting}

    @property
    def not_placed(self) -> list[str]:
        """The names of all other photos."""
        placed = self.placed
        return [name for name in self.names if name not in placed]

    @property
    def trained(self) -> list[Camera]:
        """The cameras that were learned."""
        return list(self.by_place.values())

    @property
    def by_place(self) -> dict[int, Camera]:
        """The cameras that were learned, by their place in the order of the photos."""
        pairs = zip(self.cameras, self.held_out, strict=True)
        return {place: camera for place, (camera, out) in enumerate(pairs) if not out}

    @property
    def by_name(self) -> dict[str, Camera]:
        """The cameras that were learned, by the names of their photos."""
        return {self.names[place]: camera for place, camera in self.by_place.items()}
