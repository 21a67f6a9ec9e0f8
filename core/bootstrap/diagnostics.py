"""What the found cameras themselves give away about whether they can be right."""

from collections.abc import Sequence

import torch

from core.multiplane.placement import survey
from core.training.learners.multiplane_learner import MultiplaneLearner
from core.training.step import StepResult

LEAST_PARALLAX = 0.01  # of the longer picture side: a pixel where photos are 100 pixels wide
WIDEST_VIEW = 2.2  # half pictures from the reference view's centre: planes are seen edge-on beyond
UNLIKE = 4.0  # times the usual error, above which a photo does not fit the others


def diagnostics(learner: MultiplaneLearner, result: StepResult, names: Sequence[str]) -> list[str]:
    """Sentences to the person; none where nothing speaks against the cameras.

    Args:
        learner: planes and cameras.
        result: of its last step, over all pixels of all its photos.
        names: of all photos.
    """
    rig, photos = learner.rig, learner.trained
    found = survey(learner.field, rig, photos)
    errors = torch.stack([result.errors[result.photo == photo].mean() for photo in photos])
    said = []
    positions = rig.position.detach()[photos]
    way = float((positions - positions.mean(0))[:, :2].square().sum(-1).mean().sqrt())
    focal = float(rig.focal_lengths().detach().max()) / rig.long_side
    if way * found.mean_disparity * focal < LEAST_PARALLAX:
        said.append(
            "The photos seem to be taken from one place: without parallax there is no depth; "
            "take some from further aside."
        )
    if max(found.extent.largest) > WIDEST_VIEW:
        said.append(
            "The photos look in directions far apart, further than one set of planes can hold, so "
            "these cameras may be wrong; try with fewer neighbouring photos."
        )
    unlike = (errors > UNLIKE * errors.median()).nonzero().flatten().tolist()
    if unlike:
        listed = ", ".join(names[int(photos[index])] for index in unlike[:3])
        said.append(f"{listed}: unlike the other photos; leave out what is blurred or elsewhere.")
    return said
