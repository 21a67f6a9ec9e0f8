"""The learning rates that are in force, whichever learner's turn it is."""

from core.multiplane.schedule import rate_at
from core.training.multiplane_learner import PlanesLearner
from core.training.trainer import Trainer


def rates_of(trainer: Trainer) -> dict[str, float]:
    """The rate of each group of numbers that may move in the step to come.

    Those of a neural field's steps are called as their options are, those of planes begin with
    "planes.": their texels, the poses, the depth floor, focal lengths and the distortion.
    """
    rates = {}
    learner = _stepping(trainer)
    if learner is not None:
        rates |= {
            f"planes.{group}": rate
            for group, rate in _planes_rates(learner, trainer.cameras_frozen).items()
        }
    if trainer.neural is not None:
        rates |= trainer.neural_rates(trainer.neural)
    return rates


def _stepping(trainer: Trainer) -> PlanesLearner | None:
    """The planes whose step comes next and is reported; None where they are finished."""
    bootstrap, planes = trainer.bootstrap, trainer.planes
    if bootstrap is None:
        rests = planes is None or (planes.finished and trainer.neural is not None)
        return None if rests else planes
    match bootstrap.phase:
        case "focal":
            return bootstrap.rivals[1]
        case "joining":
            return bootstrap.rivals[0]
        case _:
            return bootstrap.leader


def _planes_rates(learner: PlanesLearner, hold: bool) -> dict[str, float]:
    level = learner.present
    progress, learns = learner.progress(level), learner.cameras.learns
    spans = {"texels": level.plane_rate}
    if not hold:
        spans |= {"pose": level.pose_rate} if learns.rotation or learns.position else {}
        spans |= {"floor": level.shape_rate} if learns.rotation and learns.position else {}
        spans |= {"focal": level.focal_rate} if learns.focal else {}
        spans |= {"distortion": level.focal_rate} if learns.distortion else {}
    return {group: rate_at(span, progress) for group, span in spans.items()}
