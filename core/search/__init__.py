"""Ways to cameras, and what is known about photos and cameras before and beside training.

Features are matched by pycolmap in a process of its own (`features`), which also tells what photos
alone tell before training; `direct` looks for cameras by brightness. Cameras of any origin are put
to the test by the photos' own depths, and what is to be thought of them is said in a word
(`judging`).
"""
