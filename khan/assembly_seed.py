"""The assembly of a demonstration city: what its members decided, vote on, and are about to.

Played before the city's evening begins, in the months before it: a vote that passed and wrote its rule,
with its certificate; an open one on the fare; an open one whose ballots are handed in by anybody who is
signed in; an election that looks for candidates; a motion that looks for seconds.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from foundation.chance import SeededChance
from foundation.identifiers import PersonId
from governance.asked import ElectionAsked
from governance.ballots.choice import Choice, Mark, Value
from governance.matter import MemberClass
from governance.motion import Motion
from governance.service.motions import Proposal
from khan.assembly import A_MOMENT, AssemblyAtWork
from khan.fare_vote import Fare, fare_of, fare_proposal
from rulebook.rule import RuleKind
from rulebook.service import list_rules

BEFORE = timedelta(days=75)
"""How long before the evening the city was founded: notice, vote and the rule's own notice fit in."""
RIDER_MEMBERS = 60
DRIVERS_MIN = 25
"""With fewer there is no assembly: seconds, candidates and voters would be the same few."""
VOTED_SO_FAR = 20
OFFER_SECONDS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a visitor can look at."""

    passed: Motion
    on_the_fare: Motion
    on_the_rota: Motion
    election: Motion
    waiting: Motion


async def play(
    assembly: AssemblyAtWork,
    *,
    drivers: Sequence[PersonId],
    riders: Sequence[PersonId],
    begin: datetime,
) -> Told:
    """Let the months before `begin` happen; service time is `begin` less `BEFORE` when it starts.

    Parameters
    ----------
    drivers
        Members who drive, the visitor first, who moves nothing and has not voted.
    """
    await assembly.station.appoint(assembly.database)
    await assembly.join(drivers, member_class=MemberClass.DRIVER)
    await assembly.join(riders, member_class=MemberClass.RIDER)
    passed = await _a_rule(assembly)
    assembly.move_to(begin - timedelta(days=24))
    election = await _an_election(assembly)
    fare, bounded = await _moved_fare(assembly)
    rota = await assembly.moved(
        Proposal(
            title="Nobody has to drive on the night of the 24th",
            text="Who wants to, drives; who does not, is not asked why. The office makes the rota a week ahead.",
            matter="ordinary",
        ),
        mover=9,
    )  # fmt: skip
    opens_on = (begin - timedelta(days=2)).astimezone(assembly.city.zone_info).date()
    bounded = await assembly.called(bounded, opens_on=opens_on)
    rota = await assembly.called(rota, opens_on=opens_on)
    bounded, rota = await _opened_together(assembly, bounded, rota)
    await assembly.cast(bounded, _fares(assembly, fare))
    await assembly.cast(rota, _marks(assembly, "rota", range(1, len(assembly.electors), 2)))
    assembly.move_to(begin - timedelta(hours=5))
    waiting = await assembly.moved(
        Proposal(
            title="Dogs ride free", matter="ordinary",
            text="A dog on the floor takes nobody's seat. The driver may say no, and says so before setting out.",
        ),
        mover=14, seconds=2,
    )  # fmt: skip
    assembly.move_to(begin - timedelta(hours=1))
    return Told(
        passed=passed, on_the_fare=bounded, on_the_rota=rota, election=election, waiting=waiting
    )


async def _a_rule(assembly: AssemblyAtWork) -> Motion:
    """Moved, amended, passed: offers stand longer, since two months ago."""
    body = await _body(assembly, RuleKind.MATCHING_POLICY)
    wanted = json.dumps(body | {"offer_seconds": OFFER_SECONDS + 10})
    motion = await assembly.moved(
        Proposal(
            title="More seconds to read an offer", text=wanted, matter="ordinary",
            rule_kind=RuleKind.MATCHING_POLICY,
        ),
        mover=1,
    )  # fmt: skip
    amended = json.dumps(body | {"offer_seconds": OFFER_SECONDS})
    motion = await assembly.amended(motion, amended, by=8)
    motion = await assembly.opened(await assembly.called(motion))
    everybody = range(len(assembly.electors))
    await assembly.cast(motion, _marks(assembly, "offers", everybody))
    motion, _ = await assembly.certified(motion)
    return motion


async def _an_election(assembly: AssemblyAtWork) -> Motion:
    motion = await assembly.moved(
        Proposal(
            title="Five drivers for the board",
            text="The first board ends with the year. Who stands says who they are.",
            matter="board", asks=ElectionAsked(seats=5, stands=MemberClass.DRIVER),
        ),
        mover=2,
    )  # fmt: skip
    names = ("Amara Diallo", "Ben Castillo", "Dina Haddad", "Emre Novak", "Fatou Okafor", "Hana Rossi", "Omar Qureshi")  # fmt: skip
    await assembly.stood(motion, dict(enumerate(names, start=3)))
    return motion


async def _moved_fare(assembly: AssemblyAtWork) -> tuple[Fare, Motion]:
    fare = fare_of(await _body(assembly, RuleKind.TARIFF))
    motion = await assembly.moved(await fare_proposal(assembly, fare), mover=4)
    await assembly.bounded(motion, lowest=fare.today // 2, highest=fare.today * 2)
    return fare, motion


async def _opened_together(
    assembly: AssemblyAtWork, one: Motion, other: Motion
) -> tuple[Motion, Motion]:
    """Two votes with the same days."""
    assert one.timetable is not None
    assembly.move_to(one.timetable.freezes_at)
    await assembly.frozen(one)
    await assembly.frozen(other)
    assembly.move_to(one.timetable.opens_at + A_MOMENT)
    return await assembly.open(one), await assembly.open(other)


def _fares(assembly: AssemblyAtWork, fare: Fare) -> Mapping[int, Choice]:
    chance = SeededChance("the fare")
    return {
        number: Value(fare.today + chance.below(1 + fare.today * 15 // 100))
        for number in range(1, 1 + min(VOTED_SO_FAR, len(assembly.electors) - 1))
    }


def _marks(assembly: AssemblyAtWork, about: str, numbers: Sequence[int]) -> Mapping[int, Choice]:
    chance = SeededChance(about)
    words = ("for", "for", "for", "against", "abstain")
    return {number: Mark(words[chance.below(len(words))]) for number in numbers if number}


async def _body(assembly: AssemblyAtWork, kind: RuleKind) -> dict[str, Any]:
    async with assembly.database.work() as work:
        return dict((await list_rules(work, kind))[-1].body)


def founded_on(begin: datetime) -> datetime:
    """When the city of a demonstration that starts at `begin` was founded."""
    return begin - BEFORE
