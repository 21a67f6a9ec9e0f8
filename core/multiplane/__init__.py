"""A multiplane image as a scene: its texels, where it stands, and what rays see of it."""
