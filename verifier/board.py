"""The board: every ballot in its order, the close, and which ballots stand in the end."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from verifier.archive import Archive
from verifier.encoding import document
from verifier.fault import Fault
from verifier.logs import LogCheck, SignedHead
from verifier.rolls import DeskFigures
from verifier.terms import Terms
from verifier.work import BATCH, Entry, Hands, check_entries

Progress = Callable[[str, int, int], None]


@dataclass(slots=True)
class BoardFigures:
    """The board as read: the standing ballot of each key, and what became of the others."""

    closes_at_ms: int
    standing: dict[bytes, Entry] = field(default_factory=dict)
    cancelled: set[bytes] = field(default_factory=set)
    papers: list[Entry] = field(default_factory=list)
    superseded: int = 0
    closed_at: int | None = None

    @property
    def keys(self) -> int:
        """Ballot keys on the board, those only cancelled included."""
        return len(self.standing.keys() | self.cancelled)

    def take(self, entry: Entry) -> None:
        """One entry more.

        Raises
        ------
        Fault
            What is wrong with it where it stands.
        """
        if self.closed_at is not None and entry.kind != "paper_ballot":
            raise Fault("late_ballot", f"Entry {entry.index} came after the board was closed.")
        match entry.kind:
            case "ballot":
                self._take_ballot(entry)
            case "cancellation":
                if entry.key in self.cancelled:
                    raise Fault("document_malformed", "A ballot key is cancelled twice.")
                self.cancelled.add(entry.key)
            case "extension":
                if entry.at_ms <= self.closes_at_ms:
                    raise Fault("closed_early", f"Entry {entry.index} shortens the vote.")
                self.closes_at_ms = entry.at_ms
            case "close":
                if entry.at_ms != self.closes_at_ms:
                    raise Fault("closed_early", "The board was closed for another instant.")
                self.closed_at = entry.index
            case "paper_ballot":
                if self.closed_at is None:
                    raise Fault("document_malformed", "Papers were read before the close.")
                self.papers.append(entry)

    def _take_ballot(self, entry: Entry) -> None:
        if entry.key in self.cancelled:
            raise Fault("ballot_after_cancellation", f"Entry {entry.index} is of a cancelled key.")
        before = self.standing.get(entry.key)
        if before is not None:
            if entry.sequence <= before.sequence:
                raise Fault(
                    "repeated_sequence", f"Entry {entry.index} is not newer than {before.index}."
                )
            self.superseded += 1
        self.standing[entry.key] = entry

    def counted(self) -> list[Entry]:
        """The ballots that stand, and the papers, in the order of the board."""
        online = [one for key, one in self.standing.items() if key not in self.cancelled]
        return sorted([*online, *self.papers], key=lambda one: one.index)


@dataclass(slots=True)
class Sifted:
    """What the standing ballots say."""

    votes: list[tuple[dict[str, Any], int]]
    broken: list[dict[str, Any]]


def check_board(
    archive: Archive, hands: Hands, progress: Progress
) -> tuple[BoardFigures, LogCheck]:
    """Check the board from its first line to its last.

    Raises
    ------
    Fault
        The first thing that is wrong with it.
    """
    terms = hands.work.terms
    log = LogCheck(archive, "board", terms.board, terms)
    figures = BoardFigures(closes_at_ms=terms.closes_at_ms)
    for entry in hands.results(check_entries, archive.batches("board.jsonl", BATCH)):
        log.take(entry.leaf, entry.index, entry.kind, entry.manifest)
        figures.take(entry)
        log.require_within()
        if log.size % (5 * BATCH) == 0:
            progress("ballots", log.size, log.final.head.size)
    log.finish()
    _require_close(terms, figures, log.heads)
    return figures, log


def require_bounds(figures: BoardFigures, desks: list[DeskFigures], terms: Terms) -> None:
    """Check that nothing on the board is more than the desks let in.

    Raises
    ------
    Fault
        `too_many_ballots`, `too_many_papers`, `paper_without_cancellation`, `ballot_of_nobody`.
    """
    issued = min(desk.issued for desk in desks)
    if figures.keys > issued:
        raise Fault("too_many_ballots", f"{figures.keys} ballots stand for {issued} issued.")
    papers = desks[0].paper
    if len(figures.papers) > len(papers):
        raise Fault(
            "too_many_papers", f"{len(figures.papers)} papers were read; {len(papers)} given out."
        )
    had_both = papers & set().union(*(desk.asked.keys() for desk in desks))
    if len(had_both) > len(figures.cancelled):
        raise Fault(
            "paper_without_cancellation",
            f"{len(had_both)} members changed to paper; {len(figures.cancelled)} cancelled.",
        )
    if terms.tier == "open":
        for key, entry in figures.standing.items():
            if desks[0].asked.get(entry.voter) != (sha256(key).digest(),):
                raise Fault("ballot_of_nobody", f"Entry {entry.index} is of no voter's key.")


def sift(figures: BoardFigures) -> Sifted:
    """The votes that count, each different one once with its number, and the broken ones."""
    said: Counter[bytes] = Counter()
    broken = []
    for entry in figures.counted():
        if entry.said is None:
            broken.append({"index": entry.index, "reason": entry.broken})
        else:
            said[entry.said] += 1
    votes = [(document(one, "a choice"), said[one]) for one in sorted(said)]
    return Sifted(votes, broken)


def _require_close(terms: Terms, figures: BoardFigures, heads: list[SignedHead]) -> None:
    """Check that witnesses enough saw the board closed when it had to be; one more late harms nobody."""
    if figures.closed_at is None:
        raise Fault("late_ballot", "The board was never closed.")
    closed = [one for one in heads if one.head.size == figures.closed_at + 1]
    if not closed or len(closed[0].witnessed_at) < terms.witnesses_needed:
        raise Fault("too_few_witnesses", "Too few witnesses have signed the board as it closed.")
    times = closed[0].witnessed_at
    earliest = -(-figures.closes_at_ms // 1000)
    latest = earliest + terms.grace_seconds
    if sum(earliest <= at <= latest for at in times) >= terms.witnesses_needed:
        return
    if times[0] < earliest:
        raise Fault("closed_early", "A witness saw the board closed before the vote was.")
    raise Fault(
        "late_ballot",
        f"The board was seen closed {times[-1] - earliest} seconds after the vote; "
        f"{terms.grace_seconds} are allowed, and ballots may have come late.",
    )
