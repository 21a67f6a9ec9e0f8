"""The one port, with viser behind it."""
