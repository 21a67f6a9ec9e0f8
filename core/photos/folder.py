"""A folder of pictures -> `PhotoSet`: sorted, judged by their headers, decoded in parallel."""

import math
import os
import statistics
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np

from core.errors import InputError
from core.geometry.canvas import Size, window
from core.photos.choice import EVERYTHING, Choice
from core.photos.listing import (
    KINDS,
    VIDEO_SUFFIXES,
    is_picture,
    is_video,
    left_out,
    list_pictures,
    look_elsewhere,
)
from core.photos.local import local_path, quoted
from core.photos.photoset import PhotoSet
from core.photos.picture import MOST_PIXELS, Background, Header, decode, read_header
from core.photos.sizes import common_size, same_shape, scaled_down, shaped

MOST_BYTES = 4_000_000_000
MOST_THREADS = 4  # each holds one whole decoded picture
MOST_SHAPES = 3  # told one by one


def load_photos(
    path: str | Path,
    long_side: int,
    background: Background,
    choice: Choice = EVERYTHING,
    most_bytes: int = MOST_BYTES,
    names: Collection[str] = (),
) -> PhotoSet:
    """Photos from what a person gave: `load_folder` behind checks with helpful refusals.

    Raises:
        InputError: An address, nothing there, or a single file instead of a folder; or as
            `load_folder`.
    """
    source = local_path(path)
    if source.is_dir():
        return load_folder(source, long_side, background, choice, most_bytes, names)
    if is_video(source):
        raise InputError(
            f"{quoted(source.name)} is a video and a folder of photos is wanted here: "
            "take frames out of it first."
        )
    if is_picture(source):
        raise InputError(
            f"{quoted(source.name)} is a single picture and at least 2 are needed: "
            "give the folder that holds them."
        )
    raise InputError(
        f"{quoted(source.name)} is neither a folder of photos nor a video that can be read "
        f"({', '.join(sorted(VIDEO_SUFFIXES))}): give one of these, or convert a video to MP4."
    )


def load_folder(
    path: Path,
    long_side: int,
    background: Background,
    choice: Choice = EVERYTHING,
    most_bytes: int = MOST_BYTES,
    names: Collection[str] = (),
) -> PhotoSet:
    """All usable pictures directly in a folder, on one canvas.

    PNG, JPEG, WebP, TIFF and HEIC in any letter case, in natural order (img_2 before img_10). Most
    photos decide the size; those of the same shape are rescaled to it, others keep their shape and
    get the same longer side. Whatever is left out or altered is named in ``notices``.

    Args:
        path: The folder.
        long_side: Longer side of the photos in pixels; 0 keeps the size of most, as does a larger
            one than theirs.
        background: The colour put behind transparent pixels.
        choice: Which pictures are taken; the others are not opened.
        most_bytes: Of pixels, in all.
        names: Of these only those that are called so are taken; empty is all.

    Raises:
        InputError: A negative ``long_side``, no such folder, fewer than 2 usable photos, or more
            than ``most_bytes``.
    """
    if long_side < 0:
        raise InputError(f"The long side of {long_side} pixels is negative: give 0 or more.")
    headers, notices = _read_headers(path, choice, names)
    _require_two(path, len(headers), notices)
    common = common_size([header.size for header in headers])
    sizes = _laid_out(headers, common, scaled_down(common, long_side))
    _require_memory(len(headers), _holding(sizes), most_bytes)
    pixels, good = _decode_all(headers, sizes, background, notices)
    headers, sizes = [headers[row] for row in good], [sizes[row] for row in good]
    notices += _other_sizes(headers, common)
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
        sizes=() if len(set(sizes)) == 1 else tuple(sizes),
    )


def _read_headers(
    folder: Path, choice: Choice, names: Collection[str]
) -> tuple[list[Header], list[str]]:
    headers, faults = [], list[tuple[Path, str]]()
    files, notices = list_pictures(folder)
    for file in choice.of(files, folder):
        if names and file.name not in names:
            continue
        try:
            headers.append(read_header(file))
        except InputError as error:
            faults.append((file, str(error)))
    return headers, notices + left_out(faults)


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


