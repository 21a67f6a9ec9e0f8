"""Which pairs of photos are compared: all of few photos, the likeliest of many."""

from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import minimum_spanning_tree

from core.search.features.keypoints import Keypoints, matched

ALL_PAIRS = 30  # photos of which each is compared with each
NEIGHBOURS = 12  # of each of more photos, by what their largest features have in common
COARSE = 300  # features that decide it
AFTER = 6  # frames of a clip that follow each, nearly every one of which it shares something with
FAR = 2  # more for each photo, drawn: what looks unlike may be near all the same


def chosen_pairs(
    photos: Sequence[Keypoints], clip: bool, generator: np.random.Generator
) -> list[tuple[int, int]]:
    """Pairs, the first before the second, in rising order.

    Args:
        photos: features of each.
        clip: whether the photos are frames of one clip in their order.
        generator: draws the far pairs.
    """
    count = len(photos)
    if count <= ALL_PAIRS:
        return [(i, j) for i in range(count) for j in range(i + 1, count)]
    shared = _shared([photo.coarsest(COARSE) for photo in photos])
    pairs = set(zip(*minimum_spanning_tree(csr_matrix(1 / (1 + shared))).nonzero(), strict=True))
    for photo, row in enumerate(shared):
        likest = np.argsort(-row, kind="stable")[:NEIGHBOURS]
        drawn = generator.choice(count, FAR, replace=False)
        pairs |= {(photo, other) for other in (*likest[row[likest] > 0], *drawn)}
        if clip:
            pairs |= {(photo, other) for other in range(photo + 1, min(photo + 1 + AFTER, count))}
    return sorted({(int(min(pair)), int(max(pair))) for pair in pairs if pair[0] != pair[1]})


def _shared(photos: Sequence[Keypoints]) -> np.ndarray:
    """(N, N) float64 how many features each two have in common, 0 on the diagonal."""
    shared = np.zeros((len(photos), len(photos)))
    for i, first in enumerate(photos):
        for j in range(i):
            shared[i, j] = shared[j, i] = len(matched(first, photos[j]))
    return shared
