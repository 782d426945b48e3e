"""Every invariant that the database holds has a test that tries to break it."""

import re

import pytest

from tests.house.sources import tracked_texts

HELD_BY_THE_DATABASE = (1, *range(3, 15), 15, 16, 17, 18, 20, 21, 22, 31)


@pytest.mark.parametrize("number", HELD_BY_THE_DATABASE)
def test_each_invariant_has_a_test_that_names_it(number: int) -> None:
    name = re.compile(rf"def test_I0?{number}_")
    tests = (text for path, text in tracked_texts() if path.startswith("tests/"))
    assert any(name.search(text) for text in tests), f"no test is named test_I{number:02}_..."
