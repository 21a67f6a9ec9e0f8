"""A viser server for the scene's tests."""

from collections.abc import Iterator

import pytest
import viser

from studio.serving.viser_server import start_viser, stop_viser


@pytest.fixture
def server() -> Iterator[viser.ViserServer]:
    """The studio's own viser server, without anything in it."""
    started = start_viser()
    yield started
    stop_viser(started)
