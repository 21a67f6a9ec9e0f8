"""The 3D scene: learned cameras as frustums, and the picture that a visitor's camera would take."""

from studio.scene.painting.stats import ViewStats
from studio.scene.source import Source
from studio.scene.view import SceneView

__all__ = ["SceneView", "Source", "ViewStats"]
