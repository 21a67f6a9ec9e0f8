"""How long tests wait for what should come at once: machines are busy, and nothing is timed."""

PATIENCE = 120.0  # seconds
