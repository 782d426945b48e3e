"""After the close: which ballots stand, what they say, and the certificate of the result.

The last ballot of a key stands unless the key was cancelled; a ballot that cannot be followed is
listed with its reason; papers join. The counting itself is handed in (`CountingRule`).
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from governance.ballots.ballot import Ballot, open_ballot, read
from governance.ballots.choice import BallotBroken, Choice, Question, choice_of, fields_of, is_blank
from governance.ballots.manifest import Manifest
from governance.ballots.merkle import Head
from governance.ballots.plain import (
    Fields,
    Plain,
    as_object,
    canonical,
    number_of,
    pack,
    parse,
    unpack,
)

FORMAT = "khan-cars certificate 1"
LOT_DOMAIN = b"khan-cars lot seed 1\0"


class CountingRule(Protocol):
    """Whoever counts: plain choices in, a record in the published form out."""

    def __call__(
        self, question: Question, votes: Sequence[tuple[Choice, int]], *, lot_seed: bytes
    ) -> Fields:
        """The result record.

        Parameters
        ----------
        question
            What was asked, with the rule's parameters.
        votes
            Each different choice that counts, blank ones too, and how many ballots say it; in the
            order of their canonical documents.
        lot_seed
            32 bytes that settle ties.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenBallot:
    """A ballot that cannot be followed: its number on the board, and why."""

    index: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What became of every ballot on the board.

    Attributes
    ----------
    keys
        Ballot keys on the board, those included that were only cancelled.
    superseded
        Ballots that a later one of the same key replaced.
    cancelled
        Ballot keys struck out in favour of paper.
    votes
        Each different choice and how often it stands, online and on paper.
    """

    keys: int
    superseded: int
    cancelled: int
    papers: int
    broken: tuple[BrokenBallot, ...]
    votes: tuple[tuple[Choice, int], ...]

    @property
    def valid(self) -> int:
        """Ballots that can be followed, blank ones included."""
        return sum(count for _, count in self.votes)

    @property
    def blank(self) -> int:
        """Ballots that choose nothing."""
        return sum(count for choice, count in self.votes if is_blank(choice))


@dataclass(slots=True)
class _Board:
    """The board, as read so far: of each ballot what it says, or why it is broken, and no more.

    A ballot is opened as it goes by, also one that a later one replaces: so a board of any length
    takes the memory of its keys and of its different choices.
    """

    manifest: Manifest
    election_key: X25519PrivateKey | None
    standing: dict[bytes, tuple[int, bytes | BallotBroken]] = field(default_factory=dict)
    cancelled: set[bytes] = field(default_factory=set)
    papers: list[tuple[int, bytes | BallotBroken]] = field(default_factory=list)
    choices: dict[bytes, tuple[bytes, Choice]] = field(default_factory=dict)
    superseded: int = 0

    def take(self, entry: Fields) -> None:
        """One entry more."""
        match entry.get("kind"):
            case "ballot":
                ballot = read(entry.get("ballot"))
                self.superseded += ballot.key in self.standing
                said = self._said(lambda: self._opened(ballot))
                self.standing[ballot.key] = (number_of(entry, "index"), said)
            case "cancellation":
                self.cancelled.add(unpack(entry.get("key"), 32))
            case "paper_ballot":
                content = as_object(entry.get("content"), "content")
                said = self._said(lambda: choice_of(content, self.manifest.question))
                self.papers.append((number_of(entry, "index"), said))

    def counted(self) -> Iterable[tuple[int, bytes | BallotBroken]]:
        """What stands in the end, papers behind ballots."""
        for key, found in self.standing.items():
            if key not in self.cancelled:
                yield found
        yield from self.papers

    def _opened(self, ballot: Ballot) -> Choice:
        return open_ballot(
            ballot,
            self.election_key,
            question=self.manifest.question,
            length=self.manifest.content_bytes,
        )

    def _said(self, opened: Callable[[], Choice]) -> bytes | BallotBroken:
        """The canonical document of a choice, each different one kept once."""
        try:
            choice = opened()
        except BallotBroken as broken:
            # Without the way it came, which holds the whole ballot.
            return BallotBroken(broken.reason)
        document = canonical(fields_of(choice))
        return self.choices.setdefault(document, (document, choice))[0]


def tally(
    manifest: Manifest, board: Iterable[bytes], election_key: X25519PrivateKey | None
) -> Tally:
    """Open and sift the ballots of a closed board.

    Parameters
    ----------
    board
        Its lines in their order, read once.
    election_key
        What the trustees put together; None in an open vote.
    """
    read_board = _Board(manifest, election_key)
    for line in board:
        read_board.take(parse(line))
    said: Counter[bytes] = Counter()
    broken: list[BrokenBallot] = []
    for index, found in read_board.counted():
        if isinstance(found, BallotBroken):
            broken.append(BrokenBallot(index=index, reason=found.reason))
        else:
            said[found] += 1
    return Tally(
        keys=len(read_board.standing.keys() | read_board.cancelled),
        superseded=read_board.superseded,
        cancelled=len(read_board.cancelled),
        papers=len(read_board.papers),
        broken=tuple(sorted(broken, key=lambda one: one.index)),
        votes=tuple((read_board.choices[document][1], said[document]) for document in sorted(said)),
    )


def lot_seed(revealed: bytes, head: Head) -> bytes:
    """The seed that settles ties: what was committed to, joined with the closed board.

    Whoever chose the first could not know the second, and no voter knew the first.
    """
    size = head.size.to_bytes(8, "big")
    return hashlib.sha256(LOT_DOMAIN + revealed + size + head.root).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuance:
    """What the desks' logs sum up to: ballots issued by each desk."""

    issued: tuple[int, ...]


def certificate(
    manifest: Manifest, found: Tally, *, head: Head, issuance: Issuance, result: Fields
) -> bytes:
    """The certificate: every figure, and the record of the count.

    Parameters
    ----------
    head
        The board's final head.
    """
    broken: Sequence[Plain] = [{"index": one.index, "reason": one.reason} for one in found.broken]
    return canonical(
        {
            "format": FORMAT,
            "vote": manifest.vote,
            "manifest": pack(manifest.digest()),
            "board": {"size": head.size, "root": pack(head.root)},
            "roll": manifest.roll.size,
            "issued": list(issuance.issued),
            "unused": min(issuance.issued) - found.keys,
            "keys": found.keys,
            "superseded": found.superseded,
            "cancelled": found.cancelled,
            "papers": found.papers,
            "valid": found.valid,
            "blank": found.blank,
            "broken": broken,
            "result": result,
        }
    )
