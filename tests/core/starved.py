"""A process that may have little more memory than it has: it goes on in smaller pieces.

`python -m tests.core.starved FOLDER`; the folder holds photos.
"""

import itertools
import resource
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch

from core.engine import Engine
from core.engine.commands import Pause, Play
from core.engine.easing import eased
from core.geometry.cameras import Camera
from core.photos import PhotoSet
from core.rendering import scene as rendering
from core.rendering.picture import Pace
from core.rendering.scene import FieldScene
from core.training import step
from core.training.learners.multiplane_learner import MultiplaneLearner
from core.training.trainer import Trainer
from tests.conftest import shifted_photos, small_config, small_options
from tests.faults.small import digest, photos

MANY = 2**15  # rays as one piece: what they take does not fit, an eighth of it does
MEGABYTE = 2**20


@contextmanager
def at_most(more: int) -> Iterator[None]:
    """So many bytes more than there are now, for a while."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + more, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def render_starved() -> None:
    """A picture is the same."""
    trainer = Trainer(small_config(), photos())
    learned = trainer.learned().scene
    assert isinstance(learned, FieldScene)
    rendering.rays_at_once = lambda *asked: MANY
    camera = Camera(np.eye(4), 200.0, 200.0, 128.0, 64.0, 256, 128)

    class Whole(Pace):
        def chunk(self) -> int:
            return MANY

    (whole,) = (p for p in learned.seen_by(camera, Whole()) if p is not None)
    with at_most(48 * MEGABYTE):
        (starved,) = (p for p in learned.seen_by(camera, Whole()) if p is not None)
    assert np.allclose(whole.rgb, starved.rgb, atol=1e-6)
    trainer.close()


def step_starved() -> None:
    """A network's step is made of smaller pieces, one of planes of fewer rays."""
    step.rays_at_once = lambda *asked: MANY
    network = Trainer(small_config(training__rays=MANY), photos())
    before = digest(network)
    with at_most(64 * MEGABYTE):
        assert _tries(lambda: network.train_step(1), network) > 1
    assert digest(network) != before
    network.close()
    large = shifted_photos(width=80, height=60)
    names = tuple(map(str, range(len(large))))
    trainer = Trainer(small_config(field__kind="planes"), PhotoSet(names, large, 80, 60, None, ()))
    context = trainer.context()
    planes = MultiplaneLearner.of(context, trainer.recipe.levels[-1:], context.trained)
    whole = len(planes.step(context).errors)
    drawn: list[int] = []
    with at_most(48 * MEGABYTE):
        tries = _tries(lambda: drawn.append(len(planes.step(trainer.context()).errors)), trainer)
    assert tries > 1 and drawn[0] == whole >> (tries - 1), (tries, drawn, whole)
    trainer.close()


def _tries(act: Callable[[], object], trainer: Trainer) -> int:
    """How often an act was tried, until there was room."""
    for tries in itertools.count(1):
        try:
            act()
            return tries
        except RuntimeError as error:
            assert eased(trainer, error, alone=True), error
    raise AssertionError("it counts without end")


def engine_starved(folder: Path) -> None:
    """Where not even smaller pieces fit, training pauses, says why, and can go on later."""
    step.rays_at_once = lambda *asked: 2 * MANY
    options = small_options(data__photos=str(folder), training__rays=2 * MANY)
    engine = Engine(folder.parent / "run", options)
    engine.start()
    try:
        ready = engine.wait(0, 30)
        while ready.phase != "ready":
            ready = engine.wait(ready.version, 30)
        with at_most(16 * MEGABYTE):
            engine.submit(Play())
            stopped = ready
            while stopped.failure is None:
                stopped = engine.wait(stopped.version, 30)
            assert "emory ran out" in stopped.failure and not stopped.playing, stopped.failure
        step.rays_at_once = lambda *asked: 512
        engine.submit(Play(steps=1))
        after = stopped
        while after.step == 0:
            after = engine.wait(after.version, 30)
        assert after.failure is None
        engine.submit(Pause())
    finally:
        assert engine.stop() == ""


if __name__ == "__main__":
    torch.set_num_threads(1)
    render_starved()
    step_starved()
    engine_starved(Path(sys.argv[1]))
