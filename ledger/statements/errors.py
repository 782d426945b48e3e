"""Refusals of statements."""

from foundation.errors import Invalid, NotFound


class WeekUnreadable(Invalid):
    """A week is written as ISO 8601 has it: the year, W, and the week from 01 to 52 or 53."""

    code = "week_unreadable"

    def __init__(self, word: str) -> None:
        super().__init__(
            f"{word[:40]!r} is no week; write it like 2030-W05 (ISO 8601).", week=word[:40]
        )


class NothingOfThat(NotFound):
    """No trip or shift of this driver goes by that identifier."""

    code = "nothing_of_that"

    def __init__(self, what: str, name: str) -> None:
        super().__init__(f"You have no {what} {name[:40]!r} with money or work in it.", what=what)


class StatementDisagrees(Invalid):
    """A statement does not come to what the books say: nothing is shown that is not so."""

    code = "statement_disagrees"

    def __init__(self, faults: int, first: str) -> None:
        super().__init__(
            f"The statement and the books differ in {faults} places: {first}", faults=faults
        )
