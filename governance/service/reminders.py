"""What time alone brings about: a vote that is over soon, the board's answers, reviews and minutes that
have fallen due; told of once."""

from datetime import timedelta

from governance.events import VoteClosesSoon
from governance.office_events import ReminderDue
from governance.service.membership import bylaws_now
from governance.store import appeals as store
from governance.store.appeals import Due
from governance.store.votes import list_closing
from storage.work import UnitOfWork

SOON = timedelta(days=1)


async def remind_of_closing(work: UnitOfWork) -> None:
    """Tell once of every vote that closes within a day."""
    for motion_id, closes_at in await list_closing(work, within=SOON):
        work.announce(
            VoteClosesSoon(
                event_id=work.new_id(),
                occurred_at=work.now,
                motion_id=motion_id,
                closes_at=closes_at,
            )
        )


async def list_due(work: UnitOfWork) -> tuple[Due, ...]:
    """What is overdue or due now, by the bylaws in force, the oldest first."""
    bylaws = await bylaws_now(work)
    return await store.list_due(
        work,
        now=work.now,
        today=bylaws.calendar.day_of(work.now),
        timezone=bylaws.calendar.timezone,
        hours=bylaws.minutes_draft_hours,
    )


async def remind(work: UnitOfWork) -> tuple[Due, ...]:
    """Announce what fell due since the last time; what was told before is not told again."""
    told = [one for one in await list_due(work) if await store.insert_reminder(work, one)]
    for one in told:
        work.announce(
            ReminderDue(
                event_id=work.new_id(),
                occurred_at=work.now,
                what=one.kind,
                subject=one.subject,
                due_on=one.due_on.isoformat(),
            )
        )
    return tuple(told)
