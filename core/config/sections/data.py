"""Options of the photos."""

from core.config.declare import RESTART, Section, option


class Data(Section):
    """Which photos, and how they are read."""

    photos: str = option("", "Photos", "A folder of photos or a video file.", RESTART)
    long_side: int = option(
        504, "Long side", "Photos are downscaled to this many pixels; 0 keeps their size.", RESTART,
        at_least=0, at_most=8192,
    )  # fmt: skip
    first: int = option(
        1, "First photo", "Number of the first photo taken, in the order of names.", RESTART,
        at_least=1, expert=True,
    )  # fmt: skip
    last: int = option(
        0, "Last photo", "Number of the last photo taken; 0 is the end.", RESTART,
        at_least=0, expert=True,
    )  # fmt: skip
    every: int = option(
        1, "Every so many photos", "1 takes each photo from first to last, 2 every second.",
        RESTART, at_least=1, expert=True,
    )  # fmt: skip
    most: int = option(
        0, "Most photos", "Of those, how many from the first on; 0 takes all.", RESTART,
        at_least=0, expert=True,
    )  # fmt: skip
    held_out: str = option(
        "none", "Held-out photos", "Photos kept aside to measure novel views on.", RESTART,
        choices=("none", "every8", "last10"),
    )  # fmt: skip
    disabled: tuple[str, ...] = option(
        (), "Photos left out", "File names not trained on; one with a comma stands in quotes."
    )
    exif_focal: bool = option(
        True,
        "Focal length from EXIF",
        "Start from the focal length the photos state.",
        RESTART,
    )
    alpha_background: str = option(
        "white", "Behind transparency", "Colour put behind transparent pixels.", RESTART,
        choices=("white", "black"), expert=True,
    )  # fmt: skip
    video_frames: int = option(
        25, "Frames of a video", "How many frames are taken, evenly spread, the sharpest nearby.",
        RESTART, at_least=2, at_most=500,
    )  # fmt: skip
    video_rate: float = option(
        0.0, "Frames per second of a video", "Frames taken each second; 0 takes the number above.",
        RESTART, at_least=0, at_most=60, expert=True,
    )  # fmt: skip
    video_start: float = option(
        0.0, "Video from", "Seconds into the video where frames begin.", RESTART,
        at_least=0, expert=True,
    )  # fmt: skip
    video_end: float = option(
        0.0, "Video to", "Seconds into the video where frames end; 0 is its end.", RESTART,
        at_least=0, expert=True,
    )  # fmt: skip
