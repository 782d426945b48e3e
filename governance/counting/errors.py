"""Refusals of the counting rules. A voter's mistake is none: it is counted and named."""

from foundation.errors import Invalid


class BallotFileInvalid(Invalid):
    """A file of ballots is malformed; file and line are named."""

    code = "ballot_file_invalid"

    def __init__(self, file: str, line: int | None, reason: str) -> None:
        where = file if line is None else f"{file}, line {line}"
        super().__init__(f"{where}: {reason}.", file=file, line=line, reason=reason)
        self.file = file
        self.line = line
        self.reason = reason


class CountImpossible(Invalid):
    """The terms of a vote make no sense, such as seats below 1; nothing can be counted by them."""

    code = "count_impossible"

    def __init__(self, reason: str) -> None:
        super().__init__(f"This cannot be counted: {reason}.", reason=reason)
        self.reason = reason


class SeedInvalid(Invalid):
    """The seed of a lot is not 32 bytes in hexadecimal."""

    code = "seed_invalid"

    def __init__(self, given: str) -> None:
        super().__init__(
            f"The seed {given[:80]!r} is not 64 hexadecimal digits (32 bytes).", given=given[:80]
        )
