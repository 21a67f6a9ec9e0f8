"""How far depth maps are: rounds of depths and joint steps, then full detail, as one way."""

from collections.abc import Sequence

from core.depthmaps.depths import LAST, Depths, Stage
from core.depthmaps.refinement import Refinement
from core.training.ahead import Ahead, Leg, ahead


def depth_maps_ahead(depths: Depths, refinement: Refinement | None, at_once: int) -> Ahead | None:
    """How far they are; None once photos have their full detail.

    Args:
        depths: those under way.
        refinement: the rounds before the last depths; None where cameras stay.
        at_once: photos of a stage in a step.
    """
    photos = len(depths.cameras)
    leg, step = divmod(depths.progress[0], photos)
    if refinement is None:
        return ahead(_stages(depths.journey, photos, at_once), leg, step // at_once)
    rounds = [
        [
            *_stages(each.journey, photos, at_once),
            Leg(each.steps, photos * each.journey[-1][1] ** 2),
        ]
        for each in refinement.rounds
    ]
    before = [leg for each in rounds[: len(refinement.judgements)] for leg in each]
    later = [leg for each in rounds[len(refinement.judgements) :] for leg in each]
    last = _stages(LAST, photos, at_once)
    if refinement.done:
        return ahead([*before, *last], len(before) + leg, step // at_once)
    now = refinement.rounds[len(refinement.judgements)].journey
    leg -= len(depths.journey) - len(now)  # before the first round they look around
    if leg < 0:
        leg = step = 0
    step = refinement.made if leg == len(now) else step // at_once
    return ahead([*before, *later, *last], len(before) + leg, step)


def _stages(journey: Sequence[Stage], photos: int, at_once: int) -> list[Leg]:
    """Each stage goes over the pixels of all photos."""
    steps = -(-photos // at_once)
    return [Leg(steps, at_once * side**2) for _, side in journey]
