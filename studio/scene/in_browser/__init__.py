"""What browsers draw by themselves among the cameras: planes as pictures, and points."""
