"""Appeals from the complaint to the finding, and what becomes of a result that is set aside."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.exc import IntegrityError

from foundation.identifiers import UUID, RuleId
from governance import appeal as pure
from governance.appeal import Finding, Jury, ResultCorrection, Tally
from governance.counting.share import RULE, RequiredShare
from governance.errors import AppealRefused, MotionElsewhere, NotYoursToDo
from governance.matter import Matter
from governance.member import MemberId
from governance.motion import Motion, MotionId
from governance.office_errors import AppealClash, AppealNotFound
from governance.office_events import AppealFound, AppealLodged, JuryDrawn
from governance.service.membership import get_member
from governance.service.motions import locked
from governance.service.trial import judged_by
from governance.store import appeals as store
from governance.store.appeals import Certified, StoredAppeal
from governance.store.proxies import list_conflicts
from governance.store.votes import get_roll
from storage.refusals import constraint_of
from storage.work import UnitOfWork

COMPLAINT_LENGTH_MAX = 20_000
AT_ONCE = timedelta(seconds=1)
"""A correcting rule that cannot begin before the one it corrects begins so long after it."""


async def seal_lot(work: UnitOfWork, *, commitment: str) -> None:
    """Publish the hash of a seed that will draw a jury: `governance.counting.lots.commitment_to`.

    The secretary seals some ahead. An appeal takes the oldest one, so that whoever keeps the seeds
    cannot choose one after the complaint is known.

    Raises
    ------
    AppealClash
        If it is no SHA-256 in hexadecimal, or sealed already.
    """
    if len(commitment) != 64 or set(commitment) - set("0123456789abcdef"):
        raise AppealClash("a sealed seed is told by its SHA-256, 64 hexadecimal digits")
    try:
        await store.insert_commitment(work, commitment)
    except IntegrityError as error:
        if constraint_of(error) != "lot_commitment_pkey":
            raise
        raise AppealClash("that seed is sealed already") from None


async def lodge_appeal(
    work: UnitOfWork, motion_id: MotionId, *, by: MemberId, complaint: str, affected: int
) -> StoredAppeal:
    """Appeal against a result.

    Parameters
    ----------
    affected
        How many ballots the complaint concerns, as its author says.

    Raises
    ------
    AppealRefused
        If the window is over.
    MotionElsewhere
        If there is no result yet.
    AppealClash
        If nothing is complained of, or they appealed already.
    MemberNotFound
        If they are no member.
    """
    motion = await locked(work, motion_id)
    certified = await _certified(work, motion)
    bylaws, matter = await judged_by(work, motion)
    await get_member(work, by)
    until = pure.appeals_until(certified.certified_at, bylaws)
    if work.now >= until:
        raise AppealRefused(until.isoformat())
    said = complaint.strip()
    roll_size = int(certified.document["roll"]["size"])
    if not 1 <= len(said) <= COMPLAINT_LENGTH_MAX or not 1 <= affected <= max(1, roll_size):
        raise AppealClash(
            f"it says what went wrong, and how many ballots of {roll_size} that concerns"
        )
    if await store.has_appealed(work, motion_id, by):
        raise AppealClash("you have appealed against this result already")
    margin = _margin(certified.document, matter, roll_size=roll_size)
    appeal = StoredAppeal(
        appeal_id=work.new_id(),
        motion_id=motion_id,
        member_id=by,
        complaint=said,
        affected=affected,
        margin=margin,
        stays=pure.stays_result(affected, margin),
        commitment=await store.find_free_commitment(work),
        jurors=0,
        votes=0,
        upholding=0,
        is_found=False,
    )
    await store.insert_appeal(work, appeal)
    work.announce(
        AppealLodged(
            event_id=work.new_id(),
            occurred_at=work.now,
            appeal_id=appeal.appeal_id,
            motion_id=motion_id,
            stays=appeal.stays,
        )
    )
    return appeal


async def draw_jury(work: UnitOfWork, appeal_id: UUID, *, secret: bytes) -> Jury:
    """Open the sealed seed and draw who hears an appeal.

    Raises
    ------
    AppealClash
        If the seed is not the one that was sealed, none was, or the jury is drawn already.
    AppealNotFound
        If there is none.
    """
    appeal, motion = await _locked(work, appeal_id)
    if appeal.jurors:
        raise AppealClash("its jury is drawn already")
    commitment = appeal.commitment or await store.find_free_commitment(work)
    if commitment is None:
        raise AppealClash("no seed is sealed for it")
    pure.check_secret(secret, commitment)
    if appeal.commitment is None:
        await store.assign_lot(work, appeal_id, commitment)
    bylaws, _ = await judged_by(work, motion)
    aside = {appeal.member_id, motion.mover} | await list_conflicts(work, motion.motion_id)
    roll = await get_roll(work, motion.motion_id)
    jury = pure.draw_jury(
        appeal_id,
        appeal.complaint,
        (one.member_id for one in roll.entries if one.member_id not in aside),
        secret=secret,
        size=bylaws.jury_size,
    )
    if not jury.members:
        raise AppealClash("nobody is left on the roll to hear it")
    await store.insert_jury(work, appeal_id, jury, secret=secret)
    work.announce(
        JuryDrawn(
            event_id=work.new_id(),
            occurred_at=work.now,
            appeal_id=appeal_id,
            secret=secret.hex(),
        )
    )
    return jury


async def vote_as_juror(work: UnitOfWork, appeal_id: UUID, *, by: MemberId, upholds: bool) -> None:
    """Find on an appeal as one of its jury, once.

    Raises
    ------
    NotYoursToDo
        If the lot fell not on them, or they voted.
    AppealClash
        If the jury has found.
    """
    appeal, _ = await _locked(work, appeal_id)
    if appeal.is_found:
        raise AppealClash("its jury has found already")
    if by not in await store.list_jurors(work, appeal_id):
        raise NotYoursToDo("the lot fell on others")
    if await store.has_found(work, appeal_id, by):
        raise NotYoursToDo("you have voted already")
    await store.insert_juror_vote(work, appeal_id, by, upholds=upholds)


async def find(
    work: UnitOfWork,
    appeal_id: UUID,
    *,
    affected: int,
    reasons: str,
    instead: str = "",
    paid: str = "",
) -> Finding:
    """Write what the jury found; if it sets the result aside, correct that in the same commit.

    A rule that the result wrote is not edited: the rule that stood before follows it, at once, or
    right after it begins if it is still to come. Quotes, fares and payments made by it stay.

    Parameters
    ----------
    affected
        How many ballots the fault concerned, as the jury found.
    instead
        What holds now: void and to be voted again, or another winner.
    paid
        What was paid or done by the result before, and how that is settled, by new postings.

    Raises
    ------
    AppealClash
        If not enough jurors voted, no reasons are given, the jury has found already, or a result is
        set aside and it is not said what holds instead.
    """
    appeal, motion = await _locked(work, appeal_id)
    if appeal.is_found:
        raise AppealClash("its jury has found already")
    finding = pure.find(
        appeal_id=appeal_id,
        motion_id=motion.motion_id,
        jury=(appeal.jurors, appeal.votes, appeal.upholding),
        affected=max(0, affected),
        margin=appeal.margin,
        reasons=reasons,
        found_at=work.now,
    )
    await store.insert_finding(work, finding)
    if finding.sets_aside and await store.find_correction(work, motion.motion_id) is None:
        if not instead.strip():
            raise AppealClash("a result that is set aside says what holds instead")
        await _correct(work, motion, finding, instead=instead.strip(), paid=paid.strip())
    work.announce(
        AppealFound(
            event_id=work.new_id(),
            occurred_at=work.now,
            appeal_id=appeal_id,
            motion_id=motion.motion_id,
            upheld=finding.upheld,
            sets_aside=finding.sets_aside,
        )
    )
    return finding


async def stayed_results(work: UnitOfWork) -> tuple[MotionId, ...]:
    """Results that nobody should act on yet: an appeal that could alter them is to be heard."""
    return await store.list_stayed(work)


async def _correct(
    work: UnitOfWork, motion: Motion, finding: Finding, *, instead: str, paid: str
) -> None:
    certified = await _certified(work, motion)
    wrong = await store.find_rule_to_correct(work, motion.motion_id)
    rule_id = None if wrong is None else RuleId(work.new_id())
    correction = ResultCorrection(
        finding=finding,
        certificate_digest=certified.digest,
        instead=instead,
        paid=paid,
        corrected_rule=rule_id,
    )
    await store.insert_correction(work, correction)
    if wrong is not None and rule_id is not None:
        starts: datetime = max(wrong[1], work.now) + AT_ONCE
        await store.correct_rule(work, finding.appeal_id, rule_id=rule_id, valid_from=starts)


def _margin(document: dict[str, Any], matter: Matter, *, roll_size: int) -> int | None:
    """Of a count for or against of all together; of other counts it is not known."""
    count = document.get("count")
    if not isinstance(count, dict) or count.get("rule") != RULE or matter.pass_each:
        return None
    tally = Tally(
        votes_for=count["votes_for"],
        votes_against=count["votes_against"],
        abstentions=count["abstentions"],
        quorum=count["quorum"],
        required=RequiredShare.parse(count["required"]),
        eligible=max(1, roll_size) if matter.is_of_all else None,
    )
    return pure.margin_of(tally, roll_size=roll_size)


async def _certified(work: UnitOfWork, motion: Motion) -> Certified:
    found = await store.find_certified(work, motion.motion_id)
    if found is None:
        raise MotionElsewhere(motion.state, "appeal against the result of")
    return found


async def _locked(work: UnitOfWork, appeal_id: UUID) -> tuple[StoredAppeal, Motion]:
    found = await store.find_appeal(work, appeal_id)
    if found is None:
        raise AppealNotFound(str(appeal_id))
    motion = await locked(work, found.motion_id)
    again = await store.find_appeal(work, appeal_id)
    assert again is not None
    return again, motion
