"""A depth map for each photo: found by comparing photos, checked against the others' maps.

Tensors in, tensors out. Inverse depth is 1 / z in camera axes, 0 at infinity. Photos may differ in
shape: they lie at the top left of one canvas, and `Cameras.sizes` tells where each of them ends.
"""
