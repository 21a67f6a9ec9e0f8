"""How far depth maps are: rounds of depths, joint steps and tests, then full detail, as one way."""

from collections.abc import Sequence

from core.depthmaps.adjustment import trial
from core.depthmaps.adjustment.refinement import Refinement, Round
from core.depthmaps.stereo.depths import LAST, LOOKING, Depths, Stage
from core.training.ahead import Leg, part_gone

# As measured, in seconds of a core: a step at all, in which a photo is compared with its view; a
# million pixels at a stage, as if photos were square; and a thousand patches in a joint step.
STEP = 0.02
STAGES = {
    **{"look": 6.0, "sweep": 6.0, "sharpen": 2.7, "finish": 2.6, "complete": 1.7},
    **{"finer": 1.0, "finest": 0.8, "fill": 0.6, "publish": 0.5},
}
OTHERS = 0.3
JOINT = 0.025


def depth_maps_gone(depths: Depths, refinement: Refinement | None, at_once: int) -> float | None:
    """What part of the way is gone; None once photos have their full detail.

    Args:
        depths: those under way.
        refinement: the rounds before the last depths; None where cameras stay.
        at_once: photos of a stage in a step.
    """
    photos = len(depths.cameras)
    leg, pieces = divmod(depths.progress[0], photos)
    if refinement is None:
        return part_gone(_stages(depths.journey, photos, at_once), leg, pieces // at_once)
    over = len(refinement.judgements)
    rounds = [
        _round(number, each, refinement.tests(number), photos, at_once)
        for number, each in enumerate(refinement.rounds)
    ]
    before = sum(map(len, rounds[:over]))
    if not refinement.done and depths.done:
        leg, pieces = len(depths.journey), refinement.made * at_once
        if refinement.tested is not None:
            tests, done = refinement.tested
            further, pieces = divmod(done, photos)
            leg += 1 + tests * (len(LOOKING) + len(trial.JOURNEY)) + further
    legs = [leg for each in rounds for leg in each] + _stages(LAST, photos, at_once)
    return part_gone(legs, before + leg, pieces // at_once)


def _round(number: int, each: Round, tests: int, photos: int, at_once: int) -> list[Leg]:
    """The first one looks around before; each ends in its tests."""
    stages = (LOOKING if number == 0 else ()) + each.journey
    joint = Leg(each.steps, STEP + JOINT * photos * each.patches / 1000)
    return [
        *_stages(stages, photos, at_once),
        joint,
        *_stages(LOOKING + trial.JOURNEY, photos, at_once) * tests,
    ]


def _stages(journey: Sequence[Stage], photos: int, at_once: int) -> list[Leg]:
    """Each stage goes over the pixels of all photos."""
    steps = -(-photos // at_once)
    return [
        Leg(steps, STEP + STAGES.get(name, OTHERS) * at_once * side**2 / 1e6)
        for name, side in journey
    ]
