"""From a run's folder and a config to a trainer: new, or continued where it was left."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import torch

from core.config import Config
from core.config.declare import Effect
from core.config.paths import changed, differences, options, to_yaml
from core.distributed.process_group import SINGLE_PROCESS, ProcessGroup
from core.engine.commands import Configure
from core.engine.monitoring.history import Recorder
from core.engine.run_folder import journal
from core.engine.run_folder.presets import for_device
from core.errors import InputError
from core.files import write_atomically
from core.geometry.canvas import Size
from core.photos import Background, Choice, PhotoSet, extract_frames, is_video, load_photos
from core.runs import checkpoint
from core.runs.home import FRAMES
from core.runs.soundness import Undoable, fitting
from core.runs.starting.warm_start import started
from core.training.changes import configure
from core.training.devices import choose_device
from core.training.room import photo_bytes
from core.training.trainer import Trainer

TENSORBOARD = "tensorboard==2.21.0"

# Of a continued run: where things are, and what cannot be had here.
MAY_DIFFER = (
    "data.photos", "training.device", "losses.clip", "losses.clip_weights", "losses.lpips",
    "losses.lpips_weights", "training.memory",
)  # fmt: skip


def loggable(config: Config) -> Config:
    """A config whose log can be written here.

    Raises:
        InputError: it asks for TensorBoard, whose package is not installed.
    """
    if config.training.tensorboard:
        try:
            import torch.utils.tensorboard  # noqa: F401, PLC0415
        except ImportError:
            raise InputError(
                "training.tensorboard needs a package that is not installed; run "
                f"`pip install {TENSORBOARD}`, or turn the option off."
            ) from None
    return config


def read_photos(config: Config, run: Path, names: Collection[str] = ()) -> PhotoSet:
    """The photos a config names; the frames of a video are decoded once into the run.

    Args: `names` of those that are read, where they are not all.

    Raises:
        InputError: nothing usable there.
    """
    data = config.data
    if not data.photos:
        raise InputError("No photos yet; drop some into the panel, or name a folder with --photos.")
    source = Path(data.photos).expanduser()
    if is_video(source):
        frames = extract_frames(
            source,
            run / FRAMES,
            count=data.video_frames,
            rate=data.video_rate,
            start=data.video_start,
            end=data.video_end,
        )
        source = frames[0].parent
    choice = Choice(data.first, data.last, data.every, data.most)
    most = photo_bytes(config)
    background = cast(Background, data.alpha_background)  # its choices are these
    photos = load_photos(source, data.long_side, background, choice, most, names)
    unknown = [name for name in data.disabled if name not in photos.names]
    said = f"data.disabled names {', '.join(unknown)}, which no photo is called; correct it."
    return replace(photos, notices=(*photos.notices, said)) if unknown else photos


def enlarged(config: Config, run: Path, photos: PhotoSet, long_side: int) -> PhotoSet:
    """The same photos with more pixels than training has, where they are still there."""
    if not 0 < config.data.long_side < long_side:
        return photos
    try:
        again = read_photos(changed(config, {"data.long_side": long_side}), run, photos.names)
    except InputError:
        return photos
    return again if again.names == photos.names else photos


def photos_of_run(config: Config, run: Path, names: Sequence[str]) -> PhotoSet:
    """The photos of a run that has these; earlier ones left out what differed in shape.

    Raises:
        InputError: nothing usable there.
    """
    photos = read_photos(config, run)
    own, others = set[Size](), set[Size]()
    for index, name in enumerate(photos.names):
        (own if name in names else others).add(photos.size(index))
    known = set(names) < set(photos.names)
    return read_photos(config, run, names) if known and not own & others else photos


def open_run(
    run: Path, changes: Mapping[str, Any], processes: ProcessGroup = SINGLE_PROCESS
) -> tuple[Trainer, Recorder, list[str]]:
    """Start the run in this folder, or continue it.

    Args:
        run: its folder; made where it is missing.
        changes: options by path that were asked for.
        processes: the processes that share each step.

    Returns:
        The trainer, its curves, and sentences about damaged checkpoints that were passed over.

    Raises:
        InputError: the photos, options or checkpoints do not allow it.
    """
    moved = {path: value for path, value in changes.items() if path in MAY_DIFFER}
    found, complaints = checkpoint.newest(run, lambda said: said.require_room(moved))
    if found is None:
        if complaints:
            raise InputError(complaints[0])
        device = choose_device(changed(Config(), changes).training.device)
        wanted, said = for_device(changes, device)
        trainer = new_trainer(loggable(changed(Config(), wanted)), run, processes)
        try:
            write_atomically(run / "config.yaml", to_yaml(trainer.config).encode())
        except OSError as error:
            trainer.close()
            raise InputError(
                f"{run} cannot be written ({error.strerror}); name another folder with --run."
            ) from error
        trainer.say(*said)
        return trainer, Recorder(len(trainer.photos.names)), complaints
    meant = loggable(changed(found.config, changes))
    trainer, recorder = continued(found, run, processes, moved)
    for path in differences(trainer.config, meant):
        if options()[path].effect is Effect.RESTART and path not in MAY_DIFFER:
            trainer.close()
            raise InputError(
                f"{path} cannot change in the run {run}, which has begun; name another with --run."
            )
    try:
        if asked := differences(found.config, meant):
            configure(trainer, meant)
            journal.append(run, trainer.step, Configure(asked))
    except InputError:
        trainer.close()
        raise
    return trainer, recorder, [*complaints, *_elsewhere(found, trainer)]


def _elsewhere(found: checkpoint.Checkpoint, trainer: Trainer) -> list[str]:
    """What is said where other numbers may come out than where the run was saved."""
    there = found.facts.get("torch"), found.facts.get("device")
    here = torch.__version__, trainer.device.type
    if there == here:
        return []
    saved, now = (f"torch {version} on {device}" for version, device in (there, here))
    return [f"The run was saved by {saved} and goes on by {now}; results may differ a little."]


def new_trainer(config: Config, run: Path, processes: ProcessGroup = SINGLE_PROCESS) -> Trainer:
    """A trainer at step 0: from nothing but photos, or from what `training.start_from` names.

    Raises:
        InputError: there are no photos, or that cannot be taken over.
    """
    photos = read_photos(config, run)
    if config.training.start_from:
        return started(config, photos, processes=processes)
    return Trainer(config, photos, processes=processes)


def continued(
    found: checkpoint.Checkpoint,
    run: Path,
    processes: ProcessGroup = SINGLE_PROCESS,
    moved: Mapping[str, Any] = {},
) -> tuple[Trainer, Recorder]:
    """A trainer and its curves as a checkpoint has them.

    Args:
        processes: the processes that share each step.
        moved: options of `MAY_DIFFER` that say where photos, device and weights are now.
    """
    config = changed(found.config, moved)
    trainer = Trainer(config, photos_of_run(config, run, found.facts["names"]), processes=processes)
    recorder = Recorder(len(trainer.photos.names))
    try:
        extra = checkpoint.restore(trainer, found)
        with fitting(found.path):
            recorder.restore(extra)
            recorder.undo = [Undoable(**one) for one in found.facts.get("undo", [])]
    except InputError:
        trainer.close()
        raise
    return trainer, recorder
