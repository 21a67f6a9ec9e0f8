"""A run that goes on with cameras that were found another way; its scene begins anew for them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from core.bootstrap.findings import Way
from core.config import Config
from core.config.paths import changed
from core.runs.starting.fitting import fitted, with_depth_maps, with_own_lenses
from core.runs.starting.warm_start import of_cameras, take_cameras
from core.search.judging.witnesses import FOUND_BY, Witness
from core.training import build
from core.training.trainer import Trainer

WHOSE: dict[Way, str] = {
    "pixels": "These cameras were found from pixels alone.",
    "features": "These cameras were found from matched features, refined from pixels.",
    "given": "These cameras are another program's.",
}


def adopted(trainer: Trainer, witness: Witness) -> Trainer:
    """What goes on in a trainer's place, where it is in the run; the trainer is left alone.

    Photos without a camera there are left out, and can be switched on again: they then begin beside
    their neighbours.

    Raises:
        InputError: the cameras do not fit the photos, or look to all sides.
    """
    names, path = trainer.photos.names, Path(f"cameras {FOUND_BY[witness.way]}")
    cameras = {names[number]: camera for number, camera in witness.cameras.items()}
    cameras = fitted(cameras, trainer.photos, path)
    config, said = with_own_lenses(_without(trainer, witness), cameras)
    rig = build.build_rig(config, trainer.photos)
    build.express(rig, config, "explore")
    source, known = of_cameras(cameras, witness.points, path, config, rig)
    take_cameras(source, known, path, config, trainer.photos, rig)
    parts = (config, trainer.photos, trainer.recipe, rig, trainer.processes)
    heir = Trainer(*parts, found_by=witness.way)
    heir.given[list(witness.cameras)] = True
    now, seconds = trainer.course.progress, trainer.seconds
    heir.course = replace(
        heir.course, progress=now, stage_began=now, seconds=seconds, found_after=seconds
    )
    for sentence in (WHOSE[witness.way], *said):
        heir.say(sentence)
    left = len(config.data.disabled) - len(trainer.config.data.disabled)
    if left:
        heir.say(f"{left} of {len(names)} photos have no camera there and are left out.")
    return heir


def _without(trainer: Trainer, witness: Witness) -> Config:
    """The options: photos that the witness does not know are left out, depths hold the scene."""
    names, config = trainer.photos.names, trainer.config
    missing = [names[n] for n in trainer.trained.tolist() if n not in witness.cameras]
    changes: dict[str, Any] = {"data.disabled": [*config.data.disabled, *missing]}
    if witness.way == "given":  # what was named beside is taken, or left behind
        changes["cameras.rival"] = ""
    return with_depth_maps(changed(config, changes))
