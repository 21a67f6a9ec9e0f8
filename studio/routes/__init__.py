"""What the page is told, and the small asks it sends: the studio's own routes beside the panel."""
