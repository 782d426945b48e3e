"""A city with a motion on its way: a dearer tariff, moved and seconded."""

import json
from pathlib import Path

import psycopg

from foundation.chance import SeededChance
from foundation.identifiers import PersonId
from governance.matter import MemberClass
from governance.service import membership, motions
from governance.service.motions import Proposal
from rulebook.rule import RuleKind
from rulebook.service import in_force
from storage.engine import Database
from tests.assembly_rows import dearer_tariff
from tests.impact_at_work import state_impact


async def move_a_dearer_tariff(address: str, city: Path) -> None:
    """Two driver-members move and second that the flag fall, and the least a trip costs, be 1.00
    higher; what that does is worked out here: a process of low priority takes long beside tests."""
    with psycopg.connect(address) as connection:
        people = [
            PersonId(row[0])
            for row in connection.execute(
                "SELECT person_id FROM registry.person ORDER BY 1 LIMIT 2"
            )
        ]
    database = Database(address, chance=SeededChance(12), pool_size=1)
    members = []
    for person in people:
        async with database.work() as work:
            joined = await membership.join(work, person, member_class=MemberClass.DRIVER)
            members.append(joined.member_id)
    async with database.work() as work:
        tariff = await in_force(work, RuleKind.TARIFF, work.now)
        body = dearer_tariff(dict(tariff.body))
        for rule in body[
            "rules"
        ]:  # or short trips would cost the least that a trip costs, as before
            rule["minimum_minor"] += 100
        proposal = Proposal(
            title="A higher flag fall",
            text=json.dumps(body),
            matter="special",
            rule_kind=RuleKind.TARIFF,
        )
        motion = await motions.propose(work, proposal, by=members[0], readers={})
    async with database.work() as work:
        await motions.second(work, motion.motion_id, by=members[1])
    await state_impact(database, motion.motion_id, city=city)
    await database.dispose()
