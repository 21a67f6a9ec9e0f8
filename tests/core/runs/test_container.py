"""Files are as safetensors writes them, and any reader of these reads them."""

from pathlib import Path

import safetensors.torch
import torch

from core.runs.container import KINDS, facts_in, write_content


def test_what_is_written_is_what_safetensors_reads(tmp_path: Path) -> None:
    tensors = {str(kind): torch.arange(6).reshape(2, 3).to(kind) for kind in KINDS}
    tensors |= {"none": torch.empty(0, 4), "one": torch.tensor(2.5), "turned": torch.ones(3, 2).T}
    path = tmp_path / "a.safetensors"
    write_content(path, {"step": 3, "name": "fougère"}, tensors)
    read = safetensors.torch.load_file(path)
    assert read.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert read[name].dtype == tensor.dtype and torch.equal(read[name], tensor), name
    with path.open("rb") as file:
        assert facts_in(file) == {"step": 3, "name": "fougère"}
