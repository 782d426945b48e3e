"""An assembly in a database: a founded city, members, and votes carried through by the clock."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from foundation.identifiers import UUID, PersonId
from foundation.money import Currency, Money
from governance.commons.service import fund
from governance.matter import MemberClass
from governance.member import MemberId
from governance.motion import Motion, MotionId
from governance.service import membership, motions, votes
from governance.service.motions import Proposal
from rulebook.rule import Rule, RuleKind
from storage.engine import Database
from tests.assembly import bylaws_body
from tests.commons import budget_terms, pact_terms, project
from tests.impact_at_work import state_impact
from tests.rules import example_bodies, found
from tests.service_time import stop_time

BEGINS = datetime(2026, 3, 2, 12, tzinfo=UTC)


def open_bylaws(**matters: Any) -> dict[str, Any]:
    """The example's bylaws with open ballots, a quorum of two, and one second."""
    body: dict[str, Any] = json.loads(json.dumps(bylaws_body()))
    body["motions"]["seconds"] = {"min": [1]}
    body["matters"]["ordinary"] |= {"ballot": "open", "quorum": {"max": [2, "1/2"]}}
    body["matters"]["special"] |= {"ballot": "open", "quorum": {"max": [2, "1/2"]}}
    for name, changes in matters.items():
        body["matters"][name] |= changes
    return body


def dearer_tariff(body: dict[str, Any] | None = None) -> dict[str, Any]:
    """The example's tariff with a flag fall that is 100 minor units higher."""
    tariff: dict[str, Any] = json.loads(json.dumps(body or example_bodies()[RuleKind.TARIFF]))
    for rule in tariff["rules"]:
        if "flag" in rule:
            rule["flag"]["amount_minor"] += 100
    return tariff


@dataclass(kw_only=True)
class Assembly:
    """A city with members, whose service time stands still until it is moved."""

    database: Database
    owner: psycopg.Connection
    rules: dict[RuleKind, Rule]
    members: list[MemberId]

    def at(self, instant: datetime) -> None:
        """Let it be that instant."""
        self.owner.execute(
            "UPDATE storage.service_time SET wall_origin = clock_timestamp(), service_origin = %s",
            [instant],
        )

    async def propose(self, proposal: Proposal) -> Motion:
        """Moved by the first member, seconded by the second."""
        async with self.database.work() as work:
            motion = await motions.propose(work, proposal, by=self.members[0], readers={})
        async with self.database.work() as work:
            return await motions.second(work, motion.motion_id, by=self.members[1])

    async def stated(self, proposal: Proposal) -> Motion:
        """Moved and seconded, and what it would do is worked out, as a notice needs it."""
        motion = await self.propose(proposal)
        await state_impact(self.database, motion.motion_id)
        return motion

    async def opened(self, proposal: Proposal) -> Motion:
        """A motion whose vote is open, two hours after the opening."""
        motion = await self.stated(proposal)
        async with self.database.work() as work:
            motion = await votes.give_notice(work, motion.motion_id)
        assert motion.timetable is not None
        self.at(motion.timetable.freezes_at)
        async with self.database.work() as work:
            await votes.freeze(work, motion.motion_id)
        self.at(motion.timetable.opens_at + timedelta(hours=2))
        async with self.database.work() as work:
            return await votes.open_vote(work, motion.motion_id)

    async def cast(self, motion_id: MotionId, *choices: str) -> None:
        """The first member's choice, the second's and so on; an empty one is not cast."""
        for member_id, choice in zip(self.members, choices, strict=False):
            if choice:
                async with self.database.work() as work:
                    await votes.cast(work, motion_id, by=member_id, choice=choice)

    async def closed(self, motion: Motion) -> Motion:
        """The vote closed, at its time."""
        assert motion.timetable is not None
        self.at(motion.timetable.closes_at)
        async with self.database.work() as work:
            return await votes.close_vote(work, motion.motion_id)

    async def certified(self, motion: Motion) -> Motion:
        """Closed and certified."""
        await self.closed(motion)
        async with self.database.work() as work:
            after, _ = await votes.certify(work, motion.motion_id, certified_by="R. Officer")
        return after


async def assemble(
    database: Database,
    owner: psycopg.Connection,
    *,
    address: str,
    bylaws: dict[str, Any] | None = None,
    rules: Mapping[RuleKind, dict[str, Any]] | None = None,
    classes: tuple[str, ...] = ("driver", "driver", "driver", "rider"),
) -> Assembly:
    """A founded city and its members, one of each class named."""
    stop_time(address, at=BEGINS.isoformat())
    bodies = example_bodies() | {RuleKind.BYLAWS: bylaws or open_bylaws()} | dict(rules or {})
    founded = await found(database, bodies=bodies)
    members = []
    for one in classes:
        [person_id] = owner.execute(
            "INSERT INTO registry.person (person_id, joined_at)"
            " VALUES (gen_random_uuid(), service_now()) RETURNING person_id"
        ).fetchone()  # type: ignore[misc]
        async with database.work() as work:
            member = await membership.join(work, PersonId(person_id), member_class=MemberClass(one))
        members.append(member.member_id)
    return Assembly(database=database, owner=owner, rules=founded, members=members)


def tariff_motion(body: dict[str, Any] | None = None) -> Proposal:
    """A motion for a dearer tariff."""
    return Proposal(
        title="A higher flag fall",
        text=json.dumps(body or dearer_tariff()),
        matter="ordinary",
        rule_kind=RuleKind.TARIFF,
    )


async def a_fund(assembly: Assembly, costs: Mapping[str, int]) -> UUID:
    """A fund of 100 dollars for which the first member lodged projects; minor units by project."""
    currency = Currency("USD")
    people = [
        PersonId(row[0])
        for row in assembly.owner.execute("SELECT person_id FROM governance.member")
    ]
    adoption = assembly.rules[RuleKind.TARIFF].adoption_id
    async with assembly.database.work() as work:
        budget_id = work.new_id()
        terms = replace(budget_terms(), pot=Money(100_00, currency))
        await fund.open_budget(work, budget_id=budget_id, adoption_id=adoption, terms=terms)
        for name, cost in costs.items():
            pact = pact_terms(cost, title=name)
            payments = tuple(replace(one, amount=Money(cost, currency)) for one in pact.payments)
            lodged = project(
                name, cost, proposer_id=people[0], cost=Money(cost, currency),
                terms=replace(pact, payments=payments),
            )  # fmt: skip
            await fund.lodge_project(
                work, budget_id=budget_id, project=lodged, members=frozenset(people)
            )
    return UUID(str(budget_id))
