"""Matched features: pairs of photos, models that grow from them, and what both tell of a set."""
