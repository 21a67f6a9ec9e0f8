"""The kinds of learners, in the order of their turns in a step."""

from core.bootstrap.bootstrap import Bootstrap
from core.training.learner import Learner
from core.training.learners.depthmap_learner import DepthMapLearner
from core.training.learners.field_learner import FieldLearner
from core.training.learners.multiplane_learner import MultiplaneLearner

LEARNERS: dict[str, type[Learner]] = {
    "bootstrap": Bootstrap,
    "depth-maps": DepthMapLearner,
    "planes": MultiplaneLearner,
    "field": FieldLearner,
}
