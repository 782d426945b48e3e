"""What a test needs of the machine."""

import os
from typing import NoReturn

import pytest


def absent(reason: str) -> NoReturn:
    """A part of the machine that a test needs is missing: a failure in CI, a skip elsewhere."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
