"""What a person decides: options declared once, and a frozen `Config` of them all."""

from core.config.config import Config

__all__ = ["Config"]
