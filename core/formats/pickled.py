"""What torch saved, taken apart without believing it.

Files are read with `weights_only=True`, which runs nothing, and only after the archive's own claims
are bounded; of what is in them, kinds, shapes and numbers are checked before use.
"""

import io
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from core.errors import InputError
from core.formats.files import read_file

LARGEST_FILE = 64_000_000  # bytes; published checkpoints have 2 million
LARGEST_PICKLE = 1_000_000  # bytes of what torch saves beside numbers: an object for each of them
LARGEST_SIDE = 8192  # of any array
OTHER = "choose a checkpoint of improved-nerfmm or nerfmm."


def loaded(path: Path) -> dict[str, Any]:
    """The dict in a file of torch 1.6 or newer.

    Raises:
        InputError: it is missing, too large, or anything but numbers and words by name.
    """
    content = read_file(path, LARGEST_FILE)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
        if sum(entry.file_size for entry in entries) > LARGEST_FILE:
            raise InputError(f"{path}: unpacked it is larger than 64 MB; {OTHER}")
        words = sum(entry.file_size for entry in entries if entry.filename.endswith(".pkl"))
        if words > LARGEST_PICKLE or any(entry.compress_type for entry in entries):
            raise InputError(f"{path}: it is packed as torch packs none; {OTHER}")
        found = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except InputError:
        raise
    except Exception as error:  # what the unpickler raises for hostile bytes is not bounded
        raise InputError(
            f"{path}: it is damaged, or not only numbers and words; {OTHER}"
        ) from error
    if not isinstance(found, dict):
        raise InputError(f"{path}: it holds no named parts; {OTHER}")
    return found


def part(content: Mapping[str, Any], name: str, path: Path) -> Mapping[str, Any]:
    """The named part of what was read; raises InputError where it is none."""
    part = content.get(name)
    if not isinstance(part, dict):
        raise InputError(f"{path}: it has no {name}; {OTHER}")
    return part


def array(part: Mapping[str, Any], name: str, path: Path, shape: tuple[int | None, ...]) -> Tensor:
    """A float32 tensor of a shape; None is any length from 1.

    Raises:
        InputError: there is none, it has another shape, or is not finite.
    """
    tensor = part.get(name)
    if not isinstance(tensor, Tensor) or not _usual(tensor):
        raise InputError(f"{path}: {name} is missing or no array of numbers; {OTHER}")
    fits = len(tensor.shape) == len(shape) and all(
        1 <= found <= LARGEST_SIDE and wanted in (None, found)
        for found, wanted in zip(tensor.shape, shape, strict=True)
    )
    if not fits or tensor.numel() > LARGEST_FILE // 2:
        raise InputError(f"{path}: {name} has the shape {tuple(tensor.shape)}; {OTHER}")
    if not bool(torch.isfinite(tensor).all()):
        raise InputError(f"{path}: {name} is not finite; {OTHER}")
    return tensor.detach().float().clone()


def _usual(tensor: Tensor) -> bool:
    plain = tensor.layout is torch.strided and not tensor.is_meta and not tensor.is_quantized
    return plain and tensor.is_floating_point()


def word(part: Mapping[str, Any], name: str, path: Path, known: Iterable[str]) -> str:
    """One of the known words; raises InputError where it is another."""
    word = part.get(name)
    if not isinstance(word, str) or word not in known:
        raise InputError(f"{path}: {name} is none of {', '.join(known)}; {OTHER}")
    return word


def whole(part: Mapping[str, Any], name: str, path: Path, least: int) -> int:
    """A count of at least so much; raises InputError where it is none."""
    number = part.get(name)
    if not isinstance(number, int) or not least <= number < 2**31:
        raise InputError(f"{path}: {name} is missing or no count; {OTHER}")
    return number
