"""What a checkpoint file is made of: a safetensors file whose metadata are facts, and a digest."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any, BinaryIO

import safetensors.torch
import torch
from torch import Tensor

from core.errors import OutOfMemory
from core.runs.soundness import refusal

PIECE = 1 << 20  # bytes
LARGEST_HEADER = 4_000_000  # bytes; of 200 photos 35,000. As Python's objects it is 20 times that
NO_CHECKPOINT = (
    safetensors.SafetensorError, OSError, LookupError, ValueError, TypeError, RecursionError,
    AssertionError, OverflowError, MemoryError,
)  # fmt: skip  # what reading a strange file raises


KINDS = {  # how safetensors calls them, the widest first, so that each begins at its own width
    torch.float64: "F64", torch.int64: "I64", torch.float32: "F32", torch.int32: "I32",
    torch.bfloat16: "BF16", torch.float16: "F16", torch.int16: "I16", torch.int8: "I8",
    torch.uint8: "U8", torch.bool: "BOOL",
}  # fmt: skip


def write_content(path: Path, facts: dict[str, Any], tensors: dict[str, Tensor]) -> None:
    """Write a safetensors file tensor by tensor; its own writer holds a copy of all of them."""
    order, end = list(KINDS), 0
    names = sorted(tensors, key=lambda name: (order.index(tensors[name].dtype), name))
    header: dict[str, Any] = {"__metadata__": {"facts": json.dumps(facts)}}
    for name in names:
        tensor, begin = tensors[name], end
        end = begin + tensor.nbytes
        kind, shape = KINDS[tensor.dtype], list(tensor.shape)
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for name in names:
            if tensors[name].numel():
                file.write(_bytes_of(tensors[name]))


def _bytes_of(tensor: Tensor) -> memoryview:
    """What it is made of, row by row, not copied."""
    return tensor.contiguous().reshape(-1).view(torch.uint8).numpy().data


def content_of(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Facts and tensors as they stand in a file, copied: what is mapped ends with the file.

    Raises:
        InputError: it is none of ours.
        OutOfMemory: there was none left for it, whatever it is.
    """
    try:
        with regular(path).open("rb") as file:
            header, begin = _header(file)
            end = max((part["data_offsets"][1] for part in _tensors(header).values()), default=0)
            if begin + end != os.fstat(file.fileno()).st_size:
                raise ValueError("it is not as long as it says")
            file.seek(0)
            facts, tensors = _facts(header), safetensors.torch.load(file.read())
    except MemoryError:
        raise OutOfMemory(
            f"Memory ran out while {path} was read; close other programs, or open it where there "
            "is more."
        ) from None
    except NO_CHECKPOINT as error:
        raise refusal(path, str(error)) from None
    return facts, tensors


def facts_in(file: BinaryIO) -> dict[str, Any]:
    """The facts in the header of a safetensors file."""
    return header_of(file)[0]


def header_of(file: BinaryIO) -> tuple[dict[str, Any], dict[str, tuple[int, ...]]]:
    """The facts in the header of a safetensors file, and the shapes of its tensors by name."""
    header, _ = _header(file)
    shapes = {name: tuple(map(int, part["shape"])) for name, part in _tensors(header).items()}
    return _facts(header), shapes


def _header(file: BinaryIO) -> tuple[dict[str, Any], int]:
    """The header as it stands in a file, and where it ends."""
    size = int.from_bytes(file.read(8), "little")
    if size > LARGEST_HEADER:
        raise ValueError("its header has no end")
    header = json.loads(file.read(size))
    if not isinstance(header, dict):
        raise ValueError("its header is no object")
    return header, 8 + size


def _facts(header: dict[str, Any]) -> dict[str, Any]:
    facts = json.loads(header["__metadata__"]["facts"])
    if not isinstance(facts, dict):
        raise ValueError("its facts are no object")
    return facts


def _tensors(header: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: part for name, part in header.items() if name != "__metadata__"}


def regular(path: Path) -> Path:
    """The same path, of a file or of nothing; raises ValueError for a folder or a device."""
    if path.exists() and not path.is_file():
        raise ValueError("it is no file")
    return path


def digest_in(path: Path) -> str:
    """The digest of what a file holds, read piece by piece: it may be as large as the scene."""
    with path.open("rb") as file:
        header, after = _header(file)
        facts, tensors = _facts(header), _tensors(header)
        facts.pop("digest")
        digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode())
        for name in sorted(tensors):
            begin, end = tensors[name]["data_offsets"]
            digest.update(name.encode())
            file.seek(after + begin)
            for left in range(end - begin, 0, -PIECE):
                digest.update(file.read(min(PIECE, left)))
    return digest.hexdigest()


def digest_of(facts: dict[str, Any], tensors: dict[str, Tensor]) -> str:
    """The digest that a file with these facts and tensors is to hold."""
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode())
    for name in sorted(tensors):
        digest.update(name.encode())
        if tensors[name].numel():  # an empty one may have no stride to be seen as bytes with
            digest.update(_bytes_of(tensors[name]))
    return digest.hexdigest()
