"""Which of a recorded day's trips another day is made of."""

from enum import StrEnum


class Trips(StrEnum):
    """All of them, or one of two halves that share no trip."""

    ALL = "all"
    LEARNING = "learning"
    REPORTING = "reporting"
