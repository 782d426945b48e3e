"""Steps of a motion in the words of a member's live socket; the same at every entrance of members."""

from typing import Any

from doorway.government.schemas import VoteToldOut
from foundation.identifiers import UUID, PersonId
from governance.events import VoteClosesSoon
from governance.motion import MotionId, MotionState
from governance.views import motions as views
from storage.outbox import Announced
from storage.work import Reading

_TYPES = {
    MotionState.AMENDING: "vote_called",
    MotionState.OPEN: "vote_opened",
    MotionState.CLOSED: "vote_closed",
    MotionState.CERTIFIED: "vote_result",
    MotionState.LOST: "vote_result",
}
"""What a step is called on a socket; members are not told of the others."""


async def what_it_means(
    work: Reading, announced: Announced, person_id: PersonId
) -> dict[str, Any] | None:
    """A step of a motion, or that its vote closes soon, for somebody who is on the roll of it; None
    for everybody else, and for whoever has voted when it closes soon. Two statements at most."""
    is_reminder = announced.topic == VoteClosesSoon.topic
    if is_reminder:
        kind: str | None = "vote_closes_soon"
    else:
        kind = _TYPES.get(MotionState(announced.payload["state"]))
    if kind is None:
        return None
    motion_id = MotionId(UUID(announced.payload["motion_id"]))
    part = await views.find_part(work, motion_id, person_id)
    if part is None or part.member_class is None or (is_reminder and part.mark is not None):
        return None
    line = await views.get_line(work, motion_id)
    told = VoteToldOut(
        motion_id=line.motion_id,
        title=line.title,
        state=line.state,
        opens_at=line.opens_at,
        closes_at=line.closes_at,
    )
    return {"type": kind} | told.model_dump(mode="json")
