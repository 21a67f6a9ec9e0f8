"""A file is finished or not there."""

import pytest

from core.errors import InputError
from core.exporting.files import finished_file


def test_a_file_appears_only_when_it_is_finished(tmp_path):
    out = tmp_path / "new folder" / "result.txt"
    with finished_file(out) as temporary:
        temporary.write_text("whole")
        assert temporary.suffix == ".txt" and not out.exists()
    assert list(out.parent.iterdir()) == [out] and out.read_text() == "whole"


def test_a_failure_keeps_the_older_file_and_leaves_nothing_else(tmp_path):
    out = tmp_path / "result.txt"
    out.write_text("old")
    with pytest.raises(KeyboardInterrupt), finished_file(out) as temporary:
        temporary.write_text("half")
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == [out] and out.read_text() == "old"


def test_a_place_that_is_no_folder_is_refused_by_name(tmp_path):
    (tmp_path / "file").touch()
    with (
        pytest.raises(InputError, match=r"result\.txt"),
        finished_file(tmp_path / "file" / "result.txt"),
    ):
        pytest.fail("there is nowhere to write")
