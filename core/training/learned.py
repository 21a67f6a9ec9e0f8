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

    @property
    def trained(self) -> list[Camera]:
        """The cameras that were learned."""
        return [c for c, out in zip(self.cameras, self.held_out, strict=True) if not out]
