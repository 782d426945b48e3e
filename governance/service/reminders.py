"""What time alone brings about in a vote: members hear that it is over soon."""

from datetime import timedelta

from governance.events import VoteClosesSoon
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
