"""Options of the optimisation."""

from core.training.options import RESTART, Section, option


class Training(Section):
    """The optimisation itself."""

    bootstrap: bool = option(
        True,
        "Bootstrap",
        "Planes find the cameras first, then the chosen field begins.",
        RESTART,
    )
    seed: int = option(0, "Seed", "Same seed, same run.", RESTART, at_least=0, at_most=2**31 - 1)
    rays: int = option(512, "Rays", "Pixels drawn in each step.", at_least=1, at_most=65536)
    pixels_from: str = option(
        "all-photos", "Pixels from", "Each step draws from all photos, or from one as published.",
        choices=("all-photos", "one-photo"),
    )  # fmt: skip
    epochs: int = option(
        0, "Stop after epochs", "Training pauses after this many passes over the photos; 0 never.",
        at_least=0,
    )  # fmt: skip
    refine_after_epochs: int = option(
        0, "Refine after epochs", "The scene restarts by itself then, cameras stay; 0 never.",
        at_least=0,
    )  # fmt: skip
    freeze_cameras_epochs: int = option(
        0, "Cameras frozen in refine", "Epochs of refine in which cameras do not move.",
        at_least=0,
    )  # fmt: skip
    autosave_seconds: float = option(
        60.0, "Autosave", "Seconds between checkpoints.", at_least=1, at_most=86400
    )
    device: str = option(
        "auto", "Device", "Where tensors live; auto takes a GPU where there is one.", RESTART,
        choices=("auto", "cpu", "cuda"), expert=True,
    )  # fmt: skip
    workers: int = option(
        0, "Workers", "Threads that share a step on the CPU; 0 takes what proves faster.",
        at_least=0, at_most=64, expert=True,
    )  # fmt: skip
