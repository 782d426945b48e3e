"""Outages, and the time that a vote gets back for them."""

from dataclasses import replace
from datetime import datetime

from foundation.identifiers import UUID
from governance.motion import Motion, MotionId, MotionState
from governance.office_errors import ExtensionRefused, OutageInvalid
from governance.office_events import VoteExtended
from governance.service.motions import locked
from governance.service.trial import judged_by
from governance.store import appeals as store
from governance.tier import Tier
from governance.timetable import Outage, prolonged
from storage.work import UnitOfWork

SERVICE = "service"
PARTS = {
    Tier.OPEN: (SERVICE,),
    Tier.DETACHED: (SERVICE, "box"),
    Tier.SEALED: (SERVICE, "desk_secretary", "desk_city_clerk", "box"),
}
"""What a vote needs, by how far names and choices are apart: while one of it is down, nobody votes."""
CAN_MOVE = (MotionState.AMENDING, MotionState.FROZEN, MotionState.OPEN)


async def note_outage(
    work: UnitOfWork, *, part: str, since: datetime, until: datetime, cause: str, noted_by: str
) -> UUID:
    """Put on record who was down when; it moves no close by itself.

    Parameters
    ----------
    part
        One of those in `PARTS`.
    noted_by
        The returning officer, by name.

    Raises
    ------
    OutageInvalid
        If it is not over yet, ends before it begins, or names no part or no cause.
    """
    if part not in PARTS[Tier.SEALED]:
        raise OutageInvalid(f"its part must be one of {', '.join(PARTS[Tier.SEALED])}")
    if not since < until <= work.now:
        raise OutageInvalid("it must end after it began, and be over")
    if not cause.strip() or not noted_by.strip():
        raise OutageInvalid("it says what happened, and who notes it")
    outage_id = work.new_id()
    await store.insert_outage(
        work,
        outage_id,
        Outage(since=since, until=until),
        part=part,
        cause=cause.strip(),
        noted_by=noted_by.strip(),
    )
    return outage_id


async def extend_vote(work: UnitOfWork, motion_id: MotionId) -> Motion:
    """Give a vote back the time in which nobody could vote: its close moves later, never earlier.

    A vote may be prolonged after its hour has come, while nobody has closed it: in an outage of the
    last hour there is no other way. The board of a secret vote closes by itself, unless it was away
    over the close: then it waits for this. It follows by itself.

    Raises
    ------
    ExtensionRefused
        If the bylaws know no extension, the vote or its board is closed, no outage on record reaches
        into it, or what is on record would close it before now.
    """
    motion = await locked(work, motion_id)
    timetable = motion.timetable
    if timetable is None or motion.state not in CAN_MOVE:
        raise ExtensionRefused(f"it is {motion.state}")
    bylaws, _ = await judged_by(work, motion)
    if not bylaws.extend_on_outage:
        raise ExtensionRefused("the bylaws know no extension")
    tier = Tier(await store.tier_of(work, motion_id))
    if tier is not Tier.OPEN and await store.has_closed_board(work, motion_id):
        raise ExtensionRefused("its board has closed")
    planned = replace(timetable, closes_at=await store.planned_close(work, motion_id))
    after = prolonged(planned, await store.list_outages(work, PARTS[tier]))
    if after.closes_at <= timetable.closes_at:
        raise ExtensionRefused("no outage on record reaches into it beyond what it got back")
    if tier is not Tier.OPEN and after.closes_at <= work.now:
        raise ExtensionRefused("it would close before now; note the outage until now")
    number = await store.insert_extension(
        work, motion_id, closes_before=timetable.closes_at, closes_at=after.closes_at
    )
    work.announce(
        VoteExtended(
            event_id=work.new_id(),
            occurred_at=work.now,
            motion_id=motion_id,
            number=number,
            closes_at=after.closes_at,
        )
    )
    return replace(motion, timetable=after)
