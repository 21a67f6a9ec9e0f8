"""Cameras, lenses and depths made better together: joint steps, and what they are judged by."""
