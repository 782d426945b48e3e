"""What tests of commands share."""

from collections.abc import Callable

import pytest

from khan.command_line import main

Khan = Callable[..., tuple[int, str, str]]


@pytest.fixture
def khan(capsys: pytest.CaptureFixture[str]) -> Khan:
    """Exit code, standard output and standard error of one command."""

    def run(*words: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main([str(word) for word in words])
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return run
