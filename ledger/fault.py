"""Something in the books that must not be, as the checks tell it. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something in the books that must not be.

    Attributes
    ----------
    rule
        The rule that it breaks, as the database names it.
    where
        The transfer, account or day, by its identifier.
    what
        In one sentence.
    """

    rule: str
    where: str
    what: str