def _laid_out(headers: Sequence[Header], common: Size, size: Size) -> list[Size]:
    """The size of each photo, where that of most is to be ``size``."""
    own = [size if same_shape(header.size, common) else header.size for header in headers]
    canvas = _holding([shaped(each, max(size), None) for each in own])
    return [shaped(each, max(size), canvas) for each in own]


def _holding(sizes: Sequence[Size]) -> Size:
    """The canvas that holds them all."""
    widths, heights = zip(*sizes, strict=True)
    return max(widths), max(heights)


def _other_sizes(headers: Sequence[Header], common: Size) -> list[str]:
    """A sentence for the photos of each size that is not the common one, and one for the shapes."""
    names: dict[Size, list[str]] = {}
    for header in headers:
        names.setdefault(header.size, []).append(quoted(header.path.name))
    alike = {size: those for size, those in names.items() if same_shape(size, common)}
    said = [_rescaled(size, common, those) for size, those in alike.items() if size != common]
    if len(alike) == len(names):
        return said
    others = sorted(
        (size for size in names if size not in alike), key=lambda size: -len(names[size])
    )
    most = sum(map(len, alike.values())), common
    kinds = [most, *((len(names[size]), size) for size in others)]
    listed = [f"{count} of {width} x {height}" for count, (width, height) in kinds[:MOST_SHAPES]]
    listed[0] += " pixels"
    if more := sum(count for count, _ in kinds[MOST_SHAPES:]):
        listed.append(f"{more} of other shapes")
    return [
        *said,
        f"The photos differ in shape ({', '.join(listed)}): each keeps its own, and gets a "
        "focal length of its own where matched features find that lenses differ.",
    ]


def _rescaled(size: Size, common: Size, names: list[str]) -> str:
    mine, theirs = (f"{width} x {height}" for width, height in (size, common))
    many = len(names) > 1
    who = f"{names[0]} and {len(names) - 1} more were" if many else f"{names[0]} was"
    return (
        f"{who} rescaled from {mine} to the {theirs} pixels of the others: remove "
        f"{'them' if many else 'it'} if another camera took {'them' if many else 'it'}."
    )


def _threads(headers: Sequence[Header]) -> int:
    """How many pictures are decoded at once: together no more pixels than the largest may have."""
    largest = max(math.prod(header.size) for header in headers)
    return max(1, min(MOST_THREADS, os.cpu_count() or 1, MOST_PIXELS // largest))


def _decode_all(
    headers: list[Header], sizes: list[Size], background: Background, notices: list[str]
) -> tuple[np.ndarray, list[int]]:
    """Pixels (N, H, W, 3) uint8 of the photos that decode, and which of the headers these are.

    Beyond a photo's edge its last pixels go on.
    """
    canvas = _holding(sizes)
    pixels = np.empty((len(headers), canvas[1], canvas[0], 3), np.uint8)

    def fill(row: int) -> str:
        try:
            photo = decode(headers[row], sizes[row], background)
        except InputError as error:
            return str(error)
        rows, columns = window(sizes[row], canvas)
        around = (rows.start, canvas[1] - rows.stop, columns.start, canvas[0] - columns.stop)
        pixels[row] = cv2.copyMakeBorder(photo, *around, cv2.BORDER_REPLICATE)
        return ""

    with ThreadPoolExecutor(_threads(headers)) as pool:
        faults = list(pool.map(fill, range(len(headers))))
    refused = [(header.path, fault) for header, fault in zip(headers, faults, strict=True) if fault]
    notices.extend(left_out(refused))
    good = [row for row, fault in enumerate(faults) if not fault]
    for to, row in enumerate(good):  # in place: a copy would double the memory
        if to != row:
            pixels[to] = pixels[row]
    if not good:
        return pixels[:0], good
    return pixels[: len(good), *window(_holding([sizes[row] for row in good]), canvas)], good
