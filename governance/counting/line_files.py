"""Reads votes of one mark a ballot from plain text: numbers, or for, against and abstain.

First the terms, a word and its value a line; then the line `votes`; then a ballot a line, or many
alike as `60 * 150`. An empty ballot is the word `empty`. Lines that begin with # are comments.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from governance.counting.errors import BallotFileInvalid, CountImpossible
from governance.counting.marks import MarkPaper
from governance.counting.median import NumberVote
from governance.counting.share import RequiredShare, ShareVote

EMPTY = "empty"
_MANY = re.compile(r"(\d{1,12})\s*\*\s*(.*)", flags=re.ASCII)
_WHOLE = re.compile(r"-?\d{1,15}", flags=re.ASCII)
_FRACTION = re.compile(r"\d{1,9}(?:/[1-9]\d{0,8}|\.\d{1,9})?", flags=re.ASCII)


@dataclass(frozen=True, slots=True)
class _Terms:
    """The terms of a file, each with its line."""

    file: str
    told: dict[str, tuple[int, str]]

    def text(self, word: str) -> str:
        return self.told[word][1] if word in self.told else ""

    def needed(self, word: str) -> int:
        number = self.whole(word)
        if number is None:
            raise BallotFileInvalid(self.file, None, f"the term {word!r} is missing")
        return number

    def whole(self, word: str) -> int | None:
        if word not in self.told:
            return None
        line, text = self.told[word]
        if not _WHOLE.fullmatch(text):
            raise BallotFileInvalid(
                self.file, line, f"{word} is {text[:40]!r} and should be a whole number"
            )
        return int(text)

    def fraction(self, word: str) -> Fraction:
        if word not in self.told:
            return Fraction(0)
        line, text = self.told[word]
        if not _FRACTION.fullmatch(text):
            reason = f"{word} is {text[:40]!r} and should be a fraction, like 1/10"
            raise BallotFileInvalid(self.file, line, reason)
        return Fraction(text)


def read_number_vote(text: str, file: str) -> NumberVote:
    """A vote on a number; its terms are title, lowest, highest, step, today, phantoms, phantom_share.

    Raises
    ------
    BallotFileInvalid
        If the file is malformed or a term that is needed (lowest, highest) is missing.
    CountImpossible
        If the terms make no sense together.
    """
    terms, papers = _read(
        text, file, ("title", "lowest", "highest", "step", "today", "phantoms", "phantom_share")
    )
    step = terms.whole("step")
    return NumberVote(
        title=terms.text("title"), lowest=terms.needed("lowest"), highest=terms.needed("highest"),
        step=1 if step is None else step, today=terms.whole("today"), papers=papers,
        phantoms=terms.whole("phantoms") or 0, phantom_share=terms.fraction("phantom_share"),
    )  # fmt: skip


def read_share_vote(text: str, file: str) -> ShareVote:
    """A vote for or against; its terms are title, required, quorum, eligible.

    Raises
    ------
    BallotFileInvalid
        If the file is malformed or does not tell what share is required.
    CountImpossible
        If the terms make no sense together.
    """
    terms, papers = _read(text, file, ("title", "required", "quorum", "eligible"))
    if "required" not in terms.told:
        raise BallotFileInvalid(file, None, "the term 'required' is missing, like: required >1/2")
    line, share = terms.told["required"]
    try:
        required = RequiredShare.parse(share)
    except CountImpossible as impossible:
        raise BallotFileInvalid(file, line, impossible.reason) from None
    return ShareVote(
        title=terms.text("title"), required=required, papers=papers,
        quorum=terms.whole("quorum") or 0, eligible=terms.whole("eligible"),
    )  # fmt: skip


def _read(text: str, file: str, words: Iterable[str]) -> tuple[_Terms, tuple[MarkPaper, ...]]:
    told: dict[str, tuple[int, str]] = {}
    papers: list[MarkPaper] | None = None
    allowed = tuple(words)
    for number, raw in enumerate(text.removeprefix("\ufeff").splitlines(), start=1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        if papers is not None:
            papers.append(_paper(line))
        elif line == "votes":
            papers = []
        else:
            word, _, value = line.partition(" ")
            if word not in allowed:
                raise BallotFileInvalid(
                    file, number, f"{word[:40]!r} is none of {', '.join(allowed)} or votes"
                )
            if word in told:
                raise BallotFileInvalid(file, number, f"{word} is told twice")
            told[word] = number, value.strip()
    if papers is None:
        raise BallotFileInvalid(file, None, "a line with the word votes is missing")
    return _Terms(file, told), tuple(papers)


def _paper(line: str) -> MarkPaper:
    many = _MANY.fullmatch(line)
    count, mark = (int(many[1]), many[2]) if many else (1, line)
    return MarkPaper(mark="" if mark == EMPTY else mark, count=count)
