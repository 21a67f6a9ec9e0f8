"""Cameras of photos taken far around a scene, from their brightness alone: docs/direct.md."""
