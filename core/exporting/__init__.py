"""Things to take home: videos, cameras for other tools; and the long work of making them."""
