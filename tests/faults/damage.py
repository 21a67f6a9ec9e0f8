"""The newest checkpoint cut short or with one bit turned: noticed every time, and the one before it
goes on."""

import random
import tempfile
from pathlib import Path

from core.errors import InputError
from core.runs import checkpoint
from tests.faults.small import opened

CASES = 100  # of either kind


def run(part: int) -> str:
    """Damage it again and again."""
    rng, count = random.Random(0), CASES // part
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder)
        trainer = opened(run)
        files = []
        for _ in range(2):
            trainer.train_step(1)
            files.append(checkpoint.save(trainer, run, {}))
        trainer.close()
        whole = files[1].read_bytes()
        for case in range(2 * count):
            content = bytearray(whole)
            if case % 2:
                content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
            else:
                del content[rng.randrange(len(content)) :]
            files[1].write_bytes(content)
            _noticed(files[1], case)
            found, complaints = checkpoint.newest(run)
            assert found is not None and found.path == files[0], f"case {case}: no fallback"
            assert len(complaints) == 1
    return f"{2 * count} damages: all noticed, the one before goes on"


def _noticed(file: Path, case: int) -> None:
    try:
        checkpoint.read(file)
    except InputError as error:
        assert "\n" not in str(error), f"case {case}: {error}"
    else:
        raise AssertionError(f"case {case}: {file} was read")
