"""The folder of private keys: whole files, its owner's alone, one key whoever comes first."""

from pathlib import Path

import pytest

from foundation.chance import SeededChance
from governance.polls.errors import KeyFolderUnusable
from governance.polls.keys import KeyFolder


def test_a_key_that_another_process_makes_meanwhile_keeps_its_place(tmp_path: Path) -> None:
    mine, other = (KeyFolder(tmp_path / "keys", SeededChance(seed)) for seed in (1, 2))

    def slowly() -> bytes:
        assert other.made("poll.log", lambda: b"the first") == b"the first"
        return b"the second"

    # Its public half may be in the database already: another key in its place could sign nothing.
    assert mine.made("poll.log", slowly) == b"the first"
    assert [one.name for one in (tmp_path / "keys").iterdir()] == ["poll.log"]


def test_what_a_crash_cut_short_is_no_key(tmp_path: Path) -> None:
    folder = KeyFolder(tmp_path / "keys", SeededChance(1))

    def dies() -> bytes:
        raise MemoryError

    with pytest.raises(MemoryError):
        folder.made("poll.log", dies)
    assert folder.made("poll.log", lambda: b"whole") == b"whole"
    assert (tmp_path / "keys" / "poll.log").stat().st_mode & 0o777 == 0o600


def test_a_folder_that_others_may_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir(mode=0o750)
    with pytest.raises(KeyFolderUnusable, match="others may read it"):
        KeyFolder(tmp_path / "keys", SeededChance(1))
