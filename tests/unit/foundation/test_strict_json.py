"""JSON that two readers would read alike."""

import pytest

from foundation.strict_json import read_json


def test_what_is_json_is_read_as_it_stands() -> None:
    assert read_json('{"a": [1, 2.5, null, "é"], "b": {"a": true}}') == {
        "a": [1, 2.5, None, "é"],
        "b": {"a": True},
    }


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ('{"a": 1, "a": 1}', "'a' is given twice"),
        ('[{"b": {"c": 1, "d": 2, "c": 3}}]', "'c' is given twice"),
        ("[NaN]", "NaN"),
        ("-Infinity", "-Infinity"),
        ('{"a": 1', "delimiter"),
        ("", "Expecting value"),
    ],
)
def test_what_two_readers_could_read_differently_is_refused(text: str, word: str) -> None:
    with pytest.raises(ValueError, match=word):
        read_json(text)


def test_what_nests_too_deeply_is_refused() -> None:
    with pytest.raises(RecursionError):
        read_json("[" * 100_000)
