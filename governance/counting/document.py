"""Records as plain data: what a certificate, a file or another program reads.

Whole numbers stay numbers, a fraction becomes "2/3", votes of a transferable count get their five
decimals; a number with a floating point has no place in a count and is a mistake.
"""

from dataclasses import fields, is_dataclass
from fractions import Fraction
from typing import TypeAlias

Plain: TypeAlias = "str | int | bool | list[Plain] | dict[str, Plain] | None"

VOTE = 100_000
"""Hundred-thousandths in a vote."""


class Votes(int):
    """Votes in hundred-thousandths, as SSI 2007/42 rule 48(3) counts: five decimals, cut off."""

    __slots__ = ()

    def __str__(self) -> str:
        assert self >= 0, "nobody has less than no votes"
        whole, part = divmod(int(self), VOTE)
        return f"{whole}.{part:05d}"


def document_of(value: object) -> Plain:
    """A record, or a part of one, as data that JSON can hold; the same for the same record.

    Parameters
    ----------
    value
        A record of this package: frozen dataclasses, tuples, words, whole numbers, fractions, votes.
    """
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: document_of(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, tuple):
        return [document_of(one) for one in value]
    if isinstance(value, Fraction | Votes):
        return str(value)
    if isinstance(value, str):
        return str(value)  # also of an enumeration
    assert value is None or isinstance(value, int), f"{type(value).__name__} is no plain value"
    return value
