"""Reads ranked ballots from `.blt` files, in the two dialects that are about.

Both begin with the number of candidates and of seats, go on with one ballot a line (how often,
the numbers from the most wanted down, 0) and a line `0`. Then come the names: quoted, with the
title last (OpenSTV; also `-3` or `[withdrawn 3]` for candidate 3 who has withdrawn, `1=2` for equal
ranks, `#` for a comment), or bare, one a line (as Scottish councils' ballots are passed on).
"""

import re
from collections.abc import Iterator

from governance.counting.errors import BallotFileInvalid
from governance.counting.ranked import Option, Paper, RankedVote

OPTIONS_MAX = 1000
DIGITS_MAX = 12

_COMMENT = re.compile(r"#.*")
_IDENTIFIER = re.compile(r"^\([^)]*\)\s*")
_QUOTED = re.compile(r'"([^"]*)"')
_BRACKETED = re.compile(r"\[([a-z]+)((?:\s+[^\s\]]+)*)\s*\]")


class _Lines:
    """The lines of a file with their numbers, and how to complain of one."""

    def __init__(self, text: str, file: str) -> None:
        self.file = file
        self.number = 0
        self._lines = text.removeprefix("\ufeff").splitlines()

    def __iter__(self) -> Iterator[str]:
        """The lines that say something, from the next one on."""
        while self.number < len(self._lines):
            line = self._lines[self.number].strip()
            self.number += 1
            if line:
                yield line

    def wrong(self, reason: str) -> BallotFileInvalid:
        """The refusal of the line read last."""
        return BallotFileInvalid(self.file, self.number, reason)

    def whole(self, word: str, what: str) -> int:
        """A whole number, not below nothing."""
        if not (word.isascii() and word.isdigit() and len(word) <= DIGITS_MAX):
            raise self.wrong(f"{word[:40]!r} stands where {what} should be")
        return int(word)


def read_blt(text: str, file: str) -> RankedVote:
    """A vote from the text of a `.blt` file.

    Parameters
    ----------
    text
        The file's text; a byte order mark is skipped.
    file
        Its name, for complaints.

    Returns
    -------
    RankedVote
        Ballots as they stand, also those that will not count.

    Raises
    ------
    BallotFileInvalid
        If it is not such a file, with the line and what should stand there.
    """
    lines = _Lines(text, file)
    candidates, seats = _head(lines)
    withdrawn, papers = _ballots(lines, candidates)
    names, title = _names(lines, candidates)
    return RankedVote(
        title=title,
        options=tuple(Option(number=n, name=name) for n, name in enumerate(names, start=1)),
        seats=seats, papers=papers, withdrawn=withdrawn,
    )  # fmt: skip


def _head(lines: _Lines) -> tuple[int, int]:
    for line in lines:
        words = _COMMENT.sub("", line).split()
        if not words:
            continue
        if len(words) != 2:
            raise lines.wrong('the file does not begin with two numbers, like "7 4": 7 candidates, 4 seats')  # fmt: skip
        candidates = lines.whole(words[0], "the number of candidates")
        seats = lines.whole(words[1], "the number of seats")
        if not 1 <= candidates <= OPTIONS_MAX:
            raise lines.wrong(f"{candidates} candidates; 1 to {OPTIONS_MAX} can be counted")
        if not seats:
            raise lines.wrong("no seat is to be filled")
        return candidates, seats
    raise BallotFileInvalid(lines.file, None, "the file is empty")


def _ballots(lines: _Lines, candidates: int) -> tuple[tuple[int, ...], tuple[Paper, ...]]:
    """Who has withdrawn, and the ballots, up to the line `0`."""
    withdrawn: set[int] = set()
    papers: list[Paper] = []
    for line in lines:
        said = _IDENTIFIER.sub("", _COMMENT.sub("", line)).strip()
        if said == "0":
            return tuple(sorted(withdrawn)), tuple(papers)
        if said.startswith("["):
            withdrawn.update(_withdrawn_by_word(lines, said, candidates))
        elif said.startswith("-") and not papers:
            withdrawn.update(
                _candidate(lines, word.removeprefix("-"), candidates) for word in said.split()
            )
        elif said:
            papers.append(_paper(lines, said.split()))
    raise lines.wrong("the ballots have no end: a line with 0 alone is missing")


def _withdrawn_by_word(lines: _Lines, said: str, candidates: int) -> list[int]:
    found = _BRACKETED.fullmatch(said)
    if found is None:
        raise lines.wrong(f"{said[:40]!r} is no instruction")
    if found[1] != "withdrawn":
        return []  # other programs' instructions, such as an order of ties, are theirs
    return [_candidate(lines, word, candidates) for word in found[2].split()]


def _candidate(lines: _Lines, word: str, candidates: int) -> int:
    number = lines.whole(word, "the number of a candidate")
    if not 1 <= number <= candidates:
        raise lines.wrong(f"candidate {number} has withdrawn, and there are {candidates}")
    return number


def _paper(lines: _Lines, words: list[str]) -> Paper:
    if len(words) < 2 or words[-1] != "0":
        raise lines.wrong("the ballot does not end with 0")
    ranking = tuple(
        tuple(sorted(lines.whole(n, "the number of a candidate") for n in word.split("=")))
        for word in words[1:-1]
    )
    return Paper(count=lines.whole(words[0], "how often the ballot was cast"), ranking=ranking)


def _names(lines: _Lines, candidates: int) -> tuple[list[str], str]:
    """The candidates' names, and the title or nothing."""
    said: list[str] = []
    for line in lines:
        if line.startswith("#"):
            continue
        said += _QUOTED.findall(line) if line.startswith('"') else [line]
        if not said[-1].strip():
            raise lines.wrong("a name is empty")
    if len(said) < candidates:
        raise lines.wrong(f"{candidates} candidates stand, and only {len(said)} names are given")
    return said[:candidates], " ".join(said[candidates : candidates + 1])
