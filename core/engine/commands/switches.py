"""What a change of options did to a run: the mark it leaves on the curves, and one sentence."""

from collections.abc import Collection, Mapping
from typing import Any

from core.config.declare import Effect
from core.config.paths import changed, options
from core.training.changes import configure
from core.training.learned import PAIRS
from core.training.learners.field_learner import LOOKED_AT
from core.training.trainer import Trainer

STEERING = ("cameras", "field", "rendering", "losses", "schedule")  # sections that steer a step
ALSO = ("training.rays", "training.pixels_from")
BACK = "what is shown can be set back at any time."
WORDS = {"planes": "planes", "field": "the network", "depth-maps": "depth maps"}


def label(changes: Mapping[str, Any]) -> str:
    """The options that steer training among new values by path, by their titles; perhaps none."""
    return " · ".join(
        f"{options()[path].title} {spoken(value)}"
        for path, value in changes.items()
        if options()[path].effect > Effect.LIVE or path in ALSO or path.split(".")[0] in STEERING
    )


def sentence(
    words: str, effect: Effect, before: Collection[str], after: Collection[str], waits: bool
) -> str:
    """What changed, and what was left as it is.

    Args:
        words: a `label`.
        effect: the strongest of the changes.
        before, after: what learners show.
        waits: whether cameras are still being found, by planes alone.
    """
    known = [WORDS[name] for name in after if name in WORDS]
    stay = [WORDS[name] for name in after if name in before and name in WORDS and name != "field"]
    match effect:
        case Effect.REBUILD_FIELD:
            acts = _rebuilt(before, after, waits)
        case Effect.CONVERT:
            acts, stay = "stored otherwise from here on", known
        case _:
            acts, stay = "from the next step", known
    left = " and ".join([", ".join(stay), "cameras"] if stay else ["cameras"])
    return f"{words}: {acts}; {left} stay."


def show_forming(trainer: Trainer) -> list[str]:
    """Let a network that was picked beside planes or depth maps be seen there, and say so."""
    there, config = {learner.shows for learner in trainer.learners}, trainer.config
    beside = next((lead for lead, _ in PAIRS if lead in there), None)
    waits = trainer.stage == "bootstrap" or not trainer.step
    if waits or beside is None or config.field.kind == "planes" or config.explore.show in LOOKED_AT:
        return []
    configure(trainer, changed(config, {"explore.show": "both"}))
    stand = beside == "planes" or trainer.context().proposal is not None
    where = f"beside the {WORDS[beside]}" + ("" if stand else ", once these stand")
    return [f"{config.field.kind} is seen forming {where}; {BACK}"]


def _rebuilt(before: Collection[str], after: Collection[str], waits: bool) -> str:
    if waits:
        return "it acts once the cameras are found"
    begun = ["the network begins anew"] if "field" in after else []
    begun += [f"{WORDS[name]} begin" for name in after if name not in {*before, "field"}]
    ended = [f"{WORDS[name]} end" for name in before if name not in {*after, "field"}]
    ended += ["the network ends"] if "field" in before and "field" not in after else []
    return ", ".join([*ended, *begun]) or "nothing here heeds it"


def spoken(value: Any) -> str:
    """An option's value in words."""
    match value:
        case bool():
            return "on" if value else "off"
        case float():
            return f"{value:g}"
        case tuple():
            return ", ".join(map(spoken, value)) or "none"
        case _:
            return str(value)
