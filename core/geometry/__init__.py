"""Rotations, focal lengths, cameras and rays: tensors in, tensors out."""
