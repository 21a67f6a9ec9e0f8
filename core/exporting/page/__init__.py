"""One HTML file to send: the learned scene and its cameras, seen in any browser, from the disk."""
