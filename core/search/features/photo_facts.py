"""Everything that is known of photos before training, from whatever there is: pixels, and pairs."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from core.photos import Finding, PhotoSet, check
from core.photos.local import quoted
from core.photos.panorama import is_panorama
from core.search.features.found import Pairs
from core.search.features.graph import PhotoFact, facts_of_pairs


def facts_before_training(photos: PhotoSet, pairs: Pairs | None) -> tuple[PhotoFact, ...]:
    """Facts about photos, the gravest first.

    Args:
        photos: as they are trained on.
        pairs: of these, where features were matched; they tell why there is no parallax.
    """
    of_pairs = facts_of_pairs(pairs, photos.names) if pairs is not None else ()
    about_all = {fact.kind for fact in of_pairs}
    plain = [_fact(finding, photos) for finding in check(photos)]
    if pairs is not None:
        plain = [fact for fact in plain if fact.kind != "no parallax"]
    if "repeated" in about_all:
        plain = [fact for fact in plain if fact.kind != "repeated"]
    return (*_panoramas(photos), *of_pairs, *plain)


def facts_of_some(photos: PhotoSet, rows: Sequence[int], pairs: Pairs) -> tuple[PhotoFact, ...]:
    """The same of some photos of a set; what is told goes by the numbers in the whole set.

    Args:
        photos: the whole set.
        rows: M rising numbers of the photos in question.
        pairs: of these; 0 is the first of them.
    """
    some = replace(
        photos,
        names=tuple(photos.names[row] for row in rows),
        pixels=photos.pixels[list(rows)],
        sizes=tuple(photos.sizes[row] for row in rows if photos.sizes),
        focal_ratios=tuple(photos.focal_ratios[row] for row in rows if photos.focal_ratios),
    )
    facts = facts_before_training(some, pairs)
    return tuple(replace(fact, photos=tuple(rows[row] for row in fact.photos)) for fact in facts)


def _panoramas(photos: PhotoSet) -> list[PhotoFact]:
    found = np.flatnonzero([is_panorama(photo) for photo in photos.pictures]).tolist()
    return [
        PhotoFact(
            "panorama",
            (photo,),
            f"{quoted(photos.names[photo])} is a panorama all around, which no lens can take.",
            "Leave it out, or cut ordinary views out of it.",
        )
        for photo in found
    ]


def _fact(finding: Finding, photos: PhotoSet) -> PhotoFact:
    """The same in two parts: what is the matter, and what to do."""
    about = [finding.photo] if finding.photo is not None else photos.names
    what, _, remedy = finding.sentence.rpartition(": ")
    numbers = tuple(photos.names.index(name) for name in about)
    return PhotoFact(finding.reason, numbers, what + ".", remedy[:1].upper() + remedy[1:])
