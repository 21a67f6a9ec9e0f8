"""Learned cameras in the scene and what belongs to them: frustums, trails, references, paths."""
