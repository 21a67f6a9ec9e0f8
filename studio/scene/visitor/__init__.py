"""Browsers that look at the scene: each one's window, camera, and how far it may go."""
