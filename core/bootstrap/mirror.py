"""Whether a scene is inside out: its mirror image as a hypothesis, and what comes of that."""

from core.bootstrap.hypotheses import restart
from core.geometry.relief import bend
from core.multiplane.field import FIRST_ALPHA
from core.training.learners.multiplane_learner import MultiplaneLearner

UNSURE = 0.5  # dB between a scene and its mirror image under which nobody can tell


def mirrored(leader: MultiplaneLearner) -> MultiplaneLearner:
    """A learner with grey planes and the leader's cameras, as its mirrored scene has them."""
    hypothesis = restart(leader, FIRST_ALPHA)
    bend(hypothesis.rig, -1.0, *[leader.mean_disparity] * 2)
    return hypothesis


def mirror_messages(gap: float) -> list[str]:
    """Sentences to the person.

    Args: `gap` is how many dB the scene explains the photos better than its mirror image does.
    """
    said = []
    if gap < 0:
        said.append("The mirrored scene explains the photos better; the cameras turned.")
    if abs(gap) < UNSURE:
        said.append(
            "The scene and its mirror image explain the photos nearly alike "
            f"({abs(gap):.1f} dB apart), so the cameras may be inside out; add photos taken "
            "from further aside."
        )
    return said
