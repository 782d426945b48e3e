"""A vote from its notice to the certificate, and the rule that it writes."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from types import MappingProxyType

from sqlalchemy.exc import IntegrityError

from foundation.identifiers import RuleId
from governance import motion as machine
from governance.asked import AllocationAsked, check_asked
from governance.ballots.choice import (
    BallotBroken,
    Choice,
    Mark,
    Question,
    RuleName,
    choice_of,
    fields_of,
)
from governance.ballots.plain import Plain, canonical, parse
from governance.bylaws import Bylaws, parse_bylaws
from governance.certificate import Box, Certificate, ClassVotes, certify_count
from governance.electoral_roll import Correction, ElectoralRoll, correct, draw_roll, may_still_vote
from governance.errors import ChoiceInvalid, RollCorrectionSenseless, VoteNotOpen, VoteUnderWay
from governance.events import RuleEnacted
from governance.impact.service import impact_ready
from governance.matter import Matter
from governance.member import MemberId
from governance.motion import Motion, MotionId, MotionState
from governance.polls import records
from governance.service import divisions
from governance.service.conflicts import check_no_conflict, standing_aside
from governance.service.deciding import Readers, check_called
from governance.service.membership import get_member
from governance.service.motions import locked, stepped
from governance.service.notices import call_polls, check_time, particulars_of
from governance.service.poll_count import count_poll
from governance.service.polls import BallotTerms, publish_polls
from governance.service.published_polls import Keepers
from governance.service.trial import judged_by
from governance.store import members as member_store
from governance.store import polls as poll_store
from governance.store import votes as store
from governance.timetable import plan_vote
from rulebook.rule import Rule, RuleKind
from rulebook.service import in_force, list_rules
from storage.refusals import constraint_of
from storage.work import UnitOfWork

A_MOMENT = timedelta(minutes=1)
Said = str | Mapping[str, Plain]
"""A choice: for, against or abstain; or the document of any, as the ballot bundle has it."""


async def give_notice(
    work: UnitOfWork,
    motion_id: MotionId,
    *,
    opens_on: date | None = None,
    readers: Readers = MappingProxyType({}),
) -> Motion:
    """Call the vote on a motion: freeze its roll, and the bylaws it is judged by.

    Parameters
    ----------
    readers
        Whoever acts on a rule reads each body that the vote can write, before it is called.

    Raises
    ------
    MotionElsewhere, NoticeTooShort
        If it is not seconded, or the day comes too early.
    MatterCooling, TooEarly
        If the last decision is recent, or nominations run.
    QuestionUnfit, NobodyStands, VoteUnderWay
        If there is nothing to choose from, or a vote on a number would meet another on its rule.
    ImpactMissing, ImpactStale
        If members cannot see yet what the rule would do, beside those in force.
    MatterNotEnough, BodyInvalid
        If the bylaws of today do not let it be decided as it was moved, or a number gives no rule;
        and what `readers` refuse.
    """
    motion = await locked(work, motion_id)
    rule = await in_force(work, RuleKind.BYLAWS, work.now)
    bylaws = parse_bylaws(rule.body)
    matter = bylaws.get_matter(motion.matter)
    check_asked(motion.asks, method=matter.method, rule_kind=motion.rule_kind)
    await check_time(work, motion, matter, bylaws)
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
    particulars = await particulars_of(work, after, matter, roll)
    check_called(after, particulars, rule, readers=readers)
    await impact_ready(work, motion_id, motion.version)
    try:
        await store.insert_notice(work, after, matter, roll)
    except IntegrityError as error:
        if constraint_of(error) == "one_vote_where_a_number_is_voted":
            raise VoteUnderWay(str(motion.rule_kind)) from None
        raise
    quorum = matter.quorum.of(roll.size)
    await call_polls(work, after, matter, quorum=quorum, particulars=particulars)
    return await stepped(work, motion, after)


async def correct_roll(
    work: UnitOfWork, motion_id: MotionId, correction: Correction
) -> ElectoralRoll:
    """Correct the roll of a vote; raises as `governance.electoral_roll.correct`."""
    motion = await locked(work, motion_id)
    _, matter = await judged_by(work, motion)
    if correction.member_class not in (None, *matter.classes):
        raise RollCorrectionSenseless(
            f"{matter.code} is not for members as {correction.member_class}"
        )
    before = await store.get_roll(work, motion_id)
    roll = correct(before, correction, salt=_salt(work))
    await store.insert_correction(work, motion_id, correction, roll.find(correction.member_id))
    return roll


async def freeze(work: UnitOfWork, motion_id: MotionId) -> Motion:
    """The text stands from now on; raises as `machine.freeze`."""
    motion = await locked(work, motion_id)
    return await stepped(work, motion, machine.freeze(motion, at=work.now))


async def open_vote(
    work: UnitOfWork,
    motion_id: MotionId,
    *,
    terms: BallotTerms | None = None,
    keepers: Keepers = records,
) -> Motion:
    """Publish the roll, and manifests where no name stands beside a choice; take ballots.

    Parameters
    ----------
    terms
        Where passkeys sign; needed in votes without names.
    keepers
        What desks and board have prepared.

    Raises
    ------
    MotionElsewhere, TooEarly
        As `machine.open_vote`.
    PollNotPrepared
        Naming what is missing.
    """
    motion = await locked(work, motion_id)
    after = machine.open_vote(motion, at=work.now)
    roll = await store.get_roll(work, motion_id)
    await store.publish_roll(work, motion_id, roll)
    _, matter = await judged_by(work, motion)
    quorum = matter.quorum.of(roll.size)
    await publish_polls(work, after, quorum=quorum, terms=terms, keepers=keepers)
    return await stepped(work, motion, after)


async def cast(work: UnitOfWork, motion_id: MotionId, *, by: MemberId, choice: Said) -> str:
    """Cast a ballot of an open vote, or another in its place; the last before the close counts.

    What stands on the board of names: a mark, or the choice's canonical document.

    Raises
    ------
    VoteNotOpen
        If the vote has not begun or is over.
    NotOnRoll
        With the reason.
    ChoiceInvalid
        If the ballot does not say what is asked.
    """
    motion = await locked(work, motion_id)
    timetable = motion.timetable
    if motion.state is not MotionState.OPEN or timetable is None:
        raise VoteNotOpen(f"This vote is not open: the motion is {motion.state}.")
    if work.now >= timetable.closes_at:
        raise VoteNotOpen(f"This vote closed at {timetable.closes_at.isoformat()}.")
    mark = await mark_of(work, motion_id, choice)
    bylaws, _ = await judged_by(work, motion)
    await check_no_conflict(work, motion, bylaws, by=by)
    roll = await store.get_roll(work, motion_id, only=by)
    may_still_vote(roll, await get_member(work, by), bylaws=bylaws, at=work.now)
    await store.insert_open_ballot(work, motion_id, by, mark)
    return mark


async def mark_of(work: UnitOfWork, motion_id: MotionId, choice: Said) -> str:
    """How a choice would stand on the board of names of a vote that was called.

    Raises
    ------
    ChoiceInvalid
        If it does not say what is asked.
    """
    [poll, *_] = await poll_store.list_polls(work, motion_id)
    if isinstance(choice, str):
        choice = {"mark": choice}
    try:
        found = choice_of(choice, poll.question)
    except BallotBroken as broken:
        raise ChoiceInvalid(f"it is {broken.reason.replace('_', ' ')}") from None
    return found.mark if isinstance(found, Mark) else canonical(fields_of(found)).decode()


async def close_vote(work: UnitOfWork, motion_id: MotionId) -> Motion:
    """Take no more ballots; raises as `machine.close_vote`."""
    motion = await locked(work, motion_id)
    return await stepped(work, motion, machine.close_vote(motion, at=work.now))


async def certify(
    work: UnitOfWork, motion_id: MotionId, *, certified_by: str, keepers: Keepers = records
) -> tuple[Motion, Certificate]:
    """Count, certify, and write the rule that members adopted, all in one commit.

    Raises
    ------
    MotionElsewhere
        If the vote is not closed, or certified already.
    PollNotReady
        If desks, board, witnesses or trustees have not done their part after the close.
    PollCountFailed
        If a count was cut short; nothing is written.
    """
    motion = await locked(work, motion_id)
    bylaws, matter = await judged_by(work, motion)
    machine.certify(motion, has_passed=False, bylaws=bylaws, at=work.now)
    roll, box = await store.get_roll(work, motion_id), await _box(work, motion, keepers=keepers)
    certificate = certify_count(
        motion, matter, roll, box, certified_at=work.now, certified_by=certified_by
    )
    after = machine.certify(motion, has_passed=certificate.has_passed, bylaws=bylaws, at=work.now)
    await store.insert_certificate(work, certificate)
    await stepped(work, motion, after)
    await divisions.divide(work, motion, certificate, box=box, roll=roll)
    if certificate.has_passed and motion.rule_kind is not None:
        await _enact(work, after, matter, bylaws)
    if certificate.has_passed and isinstance(motion.asks, AllocationAsked):
        await store.adopt_allocation(work, motion.motion_id)
    return after, certificate


async def _box(work: UnitOfWork, motion: Motion, *, keepers: Keepers) -> Box:
    """All ballots of a vote: off the board of names, or out of its polls."""
    polls = await poll_store.list_polls(work, motion.motion_id)
    if not any(poll.is_kept_apart for poll in polls):
        question = polls[0].question
        marks = await store.count_marks(work, motion.motion_id)
        ballots = tuple(
            ClassVotes(member_class=one, votes=((_choice(mark, question), count),))
            for one, mark, count in marks
        )
        return Box(question=question, ballots=ballots, lot_seed=_salt(work))
    counted = [await count_poll(work, poll, keepers=keepers) for poll in polls]
    return Box(
        question=counted[0].question,
        ballots=tuple(one.votes for one in counted),
        lot_seed=counted[0].lot_seed,
        polls=tuple(one.seal for one in counted),
    )


def _choice(mark: str, question: Question) -> Choice:
    if question.rule is RuleName.FOR_AGAINST:
        return Mark(mark)
    return choice_of(parse(mark.encode()), question)


async def _enact(work: UnitOfWork, motion: Motion, matter: Matter, bylaws: Bylaws) -> None:
    kind = RuleKind(str(motion.rule_kind))
    # The database dates the adoption by its own clock. A count takes a while, and with a moment more
    # in hand no midnight comes between the day that the notice is counted from and the adoption.
    adopted_at = await store.lock_rules(work, kind) + A_MOMENT
    starts = machine.earliest_start(matter, bylaws, certified_at=adopted_at)
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
