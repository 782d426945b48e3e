"""What a vote is judged by: the bylaws that its notice names, whatever is in force now."""

from governance.bylaws import Bylaws, parse_bylaws
from governance.errors import VoteNotOpen
from governance.matter import Matter
from governance.motion import Motion
from rulebook.service import get_rule
from storage.work import UnitOfWork


async def judged_by(work: UnitOfWork, motion: Motion) -> tuple[Bylaws, Matter]:
    """The bylaws that the motion's notice names, and its matter there.

    Raises
    ------
    VoteNotOpen
        If no notice was given.
    """
    if motion.bylaws_rule_id is None:
        raise VoteNotOpen("No notice of this vote was given.")
    bylaws = parse_bylaws((await get_rule(work, motion.bylaws_rule_id)).body)
    return bylaws, bylaws.get_matter(motion.matter)
