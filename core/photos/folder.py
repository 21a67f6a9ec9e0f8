"""A folder of pictures -> `PhotoSet`: sorted, judged by their headers, decoded in parallel."""

import math
import os
import statistics
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from core.errors import InputError
from core.photos.choice import EVERYTHING, Choice
from core.photos.listing import KINDS, is_picture, is_video, list_pictures, look_elsewhere
from core.photos.local import local_path, quoted
from core.photos.photoset import PhotoSet
from core.photos.picture import MOST_PIXELS, Background, Header, decode, read_header
from core.photos.sizes import Size, common_size, same_shape, scaled_down

MOST_BYTES = 4_000_000_000
MOST_THREADS = 4  # each holds one whole decoded picture


def load_photos(
    path: str | Path,
    long_side: int,
    background: Background,
    choice: Choice = EVERYTHING,
    most_bytes: int = MOST_BYTES,
) -> PhotoSet:
    """Photos from what a person gave: `load_folder` behind checks with helpful refusals.

    Raises:
        InputError: An address, nothing there, or a single file instead of a folder; or as
            `load_folder`.
    """
    place = local_path(path)
    if place.is_dir():
        return load_folder(place, long_side, background, choice, most_bytes)
    if is_video(place):
        raise InputError(
            f"{quoted(place.name)} is a video and a folder of photos is wanted here: "
            "take frames out of it first."
        )
    if is_picture(place):
        raise InputError(
            f"{quoted(place.name)} is a single picture and at least 2 are needed: "
            "give the folder that holds them."
        )
    raise InputError(
        f"{quoted(place.name)} is neither a folder of photos nor a video: give one of these."
    )


def load_folder(
    path: Path,
    long_side: int,
    background: Background,
    choice: Choice = EVERYTHING,
    most_bytes: int = MOST_BYTES,
) -> PhotoSet:
    """All usable pictures directly in a folder, at one size.

    PNG, JPEG, WebP, TIFF and HEIC in any letter case, in natural order (img_2 before img_10). Most
    photos decide the size; those of the same shape are rescaled to it, others left out. Whatever is
    left out or altered is named in ``notices``.

    Args:
        path: The folder.
        long_side: Longer side of the result in pixels; 0 keeps the photos' size. Never enlarges.
        background: The colour put behind transparent pixels.
        choice: Which pictures are taken; the others are not opened.
        most_bytes: Of pixels, in all.

    Raises:
        InputError: A negative ``long_side``, no such folder, fewer than 2 usable photos, or more
            than ``most_bytes``.
    """
    if long_side < 0:
        raise InputError(f"The long side of {long_side} pixels is negative: give 0 or more.")
    headers, notices = _read_headers(path, choice)
    _require_two(path, len(headers), notices)
    common = common_size([header.size for header in headers])
    notices += _other_sizes(headers, common)
    headers = [header for header in headers if same_shape(header.size, common)]
    _require_two(path, len(headers), notices)
    size = scaled_down(common, long_side)
    _require_memory(len(headers), size, most_bytes)
    pixels, headers = _decode_all(headers, size, background, notices)
    _require_two(path, len(headers), notices)
    ratios = tuple(header.focal_ratio for header in headers)
    known = [ratio for ratio in ratios if ratio is not None]
    return PhotoSet(
        names=tuple(header.path.name for header in headers),
        pixels=pixels,
        source_width=common[0],
        source_height=common[1],
        focal_ratio=statistics.median(known) if known else None,
        notices=tuple(notices),
        focal_ratios=ratios,
        stored=tuple(header.stored for header in headers),
    )


def _read_headers(folder: Path, choice: Choice) -> tuple[list[Header], list[str]]:
    headers = []
    files, notices = list_pictures(folder)
    for file in choice.of(files, folder):
        try:
            headers.append(read_header(file))
        except InputError as error:
            notices.append(str(error))
    return headers, notices


def _require_two(folder: Path, usable: int, notices: list[str]) -> None:
    if usable >= 2:
        return
    photos = "photo" if usable == 1 else "photos"
    hint = f"the first problem: {notices[0].rstrip('.')}" if notices else look_elsewhere(folder)
    raise InputError(
        f"{quoted(str(folder))} holds {usable} usable {photos} and at least 2 are needed: add "
        f"{KINDS} files{f' ({hint})' if hint else ''}."
    )


def _require_memory(count: int, size: Size, most: int) -> None:
    if (total := count * size[0] * size[1] * 3) > most:
        raise InputError(
            f"{count} photos of {size[0]} x {size[1]} pixels take {total / 1e9:.2g} GB and "
            f"{most / 1e9:.2g} GB is the limit: choose a smaller long side or fewer "
            "photos, or allow more memory."
        )


def _other_sizes(headers: Sequence[Header], common: Size) -> list[str]:
    """One sentence for the photos of each size that is not the common one."""
    names: dict[Size, list[str]] = {}
    for header in headers:
        if header.size != common:
            names.setdefault(header.size, []).append(quoted(header.path.name))
    return [_of_another_size(size, common, those) for size, those in names.items()]


def _of_another_size(size: Size, common: Size, names: list[str]) -> str:
    mine, theirs = (f"{width} x {height}" for width, height in (size, common))
    many = len(names) > 1
    who = f"{names[0]} and {len(names) - 1} more were" if many else f"{names[0]} was"
    if same_shape(size, common):
        return (
            f"{who} rescaled from {mine} to the {theirs} pixels of the others: remove "
            f"{'them' if many else 'it'} if another camera took {'them' if many else 'it'}."
        )
    if same_shape(size[::-1], common):
        ways = ("portrait", "landscape") if size[1] > size[0] else ("landscape", "portrait")
        reason = f"{'they are' if many else 'it is'} {ways[0]} ({mine}) and the others {ways[1]}"
        alone = "" if len(names) < 2 else ", or give them as a run of their own"
        return f"{who} left out because {reason}: hold the camera the same way for all{alone}."
    return (
        f"{who} left out because {'their' if many else 'its'} {mine} pixels are of another shape "
        f"than the {theirs} of most photos: crop {'them' if many else 'it'}, or hold the camera "
        "the same way for all."
    )


def _threads(headers: Sequence[Header]) -> int:
    """How many pictures are decoded at once: together no more pixels than the largest may have."""
    largest = max(math.prod(header.size) for header in headers)
    return max(1, min(MOST_THREADS, os.cpu_count() or 1, MOST_PIXELS // largest))


def _decode_all(
    headers: list[Header], size: Size, background: Background, notices: list[str]
) -> tuple[np.ndarray, list[Header]]:
    """Pixels (N, H, W, 3) uint8 of the photos that decode, and the headers of these."""
    pixels = np.empty((len(headers), size[1], size[0], 3), np.uint8)

    def fill(row: int) -> str:
        try:
            pixels[row] = decode(headers[row], size, background)
        except InputError as error:
            return str(error)
        return ""

    with ThreadPoolExecutor(_threads(headers)) as pool:
        faults = list(pool.map(fill, range(len(headers))))
    notices.extend(fault for fault in faults if fault)
    good = [row for row, fault in enumerate(faults) if not fault]
    for place, row in enumerate(good):  # in place: a copy would double the memory
        if place != row:
            pixels[place] = pixels[row]
    return pixels[: len(good)], [headers[row] for row in good]
