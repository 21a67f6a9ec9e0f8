"""Facts about photos that are reasons to doubt cameras, whatever these are."""

from collections.abc import Sequence

from core.search.features.graph import PhotoFact
from core.search.judging.verdict import Reason, Remedy

PREFIX = "photos-"  # of the keys of reasons that photos alone give
BY_PHOTOS: dict[str, Remedy] = {  # facts about photos that are reasons, and what helps
    "two photos": "more-photos",
    "apart": "more-photos",
    "repeated": "move-sideways",
    "turned": "move-sideways",
    "flat": "depth",
    "mirrored": "drop-photo",
    "panorama": "drop-photo",
    "stranger": "drop-photo",
    "upside down": "drop-photo",
    "zoom": "own-focal",
}
NONE_RIGHT = ("two photos", "apart", "repeated", "turned")  # no cameras of these can be told right
OWN_WRONG = ("mirrored", "panorama")  # and not that of such a photo


def in_doubt(fact: PhotoFact, count: int) -> set[int]:
    """Photos, of so many, whose cameras cannot be told right; none for most facts.

    Those alike may be some of many, whose others tell enough.
    """
    if fact.kind in NONE_RIGHT and 2 * len(fact.photos) > count:
        return set(range(count))
    return set(fact.photos) if fact.kind in OWN_WRONG else set()


def by_photos(facts: Sequence[PhotoFact]) -> list[Reason]:
    """Facts as reasons. Blur, light and the like concern a picture, and are told at it alone."""
    return [
        Reason(
            PREFIX + fact.kind.replace(" ", "-"),
            f"{fact.sentence} {fact.remedy}",
            {},
            fact.photos,
            BY_PHOTOS[fact.kind],
        )
        for fact in facts
        if fact.kind in BY_PHOTOS
    ]
