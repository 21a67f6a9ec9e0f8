"""Short runs whose numbers are kept in tests/data/kept, as the code of an earlier day made them.

`python -m tests.core.training.kept` writes them anew; do so only where a change is meant to change
what runs learn, and say so in its message. Files that are there stay: they are of earlier runs.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from core.config.paths import changed
from core.geometry.rays import camera_rays
from core.multiplane.schedule import Level, Recipe
from core.runs import checkpoint
from core.runs.checkpoint import Checkpoint
from core.training.changes import configure, refine
from core.training.trainer import Trainer
from tests.conftest import small_config
from tests.core.training.layers import brief, layered

FOLDER = Path(__file__).parents[2] / "data" / "kept"
NUMBERS = FOLDER / "numbers.json"
PHOTOS = layered(5, 16, 12)[0]
COUNTED = ("step", "epoch", "stage", "stage_start", "stage_start_step", "shown", "levels")
GOES_ON = 3  # steps after a run was opened again
TINY = {"field.width": 8, "field.depth": 2, "field.skip": 0, "training.rays": 48}
TRIPLANE = {"field.plane_side": 8, "field.plane_depth": 4, "field.plane_channels": 4}


def recipe() -> Recipe:
    """Every phase in two steps a level, of few pixels and planes."""
    whole = brief(steps=2, most_photos=4)

    def small(level: Level) -> Level:
        return replace(level, pixels=min(192, level.pixels // 4), planes=4)

    return Recipe(
        tuple(map(small, whole.starting)), tuple(map(small, whole.settling)), small(whole.trial),
        tuple(map(small, whole.registration)), tuple(map(small, whole.sharpening)),
        whole.most_photos,
    )  # fmt: skip


def begun(**options: Any) -> Trainer:
    """A tiny run of the options of `small_config`."""
    return Trainer(changed(small_config(**options), TINY | TRIPLANE), PHOTOS, recipe())


def trained(trainer: Trainer, steps: int) -> Trainer:
    """The same after so many steps more."""
    for _ in range(steps):
        trainer.train_step(1)
    return trainer


def after(trainer: Trainer, *steps: int) -> Iterator[Trainer]:
    """The trainer again and again, at each of these steps."""
    for step in steps:
        yield trained(trainer, step - trainer.step)


def default() -> Iterator[Trainer]:
    """Through all phases of the bootstrap, and on with a network beside planes."""
    return after(begun(training__bootstrap=True), 1, 3, 5, 7, 9, 12, 18, 24)


def of_kind(kind: str) -> Callable[[], Iterator[Trainer]]:
    """A field alone, every source of chance in use."""
    return lambda: after(
        begun(
            field__kind=kind, field__density_noise=0.5, training__pixels_from="one-photo",
            field__anneal_epochs=2, field__view_epochs=1,
        ), 1, 3, 8,
    )  # fmt: skip


def refined() -> Iterator[Trainer]:
    """Another stage, other representations, and another kind of field, one after the other."""
    trainer = trained(begun(training__freeze_cameras_epochs=1), 6)
    refine(trainer)
    yield trained(trainer, 7)
    changes = {"cameras.rotation": "quaternion", "cameras.focal": "exp"}
    configure(trainer, changed(trainer.config, changes))
    yield trained(trainer, 2)
    configure(trainer, changed(trainer.config, {"cameras.rotation": "rotation6D"}))
    configure(trainer, changed(trainer.config, {"cameras.focal_of": "each-photo"}))
    yield trained(trainer, 2)
    configure(trainer, changed(trainer.config, {"field.kind": "siren"}))
    yield trained(trainer, 2)


def unusual() -> Iterator[Trainer]:
    """Lenses that are learned and a photo that is left out, with a patch that is judged."""
    trainer = begun(
        training__bootstrap=True, cameras__learn_distortion=True, cameras__focal_of="each-photo",
        losses__ssim=0.5, losses__side=16, losses__every=1, cameras__rate_beside_planes=0.5,
    )  # fmt: skip
    yield trained(trainer, 3)
    configure(trainer, changed(trainer.config, {"data.disabled": ["01.png"]}))
    yield from after(trainer, 14, 17, 26)


def elsewhere() -> Iterator[Trainer]:
    """In camera space, which the field is asked in twice along each ray."""
    return after(
        begun(
            rendering__space="camera", rendering__near=0.5, rendering__far=8.0,
            rendering__spacing="disparity", rendering__importance_samples=4,
            rendering__white_background=True, training__rays=-1,
        ), 4,
    )  # fmt: skip


def refined_planes() -> Iterator[Trainer]:
    """Planes that begin anew for the cameras that were found."""
    trainer = trained(begun(training__bootstrap=True, field__kind="planes"), 16)
    yield trainer
    refine(trainer)
    yield trained(trainer, 3)


CASES: dict[str, Callable[[], Iterator[Trainer]]] = {
    "default": default,
    "refined": refined,
    "refined-planes": refined_planes,
    "unusual": unusual,
    "elsewhere": elsewhere,
    **{kind: of_kind(kind) for kind in ("relu", "siren", "triplane", "planes")},
}
# Files of earlier runs: of which case, and at which of its moments.
FILES = {"starts": ("default", 0), "joining": ("default", 5), "beside": ("default", 6),
         "converted": ("refined", 1)}  # fmt: skip


def opened(path: Path) -> Trainer:
    """The run that a file keeps."""
    found = checkpoint.read(path)
    trainer = Trainer(found.config, PHOTOS, recipe())
    checkpoint.restore(trainer, found)
    return trainer


def facts(trainer: Trainer) -> dict[str, Any]:
    """A moment of a run: what holds on every processor, and what differs by rounding.

    `exact` are counters, the photos to come, and digests of the source of chance and of the names
    and shapes of everything that the next step depends on. `rounded` are each tensor's mean and
    spread, and the mean of what the first camera sees.
    """
    made = checkpoint.taken(trainer, Path(), {})
    exact = {name: made.facts[name] for name in COUNTED if name in made.facts}
    exact["chance"] = hashlib.sha256(made.tensors["chance"].numpy()).hexdigest()
    exact["order"] = made.tensors["order"].tolist()
    layout = [f"{name} {t.dtype} {[*t.shape]}" for name, t in sorted(made.tensors.items())]
    exact["layout"] = hashlib.sha256("\n".join(layout).encode()).hexdigest()
    rounded = {
        name: _summary(tensor)
        for name, tensor in made.tensors.items()
        if tensor.is_floating_point() and tensor.numel()
    }
    learned = trainer.learned()
    seen = learned.scene.render(camera_rays(learned.cameras[0]))
    rounded["seen"] = [*seen.rgb.mean(0).tolist(), float(seen.opacity.mean())]
    return {"exact": exact, "rounded": rounded}


def _summary(tensor: Tensor) -> list[float]:
    numbers = tensor.double().flatten().nan_to_num(-1.0)  # errors of photos not yet drawn from
    kept = numbers if len(numbers) <= 4 else torch.stack([numbers.mean(), numbers.std()])
    return [float(f"{number:.8g}") for number in kept]


def written(made: Checkpoint, path: Path) -> None:
    """Write a checkpoint to another place than its own."""
    checkpoint.write(replace(made, path=path))


def main() -> None:
    """Write the files, and the numbers of all cases and of all files opened again."""
    torch.set_num_threads(1)
    numbers: dict[str, Any] = {}
    for name, case in CASES.items():
        numbers[name] = []
        for moment, trainer in enumerate(case()):
            numbers[name].append(facts(trainer))
            for file, place in FILES.items():
                if place == (name, moment) and not (FOLDER / f"{file}.safetensors").exists():
                    made = checkpoint.taken(trainer, Path(), {})
                    written(made, FOLDER / f"{file}.safetensors")
    for file in FILES:
        trainer = opened(FOLDER / f"{file}.safetensors")
        numbers[f"{file}.safetensors"] = [facts(trainer), facts(trained(trainer, GOES_ON))]
    NUMBERS.write_text(json.dumps(numbers, indent=0))


if __name__ == "__main__":
    main()
