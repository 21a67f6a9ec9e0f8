"""States of every kind in which one thing is another, with a digest that is right.

Each ends in a sentence, or is gone on from: steps are made, and what is shown is finite. None ends
in a bug or in the end of the process, none takes much memory.
"""

import json
import os
import random
import resource
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor

from core.engine.monitoring.history import Recorder
from core.engine.run_folder.opening import open_run
from core.errors import InputError
from core.multiplane.tiles import TILE
from core.rendering.progressive import picture_of
from core.runs import checkpoint
from core.runs.container import digest_of
from core.training.learners import adjustment
from core.training.learners.multiplane_learner import MultiplaneLearner
from core.training.trainer import Trainer
from tests.conftest import small_config
from tests.core.training.layers import brief, layered
from tests.core.training.learners import test_adjustment
from tests.core.training.wide_run import maps_of, wide_run

EACH = 75  # forgeries of each kind of state
STEPS = 2  # that are made from those that are not refused
SECONDS, MEMORY = 60, 3e9  # that one may take
VALUES = (None, -1, 0, 3, 10**12, 1.5, 1e300, "x", [], [1, 2], {}, True)

Facts, Tensors = dict[str, Any], dict[str, Tensor]


def run(part: int) -> str:
    """All kinds of states."""
    told, adjustment.EVERY = list[str](), 1
    with tempfile.TemporaryDirectory() as place:
        for kind, begun in STATES.items():
            facts, tensors = _saved(begun(), Path(place) / kind / "photos")
            rng = random.Random(0)
            forgeries = sorted(_forgeries(facts, tensors), key=lambda _: rng.random())
            refused = 0
            for name, forged in [("nothing", (facts, tensors)), *forgeries[: EACH // part]]:
                file = Path(place) / kind / "run" / "checkpoints" / "000001-000000002.safetensors"
                _write(file, *forged)
                said = _apart(file.parents[1])
                assert not said.startswith("BUG"), f"{kind}, {name}: {said}"
                assert name != "nothing" or said == "goes on", said
                refused += said == "refused"
            told.append(f"{refused} of {EACH // part} {kind}")
    return f"refused {', '.join(told)}; the others go on"


def _tiled() -> Trainer:
    trainer = Trainer(
        small_config(training__bootstrap=True), layered(5, 32, 24)[0], brief(most_photos=5)
    )
    while (planes := trainer.find(MultiplaneLearner)) is None or planes.field.live is None:
        trainer.train_step(1)
    return trainer


def _looking() -> Trainer:
    trainer, _ = wide_run()
    for _ in range(3):
        trainer.train_step(1)
    return trainer


def _turning() -> Trainer:
    trainer, _ = wide_run()
    while not any(name.startswith("depthmaps.turns.joint.") for name in maps_of(trainer).state()):
        trainer.train_step(1)
    return trainer


def _adjusting() -> Trainer:
    trainer = test_adjustment.begun()
    while not any("adjustment.photos" in learner.state() for learner in trainer.learners):
        trainer.train_step(1)
    return trainer


STATES: dict[str, Callable[[], Trainer]] = {
    "of planes in tiles": _tiled, "of a look around": _looking, "of maps in turns": _turning,
    "of cameras made exact": _adjusting,
}  # fmt: skip


def _saved(trainer: Trainer, folder: Path) -> tuple[Facts, Tensors]:
    """What a state holds two steps later, of photos that lie in a folder."""
    folder.mkdir(parents=True)
    for name, pixels in zip(trainer.photos.names, trainer.photos.pixels, strict=True):
        Image.fromarray(pixels).save(folder / name)
    recorder = Recorder(len(trainer.photos.names))
    for _ in range(2):
        recorder.add(trainer.step, trainer.train_step(1).loss, trainer.rig)
    made = checkpoint.taken(trainer, Path("none"), recorder.tensors())
    trainer.close()
    made.facts["config"]["data"] |= {"photos": str(folder), "long_side": 0}
    return made.facts, made.tensors


def _write(file: Path, facts: Facts, tensors: Tensors) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    facts = facts | {"serial": 1}
    facts["digest"] = digest_of(facts, tensors)
    whole = {name: tensor.contiguous() for name, tensor in tensors.items()}
    save_file(whole, file, {"facts": json.dumps(facts)})


def _apart(run: Path) -> str:
    """What becomes of a run, tried in a process of its own."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 2)
        os.write(writing, _tried(run).encode()[:1000])
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read().decode(errors="replace")
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return said if status == 0 else f"BUG: it ended with {status}"


def _tried(run: Path) -> str:
    try:
        refused = _said(lambda: _gone_on(run)) or ""
        refused += _said(lambda: _looked_at(run)) or ""
        if resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 > MEMORY:
            return "BUG: it takes too much memory"
    except Exception as error:
        return f"BUG: {error!r}"
    return "refused" if refused else "goes on"


def _said(act: Callable[[], None]) -> str | None:
    """The sentence in which it ends."""
    try:
        act()
    except InputError as error:
        assert "\n" not in str(error) and len(str(error)) < 500, error
        return str(error)
    return None


def _gone_on(run: Path) -> None:
    trainer, *_ = open_run(run, {})
    try:
        for _ in range(STEPS):
            trainer.train_step(1)
        trainer.learned()
    finally:
        trainer.close()


def _looked_at(run: Path) -> None:
    learned = checkpoint.learned_in(run)
    picture = picture_of(learned.scene, learned.cameras[0].resized(2 * TILE, TILE))
    assert np.isfinite(picture.rgb).all(), "what is seen is not finite"


def _forgeries(facts: Facts, tensors: Tensors) -> Iterator[tuple[str, tuple[Facts, Tensors]]]:
    """Each tensor and each fact another, or gone."""
    for name, tensor in tensors.items():
        if not name.startswith("extra."):
            yield f"{name} gone", (facts, {n: t for n, t in tensors.items() if n != name})
            for how, other in _others(tensor):
                yield f"{name} {how}", (facts, tensors | {name: other})
    told = [name for name in facts if name not in ("config", "digest")]
    for name in told:
        yield f"{name} gone", ({n: f for n, f in facts.items() if n != name}, tensors)
        for value in VALUES:
            yield f"{name} {value!r}", (facts | {name: value}, tensors)


def _others(tensor: Tensor) -> Iterator[tuple[str, Tensor]]:
    """Of other shapes, kinds and values."""
    if tensor.ndim:
        yield "half", tensor[: len(tensor) // 2]
        yield "twice", torch.cat([tensor, tensor])
        yield "none of it", tensor[:0]
        yield "flat", tensor.flatten()
        yield "cut", tensor[..., : tensor.shape[-1] // 2]
        yield "one number", tensor.new_zeros(())
        yield "turned", tensor.mT if tensor.ndim > 1 else tensor.flip(0)
    yield "in a row", tensor.unsqueeze(0)
    yield "whole numbers", tensor.long()
    yield "halves", tensor.float() * 0.5
    yield "yes and no", tensor.bool()
    for value in (-1, 0, 7, 1e6, 1e30, -1e30) if tensor.is_floating_point() else (-1, 0, 1, 100):
        yield f"all {value}", torch.full_like(tensor.float(), value).to(tensor.dtype)
