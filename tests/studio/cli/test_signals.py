"""An orderly end is asked for by signals, those that there are and are not meant to be ignored."""

import signal

import pytest

from studio.cli.signals import end_on_signals


def test_the_first_signal_asks_for_the_end(own_signals: None) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)  # these tests may have been started by nohup
        asked = end_on_signals()
        signal.raise_signal(number)
        assert asked.is_set()


def test_nohup_is_respected(own_signals: None) -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    asked = end_on_signals()
    signal.raise_signal(signal.SIGHUP)
    assert not asked.is_set()


def test_a_system_without_sighup_has_the_others(
    own_signals: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows."""
    with monkeypatch.context() as patch:
        patch.delattr(signal, "SIGHUP")
        asked = end_on_signals()
    signal.raise_signal(signal.SIGTERM)
    assert asked.is_set()
