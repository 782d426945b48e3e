"""What has fallen due: the board's answers, reviews of decisions, minutes; told of once."""

from governance.office_events import ReminderDue
from governance.service.membership import bylaws_now
from governance.store import appeals as store
from governance.store.appeals import Due
from storage.work import UnitOfWork


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
