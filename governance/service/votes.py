"""A vote from its notice to the certificate, and the rule that it writes."""

from datetime import date, datetime

from foundation.identifiers import RuleId
from governance import motion as machine
from governance.bylaws import Bylaws, parse_bylaws
from governance.certificate import Certificate, certify_count
from governance.counting.marks import ABSTAIN
from governance.counting.share import AGAINST, FOR
from governance.electoral_roll import Correction, ElectoralRoll, correct, draw_roll, may_still_vote
from governance.errors import ChoiceInvalid, NotEnactable, VoteNotOpen
from governance.events import RuleEnacted
from governance.matter import Matter, Method
from governance.member import MemberId
from governance.motion import Motion, MotionId, MotionState
from governance.service.conflicts import check_no_conflict, standing_aside
from governance.service.membership import get_member
from governance.service.motions import locked, stepped
from governance.store import members as member_store
from governance.store import votes as store
from governance.tier import Tier
from governance.timetable import plan_vote
from rulebook.rule import Rule, RuleKind
from rulebook.service import get_rule, in_force, list_rules
from storage.work import UnitOfWork

CHOICES = (FOR, AGAINST, ABSTAIN)


async def give_notice(
    work: UnitOfWork, motion_id: MotionId, *, opens_on: date | None = None
) -> Motion:
    """Call the vote on a motion: freeze its roll, and the bylaws it is judged by.

    Raises
    ------
    MotionElsewhere, NoticeTooShort
        If it is not seconded, or the day comes too early.
    NotEnactable
        If this service keeps no board for such a vote.
    """
    motion = await locked(work, motion_id)
    rule = await in_force(work, RuleKind.BYLAWS, work.now)
    bylaws = parse_bylaws(rule.body)
    matter = bylaws.get_matter(motion.matter)
    if matter.method is not Method.YES_NO or matter.tier is not Tier.OPEN:
        raise NotEnactable(f"{matter.tier} votes by {matter.method} are held on a board apart")
    timetable = plan_vote(bylaws, matter, notice_at=work.now, opens_on=opens_on)
    after = machine.give_notice(motion, timetable, bylaws_rule_id=rule.rule_id)
    members = await member_store.list_members(work)
    roll = draw_roll(
        members,
        bylaws=bylaws,
        matter=matter,
        frozen_at=work.now,
        opens_at=timetable.opens_at,
        salts={one.member_id: _salt(work) for one in members},
        in_conflict=await standing_aside(work, motion, bylaws),
    )
    await store.insert_notice(work, after, matter, roll)
    return await stepped(work, motion, after)


async def correct_roll(
    work: UnitOfWork, motion_id: MotionId, correction: Correction
) -> ElectoralRoll:
    """Correct the roll of a vote; raises as `governance.electoral_roll.correct`."""
    await locked(work, motion_id)
    before = await store.get_roll(work, motion_id)
    roll = correct(before, correction, salt=_salt(work))
    await store.insert_correction(work, motion_id, correction, roll.find(correction.member_id))
    return roll


async def freeze(work: UnitOfWork, motion_id: MotionId) -> Motion:
    """The text stands from now on; raises as `machine.freeze`."""
    motion = await locked(work, motion_id)
    return await stepped(work, motion, machine.freeze(motion, at=work.now))


async def open_vote(work: UnitOfWork, motion_id: MotionId) -> Motion:
    """Publish the roll and take ballots; raises as `machine.open_vote`."""
    motion = await locked(work, motion_id)
    after = machine.open_vote(motion, at=work.now)
    await store.publish_roll(work, motion_id, await store.get_roll(work, motion_id))
    return await stepped(work, motion, after)


async def cast(work: UnitOfWork, motion_id: MotionId, *, by: MemberId, choice: str) -> None:
    """Cast a ballot, or another one in its place; the last before the close counts.

    Raises
    ------
    VoteNotOpen
        If the vote has not begun or is over.
    NotOnRoll
        With the reason.
    ChoiceInvalid
        If the ballot says neither for nor against nor that it abstains.
    """
    motion = await locked(work, motion_id)
    timetable = motion.timetable
    if motion.state is not MotionState.OPEN or timetable is None:
        raise VoteNotOpen(f"This vote is not open: the motion is {motion.state}.")
    if work.now >= timetable.closes_at:
        raise VoteNotOpen(f"This vote closed at {timetable.closes_at.isoformat()}.")
    if choice not in CHOICES:
        raise ChoiceInvalid(f"it must say one of {', '.join(CHOICES)}")
    bylaws, _ = await judged_by(work, motion)
    await check_no_conflict(work, motion, bylaws, by=by)
    roll = await store.get_roll(work, motion_id, only=by)
    may_still_vote(roll, await get_member(work, by), bylaws=bylaws, at=work.now)
    await store.insert_open_ballot(work, motion_id, by, choice)


async def close_vote(work: UnitOfWork, motion_id: MotionId) -> Motion:
    """Take no more ballots; raises as `machine.close_vote`."""
    motion = await locked(work, motion_id)
    return await stepped(work, motion, machine.close_vote(motion, at=work.now))


async def certify(
    work: UnitOfWork, motion_id: MotionId, *, certified_by: str
) -> tuple[Motion, Certificate]:
    """Count, certify, and write the rule that members adopted, all in one commit.

    Raises
    ------
    MotionElsewhere
        If the vote is not closed, or certified already.
    """
    motion = await locked(work, motion_id)
    bylaws, matter = await judged_by(work, motion)
    certificate = certify_count(
        motion,
        matter,
        await store.get_roll(work, motion_id),
        await store.count_marks(work, motion_id),
        certified_at=work.now,
        certified_by=certified_by,
    )
    after = machine.certify(motion, has_passed=certificate.has_passed, bylaws=bylaws, at=work.now)
    await store.insert_certificate(work, certificate)
    await stepped(work, motion, after)
    if certificate.has_passed and motion.rule_kind is not None:
        await _enact(work, after, matter, bylaws)
    return after, certificate


async def judged_by(work: UnitOfWork, motion: Motion) -> tuple[Bylaws, Matter]:
    """The bylaws that the motion's notice names, whatever is in force now, and its matter there."""
    if motion.bylaws_rule_id is None:
        raise VoteNotOpen("No notice of this vote was given.")
    bylaws = parse_bylaws((await get_rule(work, motion.bylaws_rule_id)).body)
    return bylaws, bylaws.get_matter(motion.matter)


async def _enact(work: UnitOfWork, motion: Motion, matter: Matter, bylaws: Bylaws) -> None:
    kind = RuleKind(str(motion.rule_kind))
    # The database dates the adoption by its own clock, a moment after this unit of work began.
    starts = machine.earliest_start(matter, bylaws, certified_at=work.now)
    starts = _after_the_last(starts, await list_rules(work, kind), bylaws)
    rule_id = RuleId(work.new_id())
    await store.enact(work, motion.motion_id, rule_id=rule_id, valid_from=starts)
    work.announce(
        RuleEnacted(
            event_id=work.new_id(),
            occurred_at=work.now,
            motion_id=motion.motion_id,
            rule_id=rule_id,
            rule_kind=kind,
            valid_from=starts,
        )
    )


def _after_the_last(starts: datetime, rules: tuple[Rule, ...], bylaws: Bylaws) -> datetime:
    """A rule adopted later begins later, too: a day after the last one that is still to come."""
    if not rules or rules[-1].valid_from < starts:
        return starts
    return bylaws.calendar.end_of(bylaws.calendar.day_of(rules[-1].valid_from))


def _salt(work: UnitOfWork) -> bytes:
    return work.chance.bits(256).to_bytes(32, "big")
