"""Examining the books whole: the chain of days computed anew, and every rule looked for."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from ledger.chain import Chain, SealedDay
from ledger.fault import Fault
from ledger.store import chain as store
from ledger.store import checks
from storage.work import Reading

Checker = Callable[[Reading], AsyncIterator[Fault]]
Told = Callable[[str, int, int], None]
"""What is being looked at, how much of it is done, and of how much."""

CHECKERS: Mapping[str, Checker] = {
    rule: partial(checks.faults_of, rule)
    for rule in checks.RULES
    if rule not in checks.OF_THE_CHAIN
}
"""The rules of this room, but for those that the chain itself tells."""


@dataclass(slots=True)
class Verified:
    """What was found.

    Attributes
    ----------
    last
        The last sealed day; None if none is.
    rules
        How many rules were looked for, beside the chain.
    """

    days: int = 0
    transfers: int = 0
    last: SealedDay | None = None
    rules: int = 0
    faults: list[Fault] = field(default_factory=list)


async def verify(
    work: Reading, *, checkers: Mapping[str, Checker], kept: str | None = None, told: Told
) -> Verified:
    """Compute every day's digest anew and look for every rule's faults.

    Parameters
    ----------
    work
        A still one (`Database.work(still=True)`), or what is entered meanwhile could look wrong.
    kept
        A digest that somebody kept outside of the database; it must be one of the chain.
    """
    found, chain = Verified(rules=len(checkers)), Chain()
    whole = await store.count_sealed_days(work)
    async for day in store.recount_days(work):
        found.faults += chain.follow(day)
        found.days += 1
        found.transfers += day.transfers
        found.last = day.sealed
        told("days", found.days, whole)
    differs = None if kept is None else chain.compare(kept)
    if differs is not None:
        found.faults.append(differs)
    for done, checker in enumerate(checkers.values()):
        told("rules", done, len(checkers))
        found.faults += [fault async for fault in checker(work)]
    told("rules", len(checkers), len(checkers))
    return found
