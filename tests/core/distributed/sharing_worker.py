"""One process of a run that torchrun shares out: trains, and writes what it has learned.

python -m torch.distributed.run --nproc_per_node=2 sharing_worker.py FOLDER
"""

import os
import sys
from pathlib import Path

import numpy as np
import torch

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT))

from core.distributed.launching import joined  # noqa: E402
from core.distributed.process_group import SINGLE_PROCESS, ProcessGroup  # noqa: E402
from core.geometry.cameras import CameraRig  # noqa: E402
from core.training.trainer import Trainer  # noqa: E402
from tests.conftest import small_config  # noqa: E402
from tests.core.training.layers import brief, layered  # noqa: E402
from tests.core.training.parts import bootstrap_of  # noqa: E402


def learned(rig: CameraRig) -> np.ndarray:
    """All numbers of all cameras, in one row."""
    return torch.cat([number.detach().flatten() for number in rig.parameters()]).numpy()


def neural(processes: ProcessGroup) -> Trainer:
    """A network and cameras after some steps of an odd number of rays."""
    config = small_config(training__rays=251, cameras__rate=5e-3)
    trainer = Trainer(config, layered(6, 40, 30)[0], processes=processes)
    for _ in range(20):
        trainer.train_step(1)
    return trainer


def judged(processes: ProcessGroup) -> Trainer:
    """A network that is judged by a patch in each step, which one of the processes renders."""
    config = small_config(losses__ssim=0.5, losses__side=16, losses__every=1)
    trainer = Trainer(config, layered(6, 40, 30)[0], processes=processes)
    for _ in range(6):
        trainer.train_step(1)
    return trainer


def begun(processes: ProcessGroup) -> Trainer:
    """Planes from two starts beside one another, after the cameras' first moves.

    Planes amplify rounding: photos taken in another order move numbers of a single process by 2e-9
    after two steps, 6e-5 after three and 5e-4 after eight. So few steps tell what many would not.
    """
    trainer = Trainer(
        small_config(training__bootstrap=True), layered(6, 40, 30)[0], processes=processes
    )
    for _ in range(2):
        trainer.train_step(2)
    return trainer


def phases(processes: ProcessGroup) -> Trainer:
    """Through every phase of the bootstrap, and on beside a network."""
    recipe = brief(steps=4, most_photos=4)
    trainer = Trainer(
        small_config(training__bootstrap=True), layered(6, 40, 30)[0], recipe, processes=processes
    )
    while bootstrap_of(trainer) is not None:
        trainer.train_step(2)
    for _ in range(6):
        trainer.train_step(2)
    return trainer


CASES = {"neural": neural, "judged": judged, "begun": begun, "phases": phases}


def main(folder: Path) -> None:
    """Train each case with the others, and in the first process alone as well."""
    torch.set_num_threads(1)
    processes = joined(os.environ)
    for name, case in CASES.items():
        rows = {"together": case(processes)}
        if processes.rank == 0:
            rows["alone"] = case(SINGLE_PROCESS)
        np.savez(
            folder / f"{name}-{processes.rank}.npz",
            **{key: learned(trainer.rig) for key, trainer in rows.items()},
            **{f"{key} errors": trainer.photo_error for key, trainer in rows.items()},
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
