"""From grey pictures to pairs and models, told as they come: the work of the matching process."""

from collections.abc import Iterable, Sequence

import numpy as np
import pycolmap

from core.search.features.choosing import chosen_pairs
from core.search.features.found import Features
from core.search.features.keypoints import keypoints
from core.search.features.mapping import Views, map_photos, new_camera
from core.search.features.messages import Order, Teller
from core.search.features.twoviews import FEWEST, Photo, Row, measured, table, verified

TELL_EVERY = 10  # pairs
IN_MIRROR = 2  # pairs of each photo that are compared with its mirror image as well

Rows = dict[tuple[int, int], Row]


def match(pictures: Iterable[np.ndarray], order: Order, teller: Teller) -> None:
    """The whole way.

    Args:
        pictures: (H, W) uint8, one after another.
        order: what is asked for.
        teller: told how far it is, the pairs as soon as they are known, and models.
    """
    photos = _looked_at(pictures, order, teller)
    generator = np.random.default_rng(order.seed)
    pairs = chosen_pairs([photo.features for photo in photos], order.clip, generator)
    views, rows = _compared(photos, pairs, order.seed, teller)
    _compare_in_mirror(photos, rows, order.seed)
    found = Features(len(photos), table(rows), ())
    if not views:
        teller.found(found, last=True)
        return
    teller.found(found, last=False)
    most = 0

    def placed(count: int) -> None:
        nonlocal most
        most = max(most, count)
        teller.progress("photos placed", most, len(photos))

    for models in map_photos(photos, views, order.seed, placed):
        found = Features(found.count, found.pairs, tuple(models))
        teller.found(found, last=False)
    teller.found(found, last=True)


def _looked_at(pictures: Iterable[np.ndarray], order: Order, teller: Teller) -> list[Photo]:
    """The photos with their features; one camera took them all where they are of one shape."""
    shared = len({tuple(size) for size in order.sizes}) == 1
    photos: list[Photo] = []
    for number, grey in enumerate(pictures, 1):
        height, width = grey.shape
        camera = photos[0].camera if shared and photos else new_camera(number, width, height)
        photos.append(Photo(keypoints(grey), camera))
        teller.progress("photos looked at", number, len(order.sizes))
    return photos


def _compared(
    photos: Sequence[Photo], pairs: Sequence[tuple[int, int]], seed: int, teller: Teller
) -> tuple[Views, Rows]:
    """The views that agree about something, and a row for every pair."""
    views: dict[tuple[int, int], pycolmap.TwoViewGeometry] = {}
    rows: Rows = {}
    for done, (i, j) in enumerate(pairs, 1):
        view, matches = verified(photos[i], photos[j], seed)
        inliers = view.inlier_matches
        rows[i, j] = {"matches": matches, "inliers": len(inliers), "mirrored": -1}
        rows[i, j] |= measured(photos[i], photos[j], inliers)
        if len(inliers) >= FEWEST:
            views[i, j] = view
        if done % TELL_EVERY == 0 or done == len(pairs):
            teller.progress("pairs compared", done, len(pairs))
    return views, rows


def _compare_in_mirror(photos: Sequence[Photo], rows: Rows, seed: int) -> None:
    """See what each photo's nearest pairs have in common when one of the two is mirrored."""
    nearest: set[tuple[int, int]] = set()
    for photo in range(len(photos)):
        own = [pair for pair in rows if photo in pair]
        own.sort(key=lambda pair: (-int(rows[pair]["inliers"]), pair[1] - pair[0], pair))
        nearest.update(own[:IN_MIRROR])
        nearest.update(pair for pair in own if pair[1] - pair[0] == 1)
    for i, j in sorted(nearest):
        view, _ = verified(photos[i], photos[j].mirrored(), seed)
        rows[i, j]["mirrored"] = len(view.inlier_matches)
