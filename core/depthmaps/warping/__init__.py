"""Views from anywhere, of photos that are warped through their own depths."""
