"""What photos tell before any camera is known: from what pairs of them have in common.

Each fact names its photos and what to do. Nothing here needs pycolmap or pixels, only `Pairs`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from core.photos.local import quoted
from core.search.features.found import Pairs

LINKED = 20  # inliers of a pair that is believed to show one place; chance reaches 15
LINKED_PART = 0.3  # of its matches: chance agrees about few of many
SEVERAL = 3  # photos that are a scene of their own
CLEAR = 30  # inliers that tell a plane from relief
WHOLE = 0.97  # share of a pair's inliers on one plane where everything is
NO_RELIEF = 0.0008  # of the longer side: what a plane leaves where there is no relief
MOST = 0.8  # of the pairs, to speak of the whole set
UNMOVED = 0.03  # of the longer side, by which a repeated photo is shifted or cropped
AS_ROTATION = 0.03  # between the singular values of a turn, at the focal length that fits best
IN_MIRROR = 1.5  # times the inliers, where one of two photos is mirrored
AROUND = math.radians(30)  # within which photos are held alike
ON_ITS_HEAD = math.radians(150)  # and from where one is upside down
FOCALS = np.geomspace(0.35, 3.0, 40)  # of the longer side


@dataclass(frozen=True)
class PhotoFact:
    """Something that photos alone tell.

    Attributes:
        kind: what, in a word or two: "two photos", "apart", "stranger", "repeated", "turned",
            "flat", "mirrored" or "upside down"; or the reason of a `core.photos.Finding`.
        photos: numbers of the photos that it is about.
        sentence: what is the matter, naming them.
        remedy: what to do.
    """

    kind: str
    photos: tuple[int, ...]
    sentence: str
    remedy: str


def facts_of_pairs(pairs: Pairs, names: Sequence[str]) -> tuple[PhotoFact, ...]:
    """All facts, the gravest first; empty where nothing speaks against the photos.

    Args:
        pairs: of N photos, as `core.search.features.process` finds them.
        names: N file names.
    """
    if len(names) <= 2:
        return (_two(names),)
    relief = _without_relief(pairs, names)
    upset = (*_mirrored(pairs, names), *_upside_down(pairs, names))
    known = {photo for fact in upset for photo in fact.photos}
    return (*_apart(pairs, names, known), *relief, *upset)


def _two(names: Sequence[str]) -> PhotoFact:
    return PhotoFact(
        "two photos",
        tuple(range(len(names))),
        f"Cameras of {len(names)} photos cannot be checked by any other photo.",
        "Add photos of the same scene from other places, at least 5 and better 20.",
    )


def linked(pairs: Pairs) -> np.ndarray:
    """(K,) bool whether the two photos of a pair are believed to show one place."""
    return (pairs.inliers >= LINKED) & (pairs.inliers >= LINKED_PART * pairs.matches)


def groups(pairs: Pairs, count: int) -> list[tuple[int, ...]]:
    """The photos that hang together through linked pairs, the largest group first."""
    first, second = pairs.photos[linked(pairs)].T
    graph = csr_matrix((np.ones(len(first)), (first, second)), (count, count))
    _, labels = connected_components(graph, directed=False)
    members = [np.flatnonzero(labels == label).tolist() for label in range(labels.max() + 1)]
    return sorted(map(tuple, members), key=lambda group: (-len(group), group))


def _apart(pairs: Pairs, names: Sequence[str], known: set[int]) -> list[PhotoFact]:
    """Photos that nothing connects; those of which something graver is `known` are passed over."""
    together = groups(pairs, len(names))
    scenes = [group for group in together if len(group) >= SEVERAL]
    others = [
        photo for group in together if len(group) < SEVERAL for photo in group if photo not in known
    ]
    if not scenes:
        return [
            PhotoFact(
                "apart",
                tuple(range(len(names))),
                f"The {len(names)} photos have almost nothing in common.",
                "Take photos that share at least half of what they show with their neighbours.",
            )
        ]
    facts = []
    if len(scenes) > 1:
        parts = "; ".join(_listed(group, names) for group in scenes)
        facts.append(
            PhotoFact(
                "apart",
                tuple(photo for group in scenes for photo in group),
                f"The photos fall into {len(scenes)} groups with nothing in common: {parts}.",
                "Keep one group, or add photos that connect them.",
            )
        )
    if others:
        has = "has" if len(others) == 1 else "have"
        facts.append(
            PhotoFact(
                "stranger",
                tuple(sorted(others)),
                f"{_listed(sorted(others), names)} {has} nothing in common with the other photos.",
                "Leave out what shows something else, or add photos in between.",
            )
        )
    return facts


def _without_relief(pairs: Pairs, names: Sequence[str]) -> list[PhotoFact]:
    """One photo repeated, a camera that only turned, or a flat picture."""
    clear = linked(pairs) & (pairs.inliers >= CLEAR)
    even = clear & (pairs.flat >= WHOLE) & (pairs.parallax <= NO_RELIEF)
    if not clear.any() or even.sum() < MOST * clear.sum():
        return []
    photos = tuple(np.unique(pairs.photos[even]).tolist())
    which = f"{len(photos)} photos" if len(photos) < len(names) else f"The {len(photos)} photos"
    if np.percentile(pairs.shift[even], 90) <= UNMOVED:
        return [
            PhotoFact(
                "repeated",
                photos,
                f"{which} are one photo again and again: nothing in them moves.",
                "Take photos from different places.",
            )
        ]
    if _distortion_of_turns(pairs.homography[even]) <= AS_ROTATION:
        return [
            PhotoFact(
                "turned",
                photos,
                f"{which} were taken from one place: the camera only turned.",
                "Step aside between photos, with near and far things in view.",
            )
        ]
    return [
        PhotoFact(
            "flat",
            photos,
            f"{which} show a flat picture: one plane explains all that moves in them.",
            "Take photos with something before or behind it; its depth stays doubtful otherwise.",
        )
    ]


def _distortion_of_turns(homographies: np.ndarray) -> float:
    """How far K pictures' moves (K, 3, 3) are from those of a turning camera; 0 is one.

    Its homographies are f R f^-1 (Hartley and Zisserman, section 8.4), so that without f they are
    rotations, whose singular values are equal. The focal length is the one that fits best.
    """
    spreads = []
    for focal in FOCALS:
        lens = np.array([focal, focal, 1.0])
        values = np.linalg.svd(homographies * lens / lens[:, None], compute_uv=False)
        spreads.append(np.median(values[:, 0] / np.maximum(values[:, 2], 1e-9) - 1))
    return float(min(spreads))


def _mirrored(pairs: Pairs, names: Sequence[str]) -> list[PhotoFact]:
    """Photos that are more like others when they are mirrored. The lesser part of them is named."""
    against = (pairs.mirrored >= CLEAR) & (pairs.mirrored > IN_MIRROR * pairs.inliers)
    found = []
    left = pairs.photos[against]
    while len(left):  # the photo with the most such pairs explains them
        counts = np.bincount(left.ravel(), minlength=len(names))
        photo = int(np.lexsort((-np.arange(len(names)), counts))[-1])
        found.append(photo)
        left = left[(left != photo).all(axis=1)]
    if not found:
        return []
    is_are, picture = ("is a mirror image", "it") if len(found) == 1 else ("are mirrored", "them")
    photos = tuple(sorted(found))
    return [
        PhotoFact(
            "mirrored",
            photos,
            f"{_listed(photos, names)} {is_are}: left and right are exchanged against the others.",
            f"Leave {picture} out, or mirror {picture} back.",
        )
    ]


def _upside_down(pairs: Pairs, names: Sequence[str]) -> list[PhotoFact]:
    """Photos held upside down where most are held alike; drones that turn are left in peace."""
    turns = _turns(pairs, len(names))
    alike = np.abs(turns) <= AROUND
    photos = tuple(np.flatnonzero(np.abs(turns) >= ON_ITS_HEAD).tolist())
    if not photos or alike.sum() + len(photos) < len(names) or len(photos) > alike.sum() / 2:
        return []
    is_are = "is" if len(photos) == 1 else "are"
    return [
        PhotoFact(
            "upside down",
            photos,
            f"{_listed(photos, names)} {is_are} upside down against the others.",
            "Turn what is upside down and begin again.",
        )
    ]


def _turns(pairs: Pairs, count: int) -> np.ndarray:
    """(N,) radians by which each photo is turned in its plane against most of the others.

    Begun at the photo that is linked best and carried on along the strongest pairs.
    """
    turns, strength = np.zeros(count), np.where(linked(pairs), pairs.inliers, 0)
    reached = {int(np.bincount(pairs.photos.ravel(), np.repeat(strength, 2), count).argmax())}
    for _ in range(count - 1):
        inside = np.isin(pairs.photos, list(reached))
        leads_on = np.where(inside.sum(1) == 1, strength, 0)
        if not leads_on.any():
            break
        edge = int(leads_on.argmax())
        first, second = pairs.photos[edge].tolist()
        here, there, sign = (first, second, 1) if first in reached else (second, first, -1)
        turns[there] = turns[here] + sign * pairs.turn[edge]
        reached.add(there)
    around = np.exp(1j * turns)
    upright = around[np.abs(np.angle(around[:, None] / around)).mean(1).argmin()]
    return np.angle(around / upright)


def _listed(photos: Sequence[int], names: Sequence[str]) -> str:
    """Names of some photos; of many the first few."""
    shown = [quoted(names[photo]) for photo in photos[:5]]
    if len(photos) > 5:
        return f"{', '.join(shown)} and {len(photos) - 5} more"
    return " and ".join(filter(None, [", ".join(shown[:-1]), shown[-1]]))
