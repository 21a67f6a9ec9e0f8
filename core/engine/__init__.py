"""The engine thread: it reads commands and publishes snapshots; nothing else crosses."""

from core.engine.engine import Engine
from core.engine.snapshot import Snapshot

__all__ = ["Engine", "Snapshot"]
