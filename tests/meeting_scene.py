"""A meeting in the assembly of `tests.assembly_rows`: called, filled, and gone through by the clock."""

from datetime import datetime, timedelta
from typing import Any

from foundation.identifiers import UUID
from governance.amendment import Amendment
from governance.meeting import Item, Record, RecordKind
from governance.motion import Motion
from governance.service import meetings, motions, votes
from governance.service.meetings import Call, Live
from tests.assembly_rows import Assembly, dearer_tariff, tariff_motion

NOTICE = timedelta(days=15, hours=6)
MINUTE = timedelta(minutes=1)


async def now_of(assembly: Assembly) -> datetime:
    async with assembly.database.work() as work:
        return work.now


async def call_meeting(assembly: Assembly, *items: Item, **changes: Any) -> UUID:
    """A meeting called for fifteen days later, on the items named."""
    async with assembly.database.work() as work:
        fields: dict[str, Any] = {
            "title": "General meeting", "place": "The depot", "held_at": work.now + NOTICE,
            "items": items or (Item(title="Accounts"),),
        }  # fmt: skip
        return (await meetings.call(work, Call(**(fields | changes)))).meeting_id


async def happens(
    assembly: Assembly, meeting_id: UUID, kind: str, *, who: int | None = None,
    item: int | None = None, text: str = "",
) -> Live:  # fmt: skip
    """Something that happens at a meeting now; `who` counts the assembly's members from 0."""
    async with assembly.database.work() as work:
        happened = Record(
            kind=RecordKind(kind), at=work.now, item=item, text=text,
            member=None if who is None else assembly.members[who],
        )  # fmt: skip
        return await meetings.record(work, meeting_id, happened)


async def opened_meeting(assembly: Assembly, meeting_id: UUID, *present: int) -> Live:
    """The meeting at its time, with those present, opened."""
    async with assembly.database.work() as work:
        held_at = (await meetings.live(work, meeting_id)).meeting.held_at
    assembly.at(held_at)
    for who in present:
        await happens(assembly, meeting_id, "arrived", who=who)
    return await happens(assembly, meeting_id, "opened")


async def amended(assembly: Assembly) -> tuple[Motion, Amendment]:
    """A motion on a tariff and an amendment of it that is put to the vote."""
    motion = await assembly.propose(tariff_motion())
    async with assembly.database.work() as work:
        dearest = tariff_motion(dearer_tariff(dearer_tariff())).text
        amendment = await motions.amend(
            work, motion.motion_id, by=assembly.members[1], text=dearest, readers={}
        )
    async with assembly.database.work() as work:
        await motions.put_amendment_to_vote(work, motion.motion_id, amendment.amendment_id)
    return motion, amendment


async def noticed(assembly: Assembly) -> Motion:
    """A motion on a tariff, with the notice of its vote."""
    motion = await assembly.stated(tariff_motion())
    async with assembly.database.work() as work:
        return await votes.give_notice(work, motion.motion_id)
