"""The options of a run, each declared once: a file for each section."""
