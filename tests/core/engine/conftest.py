"""An engine at work."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.engine import Engine
from core.observing import observers
from tests.conftest import small_options


@pytest.fixture
def engine(photo_folder: Path, tmp_path: Path) -> Iterator[Engine]:
    """A started engine on five tiny photos."""
    engine = Engine(
        tmp_path / "run", small_options(data__photos=str(photo_folder)), observers=observers
    )
    engine.start()
    yield engine
    engine.stop()
