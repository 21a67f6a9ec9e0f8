"""Ways to cameras, and what is known about photos and cameras before and beside training.

Features are matched by pycolmap in a process of its own (`features`, `matching`), and what photos
alone tell is told before training (`graph`).
"""
