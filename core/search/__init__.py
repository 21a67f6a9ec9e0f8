"""Ways to cameras, and what is known about photos and cameras before and beside training.

Features are matched by pycolmap in a process of its own (`features`, `matching`), and what photos
alone tell is told before training (`graph`). Cameras of any origin are put to the test by the
photos' own depths (`audit`), and what is to be thought of them is said in a word (`verdict`).
"""
