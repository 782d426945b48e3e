"""Finding a name as people type it: by the beginnings of its words, whatever the accents. Pure."""

import unicodedata

LETTERS_MIN = 2
"""A search says so much at least: the register is for finding somebody, not for reading it out."""


def words_of(text: str) -> tuple[str, ...]:
    """The words of a name or a search, without case, accents and punctuation.

    Compatibility decomposition and full case folding (Unicode Standard 15.0, sections 3.11 and 3.13),
    then only letters, digits and spaces.
    """
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    kept = (
        one if one.isalnum() else " " for one in plain if unicodedata.category(one) not in _MARKS
    )
    return tuple("".join(kept).split())


def is_searchable(text: str) -> bool:
    """Whether a search says enough: a word of `LETTERS_MIN` letters or more."""
    return any(len(word) >= LETTERS_MIN for word in words_of(text))


def is_found(name: str, wanted: tuple[str, ...]) -> bool:
    """Whether each wanted word begins a word of the name, and no word of the name serves twice."""
    left = list(words_of(name))
    # The longest first: what only one word can be is not taken by what any could be.
    for word in sorted(wanted, key=len, reverse=True):
        found = next((one for one in left if one.startswith(word)), None)
        if found is None:
            return False
        left.remove(found)
    return True


_MARKS = frozenset({"Mn", "Me"})
