"""The chain of days: each day's digest over its transfers and the digest of the day before. Pure.

The database computes the same when it seals (`ledger.day_digest`). This is written apart from it, so
that whoever examines the books need not trust a function that the owner of the machine can replace.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256

from ledger.fault import Fault

FORMS = (1, 2)
"""How a digest is made; the second covers trips, links and who made a transfer, too."""

_BEGINS = {1: "", 2: "khan day 2\n"}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedDay:
    """A day in which nothing is entered any more.

    Attributes
    ----------
    number
        1 for the first day of the books.
    day
        In the city's zone; it lasts from `starts_at` to before `ends_at`.
    digest
        SHA-256 in hexadecimal over the day's transfers and the digest of the day before.
    form
        How the digest is made, one of FORMS.
    """

    number: int
    day: date
    starts_at: datetime
    ends_at: datetime
    transfers: int
    digest: str
    form: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Recounted:
    """A sealed day as it stands in the books, counted again from its rows."""

    sealed: SealedDay
    previous_digest: str | None
    body: str
    transfers: int


def body_of(lines: Iterable[str]) -> str:
    """What a day's digest says of its transfers: the SHA-256 of each line, in the order given.

    Parameters
    ----------
    lines
        Of each transfer one, in the order of their identifiers.
    """
    return "\n".join(sha256(line.encode()).hexdigest() for line in lines)


def day_digest(
    previous: str | None, starts_at: datetime, ends_at: datetime, body: str, *, form: int
) -> str:
    """The digest of a day, in hexadecimal.

    Parameters
    ----------
    previous
        The digest of the day before; None for the first.
    body
        As `body_of` makes it.
    """
    head = f"{_BEGINS[form]}{previous or ''}\n{_micros(starts_at)}\n{_micros(ends_at)}\n"
    return sha256((head + body).encode()).hexdigest()


class Chain:
    """Days as they are recounted, first to last: which of them differ, and what the chain would be.

    Attributes
    ----------
    digests
        Those that follow from what stands in the books, by day. Somebody who changed a row and then
        every sealed digest after it makes these agree with the table, and with no digest that was
        kept elsewhere before.
    """

    def __init__(self) -> None:
        self.digests: dict[str, date] = {}
        self._before: SealedDay | None = None
        self._computed: str | None = None

    def follow(self, day: Recounted) -> Sequence[Fault]:
        """Take the next day; what is wrong with it."""
        sealed, faults = day.sealed, list[Fault]()
        where = str(sealed.day)
        own = _digest(day.previous_digest, day)
        if (own, day.transfers) != (sealed.digest, sealed.transfers):
            what = (
                f"its digest is not that of what stands in it (sealed with {sealed.transfers} "
                f"transfers, now {day.transfers})"
            )
            faults.append(Fault(rule="the_day_is_sealed", where=where, what=what))
        if self._breaks(day):
            what = "it does not follow the day before: a link of the chain was cut out or forged"
            faults.append(Fault(rule="days_follow_one_another", where=where, what=what))
        self._computed = _digest(self._computed, day)
        self.digests[self._computed] = sealed.day
        self._before = sealed
        return faults

    def compare(self, kept: str) -> Fault | None:
        """What is wrong if that digest was kept elsewhere; None if it is one of the chain."""
        if kept in self.digests:
            return None
        what = (
            "no day has this digest as the books stand now: something was changed in that day or "
            "before it, or the digest is of other books"
        )
        return Fault(rule="the_digest_that_was_kept", where=kept, what=what)

    def _breaks(self, day: Recounted) -> bool:
        before, sealed = self._before, day.sealed
        if before is None:
            return (sealed.number, day.previous_digest) != (1, None)
        follows = (before.number + 1, before.ends_at, before.digest)
        is_older_form = sealed.form < before.form
        return (sealed.number, sealed.starts_at, day.previous_digest) != follows or is_older_form


def _digest(previous: str | None, day: Recounted) -> str:
    sealed = day.sealed
    return day_digest(previous, sealed.starts_at, sealed.ends_at, day.body, form=sealed.form)


def _micros(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1)
