"""Options of the optimisation."""

from pydantic import field_validator

from core.config.declare import RESTART, Section, option

GROUPS = ("cameras", "field", "optimizers")  # of another run, that a new one may keep


class Training(Section):
    """The optimisation itself."""

    bootstrap: bool = option(
        True,
        "Find cameras with planes",
        "Planes find the cameras first, then the chosen field begins.",
        RESTART,
    )
    seed: int = option(0, "Seed", "Same seed, same run.", RESTART, at_least=0, at_most=2**31 - 1)
    rays: int = option(
        512, "Rays", "Pixels drawn in each step; -1 takes every pixel of one photo.",
        at_least=-1, at_most=65536,
    )  # fmt: skip
    pixels_from: str = option(
        "all-photos", "Pixels from", "Each step draws from all photos, or from one as published.",
        choices=("all-photos", "one-photo"),
    )  # fmt: skip
    epochs: int = option(
        0, "Stop after epochs", "Training pauses after this many passes over the photos; 0 never.",
        at_least=0,
    )  # fmt: skip
    pretrain_epochs: int = option(
        0, "Pre-train epochs", "After so many the scene restarts by itself, cameras stay; 0 never.",
        at_least=0,
    )  # fmt: skip
    freeze_cameras_epochs: int = option(
        0, "Cameras frozen first", "Epochs in which cameras that were refined or given keep still.",
        at_least=0,
    )  # fmt: skip
    start_from: str = option(
        "", "Start from", "A run, a checkpoint or known cameras to begin with, instead of nothing.",
        RESTART, expert=True,
    )  # fmt: skip
    keep: tuple[str, ...] = option(
        ("cameras",), "Taken over from there", "What is taken over: cameras, field, optimizers.",
        RESTART, expert=True,
    )  # fmt: skip
    autosave_seconds: float = option(
        60.0, "Autosave", "Seconds between checkpoints.", at_least=1, at_most=86400
    )
    disk: float = option(
        1.0, "Disk for states", "GB that states of the run may take, to go on from and for Undo; "
        "the oldest are removed. 0 keeps all.", at_least=0, at_most=65536,
    )  # fmt: skip
    moments: int = option(
        200, "Moments of the scene", "MB that the scene as it was may take on the disk; the slider "
        "Time shows it, and new runs may branch from there. 0 keeps none.",
        at_least=0, at_most=65536,
    )  # fmt: skip
    validate_seconds: float = option(
        60.0, "Validate every", "Seconds of training between two views that are compared with a "
        "photo and kept in the run's folder; 0 never.", at_least=0, at_most=86400, expert=True,
    )  # fmt: skip
    tensorboard: bool = option(
        False, "TensorBoard", "Curves and pictures for `tensorboard --logdir` of the run's folder.",
        expert=True,
    )  # fmt: skip
    device: str = option(
        "auto", "Device", "Where tensors live; auto takes a GPU where there is one.", RESTART,
        choices=("auto", "cpu", "cuda"), expert=True,
    )  # fmt: skip
    memory: float = option(
        0.0, "Memory", "GB that photos, planes and steps may take beside the program itself; 0 "
        "takes a sixth of what this machine or its container has. Planes heed it as they grow.",
        at_least=0, at_most=65536, expert=True,
    )  # fmt: skip
    workers: int = option(
        0, "Workers", "Threads that share a step on the CPU; 0 takes what proves faster.",
        at_least=0, at_most=64, expert=True,
    )  # fmt: skip

    @field_validator("rays")
    @classmethod
    def _some_rays(cls, value: int) -> int:
        if value == 0:
            raise ValueError("0 draws nothing; say at least 1, or -1 for every pixel of a photo")
        return value

    @field_validator("keep")
    @classmethod
    def _known_groups(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not set(value) <= set(GROUPS):
            raise ValueError(f"it is made of {', '.join(GROUPS)}")
        return value
