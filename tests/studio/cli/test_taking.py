"""Remedies on the command line: each is asked for as soon as enough is known of the cameras."""

import argparse
from pathlib import Path

from core.config import Config
from core.engine.commands import Adopt, Reseed
from core.engine.snapshot import Snapshot
from core.search.judging.witnesses import Opinion, Other
from studio.cli.train import able, add_arguments, wanted


def knowing(opinion: Opinion) -> Snapshot:
    return Snapshot(1, Path("run"), Config(), opinion=opinion)


def test_a_remedy_waits_until_it_can_be_performed() -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    words = ["--photos", "x", "--take", "rival", "--reseed", "a.jpg", "b.jpg"]
    take, reseed = wanted(parser.parse_args(words))
    assert (take, reseed) == (Adopt("rival"), Reseed(("a.jpg", "b.jpg")))
    nothing = knowing(Opinion())
    judged = knowing(Opinion("pixels", "doubtful"))
    beside = knowing(Opinion("pixels", "doubtful", others=(Other("rival", "trusted", "."),)))
    flip = Adopt("mirrored")
    assert [able(s, take) for s in (nothing, judged, beside)] == [False, False, True]
    assert [able(s, flip) for s in (nothing, judged, beside)] == [False, True, True]
    assert [able(s, reseed) for s in (nothing, judged, beside)] == [False, True, True]
    assert wanted(parser.parse_args(["--photos", "x"])) == []
