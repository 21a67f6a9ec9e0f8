"""The scene that comes with the program, shown where no photos are named."""

from pathlib import Path

BUNDLED = Path(__file__).resolve().parents[1] / "assets" / "scene" / "images"
