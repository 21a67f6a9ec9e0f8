"""A run on disk: what it is kept as, continued from, and begun with."""
