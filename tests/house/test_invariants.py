"""Every invariant that the database holds has a test that tries to break it."""

import re

from tests.house.sources import tracked_texts

# Shared trips bring I2; what leaves the house brings the rest.
HELD = (1, *range(3, 21), *range(24, 28), 31)


def test_each_invariant_has_a_test_that_names_it() -> None:
    tests = "\n".join(text for name, text in tracked_texts() if name.startswith("tests/"))
    named = {int(number) for number in re.findall(r"def test_I(\d+)_", tests)}
    missing = sorted(set(HELD) - named)
    assert not missing, f"no test is named test_I.._ for {missing}"
