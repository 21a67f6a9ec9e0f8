"""Files that say they are checkpoints, and are made to run code, to hang or to fill the memory.

Each ends in a sentence within seconds, and takes at most three times its size and 200 MB more.
"""

import io
import json
import os
import pickle
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch

from core.errors import InputError
from core.formats.legacy import read_published
from core.runs import checkpoint
from core.runs.header import header
from tests.faults.small import opened

TIMES, MORE = 3, 200e6  # bytes of memory: of the file's, and besides
SECONDS = 5.0
MANY = 20_000_000  # bytes of objects, in files that are objects
TRACE = "ran"


def run(part: int) -> str:
    """Every file, whatever the part: they are few."""
    worst, longest, count = 0.0, 0.0, 0
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        os.environ["HOSTILE_TRACE"] = str(folder / TRACE)
        for name, read, make in (*_ours(folder), *_published(folder)):
            file = folder / name
            make(file)
            memory, seconds = _refused(file, read)
            allowed = TIMES * file.stat().st_blocks * 512 + MORE
            assert memory < allowed, f"{name} takes {memory / 1e6:.0f} MB"
            assert seconds < SECONDS, f"{name} takes {seconds:.1f} s"
            worst, longest, count = max(worst, memory), max(longest, seconds), count + 1
            file.unlink()
        assert not (folder / TRACE).exists(), "code was run"
    return f"{count} files refused, with {worst / 1e6:.0f} MB and {longest:.1f} s at most"


Read = Callable[[Path], object]
Hostile = Iterator[tuple[str, Read, Callable[[Path], object]]]


def _refused(file: Path, read: Read) -> tuple[float, float]:
    """The most bytes and the seconds that a refusal takes."""
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before, began = _peak(), time.monotonic()
    try:
        read(file)
    except InputError as error:
        assert "\n" not in str(error) and len(str(error)) < 500, f"{file.name}: {error}"
    else:
        raise AssertionError(f"{file.name} is read")
    return _peak() - before, time.monotonic() - began


def _peak() -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(1024.0 * int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def _read_ours(file: Path) -> None:
    header(file)
    checkpoint.read(file)


def _read_published(file: Path) -> None:
    read_published(file, "square")


def _ours(folder: Path) -> Hostile:
    """Of our own kind."""
    trainer = opened(folder / "run")
    sound = checkpoint.save(trainer, folder / "run", {}).read_bytes()
    trainer.close()
    size = int.from_bytes(sound[:8], "little")
    said, data = json.loads(sound[8 : 8 + size]), sound[8 + size :]
    facts = json.loads(said["__metadata__"]["facts"])
    objects = "[" + "[]," * (MANY // 3) + "[]]"

    def written(changes: dict[str, Any], content: bytes = data) -> Callable[[Path], object]:
        text = json.dumps(said | changes).encode()
        return lambda file: file.write_bytes(len(text).to_bytes(8, "little") + text + content)

    def claiming(dtype: str, shape: Any, offsets: Any) -> Callable[[Path], object]:
        return written({"rig.position": {"dtype": dtype, "shape": shape, "data_offsets": offsets}})

    def stating(**changes: Any) -> Callable[[Path], object]:
        return written({"__metadata__": {"facts": json.dumps(facts | changes)}})

    def hollow(file: Path) -> None:
        file.write_bytes(sound)
        os.truncate(file, 8_000_000_000)

    empty = {"dtype": "F32", "shape": [0], "data_offsets": [len(data), len(data)]}
    digits = {"__metadata__": {"facts": '{"step": ' + "9" * 1_000_000 + "}"}}
    makes = {
        "a header of objects": written({"more": json.loads(objects)}),
        "facts of objects": written({"__metadata__": {"facts": objects}}),
        "facts of facts": stating(names=json.loads(objects)),
        "names without end": stating(names=["x" * 3_000_000]),
        "deep facts": written({"__metadata__": {"facts": "[" * 100_000}}),
        "digits": written(digits),
        "many tensors": written({f"t{i}": empty for i in range(30_000)}),
        "a shape of 10^12": claiming("F32", [10**12], [0, 60]),
        "a shape beyond numbers": claiming("F32", [2**62, 8], [0, 60]),
        "a shape below nothing": claiming("F32", [-5, -3], [0, 60]),
        "offsets behind the end": claiming("F32", [5, 3], [0, 10**12]),
        "offsets that go back": claiming("F32", [5, 3], [60, 0]),
        "offsets of another": claiming("F32", [5, 3], [4, 64]),
        "a kind of number that is none": claiming("F99", [5, 3], [0, 60]),
        "words for a shape": claiming("F32", ["5", "3"], [0, 60]),
        "a number for a header": lambda file: file.write_bytes((1).to_bytes(8, "little") + b"5"),
        "words for tensors": written({"rig.position": "F32"}),
        "no header": lambda file: file.write_bytes(bytes(1000)),
        "a header of 10^12": lambda f: f.write_bytes((10**12).to_bytes(8, "little") + sound[8:]),
        "100 MB behind the end": lambda file: file.write_bytes(sound + bytes(100_000_000)),
        "100 MB of another digest": written(
            {"more": {"dtype": "F16", "shape": [50_000_000],
                      "data_offsets": [len(data), len(data) + 100_000_000]}},
            data + bytes(100_000_000),
        ),
        "8 GB of nothing": hollow,
    }  # fmt: skip
    for name, make in makes.items():
        yield f"{name}.safetensors", _read_ours, make


class _Code:
    """What runs where a pickle is believed."""

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str, ...]]:
        return os.mkdir, (os.environ["HOSTILE_TRACE"],)


def _published(folder: Path) -> Hostile:
    """Of torch's kind."""

    def packed(words: bytes, how: int = zipfile.ZIP_STORED) -> Callable[[Path], object]:
        def make(file: Path) -> None:
            with zipfile.ZipFile(file, "w", how) as archive:
                archive.writestr("latest/data.pkl", words)
                archive.writestr("latest/version", b"3\n")

        return make

    def saved(content: Any) -> Callable[[Path], object]:
        return lambda file: torch.save(content, file)

    doubled: list[Any] = []
    for _ in range(60):
        doubled = [doubled, doubled]
    lists = b"\x80\x02(" + b"]" * MANY + b"l."
    expanded = torch.zeros(1).expand(10**12)
    stored, old = io.BytesIO(), io.BytesIO()
    torch.save({"model": {}}, stored)
    torch.save({"model": {}}, old, _use_new_zipfile_serialization=False)
    makes = {
        "objects": packed(lists),
        "objects, packed": packed(lists, zipfile.ZIP_DEFLATED),
        "zeros, packed": packed(bytes(256_000_000), zipfile.ZIP_DEFLATED),
        "code": saved({"model": _Code(), "cam_param": {}}),
        "code alone": lambda file: file.write_bytes(pickle.dumps(_Code())),
        "a call": packed(b"\x80\x02cos\nsystem\nX\x04\x00\x00\x00true\x85R."),
        "shared 2^60 times": saved({"model": doubled, "cam_param": doubled}),
        "10^12 numbers of one": saved({"model": {"w": expanded}, "cam_param": {"phi": expanded}}),
        "the old kind": lambda file: file.write_bytes(old.getvalue()),
        "half": lambda file: file.write_bytes(stored.getvalue()[: len(stored.getvalue()) // 2]),
    }
    for name, make in makes.items():
        yield f"{name}.pt", _read_published, make
