"""How far names and choices are apart in a vote: bylaws ask for it, ballots are made by it."""

from enum import StrEnum


class Tier(StrEnum):
    """How far names and choices are apart; one code path, more or fewer parts switched on."""

    OPEN = "open"
    """Names are shown: sense checks, amendments."""
    DETACHED = "detached"
    """The office keeps names and ballots apart: small matters."""
    SEALED = "sealed"
    """Two desks, one board: boards, fares, surplus, bylaws."""
