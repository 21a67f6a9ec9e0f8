"""Whoever learns a scene: planes, depth maps of the photos, a network; and the list of all."""
