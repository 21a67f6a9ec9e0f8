"""A run's folder: claimed, opened, written beside training, and gone back to."""
