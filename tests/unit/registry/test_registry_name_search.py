"""Names are found by the beginnings of their words, as people type them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.name_search import is_found, is_searchable, words_of


@pytest.mark.parametrize(
    ("name", "typed", "found"),
    [
        ("Ana Ruiz", "an ru", True),
        ("Ana Ruiz", "RUIZ", True),
        ("Ana Ruiz", "ruiz, ana", True),
        ("Ana Ruiz", "uiz", False),
        ("Ana Ruiz", "ana ruiz perez", False),
        ("Ana Ruiz", "ana an", False),  # one word does not serve twice
        ("Ana Anabel", "ana an", True),
        ("Anabel Ana", "ana anab", True),
        ("Zoë Müller-Straße", "zoe muller strasse", True),
        ("Øystein Åse", "ase", True),
        ("محمد الفاسي", "محم", True),
        ("Nguyễn Văn An", "nguyen an van", True),
        ("İlker Işık", "ilker", True),
    ],
)
def test_a_name_is_found_by_how_its_words_begin(name: str, typed: str, found: bool) -> None:
    assert is_found(name, words_of(typed)) is found


@pytest.mark.parametrize(
    ("typed", "enough"), [("ru", True), ("r u", False), ("--", False), ("r uz", True)]
)
def test_a_search_says_two_letters_of_a_word_at_least(typed: str, enough: bool) -> None:
    assert is_searchable(typed) is enough


@given(st.text(max_size=40), st.integers(1, 5))
def test_every_name_is_found_by_itself_and_by_its_beginnings_in_any_order(
    name: str, letters: int
) -> None:
    words = words_of(name)
    assert is_found(name, words)
    assert is_found(name, tuple(reversed([word[:letters] for word in words])))
