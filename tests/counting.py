"""Small votes for tests, written as ballot files write them, and lots that a test chooses."""

from collections.abc import Iterable, Sequence
from typing import Any

from governance.counting.lots import Lot, Ticket
from governance.counting.ranked import Option, Paper, RankedVote


class NoLots:
    """For a count that must not need a lot."""

    def draw(self, occasion: str, tied: Iterable[str]) -> Lot:
        raise AssertionError(f"a lot for {occasion} among {sorted(tied)}")


class ChosenLots:
    """Lots that fall as written down: whoever stands first in `order` is drawn first."""

    def __init__(self, *order: str) -> None:
        self.order = order
        self.asked: list[tuple[str, list[str]]] = []

    def draw(self, occasion: str, tied: Iterable[str]) -> Lot:
        names = sorted(tied, key=self.order.index)
        self.asked.append((occasion, sorted(names)))
        tickets = (Ticket(of=name, drawn=f"{place:02}") for place, name in enumerate(names))
        return Lot(occasion=occasion, tickets=tuple(tickets))


def ranked_vote(*papers: str, candidates: int, seats: int = 1, **others: Any) -> RankedVote:
    """A vote of papers such as "4: 1 2" (four ballots) or "1: 2=3 1"; candidates are A, B, C ..."""
    return RankedVote(
        title="A vote",
        options=tuple(Option(number=n + 1, name=chr(ord("A") + n)) for n in range(candidates)),
        seats=seats,
        papers=tuple(_paper(paper) for paper in papers),
        **others,
    )


def _paper(text: str) -> Paper:
    count, _, marks = text.partition(":")
    ranking = tuple(tuple(sorted(map(int, place.split("=")))) for place in marks.split())
    return Paper(count=int(count), ranking=ranking)


def decimals(totals: Sequence[object]) -> str:
    """Totals as a record shows them, one after another."""
    return " ".join(str(one) for one in totals)
