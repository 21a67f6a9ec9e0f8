"""Finding the cameras from nothing but photos: hypotheses that compete."""
