"""Motions and memberships in the shapes that are sent."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from doorway.government.asked import AskedOut, asked_out
from doorway.government.schemas import (
    AmendmentOut,
    AnswerOut,
    CertificateOut,
    ChangeOut,
    ClassOut,
    EnactedOut,
    FollowUpOut,
    MemberMotionOut,
    MemberOut,
    MembershipOut,
    MotionLineOut,
    MotionOut,
    MotionsOut,
    PartOut,
    RollOut,
    TimetableOut,
)
from foundation.identifiers import PersonId
from governance.amendment import Amendment, diff_of
from governance.asked import NumberAsked
from governance.bylaws import Bylaws
from governance.candidate import Candidate, ballot_names
from governance.errors import MemberNotFound
from governance.matter import MemberClass
from governance.member import Exclusion, Member, MemberId, standing_of
from governance.motion import Motion, MotionId
from governance.service.membership import bylaws_now, member_of_person
from governance.store.polls import list_polls
from governance.store.votes import find_bounds
from governance.views import members as member_views
from governance.views import motions as views
from registry.vault import Vault
from registry.views import names
from rulebook.rule import RuleKind
from storage.work import Reading, UnitOfWork

YOUR_STANDING = {
    Exclusion.DIED: "This membership ended with a death.",
    Exclusion.NO_MEMBER: "You are no member; at the notice of a vote you must be one.",
    Exclusion.CLASS_HAS_NO_SAY: "This matter is for other classes of members.",
    Exclusion.SUSPENDED: "You are suspended.",
    Exclusion.IN_ARREARS: "You have owed your share or dues for too long.",
    Exclusion.IN_CONFLICT: "You have declared a conflict of interest.",
    Exclusion.STRUCK: "A correction struck you off the roll.",
}
"""Why somebody has no vote, said to them."""
NAMELESS = "a member"
"""Whoever is forgotten, or gave no name."""


async def membership_of(work: UnitOfWork, person_id: PersonId) -> MembershipOut:
    """How a person stands; somebody who never joined is no member."""
    bylaws = await bylaws_now(work)
    try:
        member = await member_of_person(work, person_id)
    except MemberNotFound:
        return MembershipOut(
            member_id=None, classes=[], may_vote_as=None, reason=Exclusion.NO_MEMBER,
            words=YOUR_STANDING[Exclusion.NO_MEMBER], suspended_at=None, appealed_at=None,
            behind_since=None, history=[],
        )  # fmt: skip
    return membership_out(member, bylaws, at=work.now)


def membership_out(member: Member, bylaws: Bylaws, *, at: datetime) -> MembershipOut:
    """A member with their standing at `at` and their history."""
    voting = tuple(
        one for one in MemberClass if one in bylaws.classes and bylaws.classes[one].has_vote
    )
    standing = standing_of(member, bylaws, classes=voting, at=at)
    is_out = isinstance(standing, Exclusion)
    return MembershipOut(
        member_id=member.member_id,
        classes=[ClassOut(member_class=one, since=since) for one, since in member.joined],
        may_vote_as=None if isinstance(standing, Exclusion) else standing,
        reason=standing.value if is_out else None,
        words=YOUR_STANDING[standing] if isinstance(standing, Exclusion) else None,
        suspended_at=member.suspended_at,
        appealed_at=member.appealed_at,
        behind_since=member.behind_since,
        history=[
            ChangeOut(kind=one.kind, at=one.at, member_class=one.member_class, reason=one.reason)
            for one in member.changes
        ],
    )


def motions_out(lines: tuple[views.MotionLine, ...], *, limit: int) -> MotionsOut:
    """A page of motions."""
    return MotionsOut(
        motions=[
            MotionLineOut(
                motion_id=one.motion_id, title=one.title, matter=one.matter,
                rule_kind=one.rule_kind, state=one.state, proposed_at=one.proposed_at,
                seconds=one.seconds, opens_at=one.opens_at, closes_at=one.closes_at,
            )
            for one in lines
        ],
        before=lines[-1].motion_id if len(lines) == limit else None,
    )  # fmt: skip


async def motion_out(work: UnitOfWork, motion_id: MotionId) -> MotionOut:
    """A motion as everybody may read it.

    Raises
    ------
    MotionNotFound
        If there is none.
    """
    view = await views.get_motion(work, motion_id)
    return _motion_out(view, await _asked(work, view), await bylaws_now(work), work.now)


async def member_motion_out(
    work: UnitOfWork, motion_id: MotionId, person_id: PersonId, *, vault: Vault
) -> MemberMotionOut:
    """A motion as a member reads it: with names, and with their own part.

    Raises
    ------
    MotionNotFound
        If there is none.
    """
    view = await views.get_motion(work, motion_id)
    motion = view.motion
    part = await views.find_part(work, motion_id, person_id)
    wanted = views.names_wanted(view) if part is not None and part.is_member else ()
    known = await named(work, set(wanted), vault=vault)
    shown = _motion_out(view, await _asked(work, view), await bylaws_now(work), work.now)
    return MemberMotionOut(
        **dict(shown),
        mover=known.get(motion.mover),
        seconders=[known[one] for one in motion.seconders if one in known],
        nominated=_known(known, (one for one in motion.candidates if one.withdrew_at is None)),
        withdrawn=_known(known, (one for one in motion.candidates if one.withdrew_at)),
        amended_by={
            str(one.amendment_id): known[one.by] for one in motion.amendments if one.by in known
        },
        mine=_part_out(motion, part),
    )


def _known(known: Mapping[MemberId, MemberOut], candidates: Iterable[Candidate]) -> list[MemberOut]:
    return [known[one.member_id] for one in candidates if one.member_id in known]


async def named(
    work: Reading, member_ids: set[MemberId], *, vault: Vault
) -> Mapping[MemberId, MemberOut]:
    """Members by name; whoever has none is `NAMELESS`."""
    people = await member_views.people_of(work, member_ids)
    known = await names(work, people.values(), vault=vault)
    return {
        member_id: MemberOut(member_id=member_id, name=known.get(people[member_id], NAMELESS))
        for member_id in member_ids
    }


def _part_out(motion: Motion, part: views.Part | None) -> PartOut:
    if part is None:
        return PartOut(
            is_mover=False, has_seconded=False, on_roll=False, member_class=None,
            reason=Exclusion.NO_MEMBER, words=YOUR_STANDING[Exclusion.NO_MEMBER], choice=None,
        )  # fmt: skip
    return PartOut(
        is_mover=part.member_id == motion.mover,
        has_seconded=part.member_id in motion.seconders,
        on_roll=part.member_class is not None if part.is_called else None,
        member_class=part.member_class,
        reason=part.reason,
        words=None if part.reason is None else YOUR_STANDING[part.reason],
        choice=part.mark,
    )


async def _asked(work: Reading, view: views.MotionView) -> AskedOut:
    motion = view.motion
    return asked_out(
        motion.asks,
        bounds=await find_bounds(work, motion.motion_id)
        if isinstance(motion.asks, NumberAsked)
        else None,
        candidates=list(ballot_names(motion.candidates)),
        polls=() if motion.timetable is None else await list_polls(work, motion.motion_id),
        certificate=None if view.certificate is None else view.certificate.document,
    )


def _motion_out(view: views.MotionView, asked: AskedOut, bylaws: Bylaws, at: datetime) -> MotionOut:
    motion = view.motion
    missing = None
    if view.members is not None:
        missing = views.missing_seconds(view, bylaws.motions.seconds.of(view.members))
    return MotionOut(
        **dict(asked),
        motion_id=motion.motion_id,
        title=motion.title,
        matter=motion.matter,
        rule_kind=motion.rule_kind,
        state=motion.state,
        proposed_at=motion.proposed_at,
        version=motion.version,
        text=motion.text,
        texts=list(motion.texts),
        amendments=[_amendment_out(motion, one) for one in motion.amendments],
        seconds=len(motion.seconders),
        seconds_missing=missing,
        tier=view.tier,
        timetable=_timetable_out(view),
        roll=_roll_out(view),
        answer_by=motion.answer_by,
        answer=_answer_out(motion),
        is_answer_overdue=motion.is_answer_overdue(bylaws.calendar.day_of(at)),
        review_on=motion.review_on,
        follow_ups=[
            FollowUpOut(text=one.text, done_percent=one.done_percent, at=one.at)
            for one in motion.follow_ups
        ],
        certificate=_certificate_out(view),
        rule=_enacted_out(view),
    )


def _amendment_out(motion: Motion, one: Amendment) -> AmendmentOut:
    return AmendmentOut(
        amendment_id=one.amendment_id, state=one.state, amends_version=one.amends_version,
        proposed_at=one.proposed_at, text=one.text,
        diff=diff_of(motion.texts[one.amends_version - 1], one.text),
        votes_for=one.votes_for, votes_against=one.votes_against,
    )  # fmt: skip


def _answer_out(motion: Motion) -> AnswerOut | None:
    said = motion.answer
    return None if said is None else AnswerOut(text=said.text, at=said.at)


def _timetable_out(view: views.MotionView) -> TimetableOut | None:
    when = view.motion.timetable
    if when is None or view.roll is None:
        return None
    return TimetableOut(
        notice_at=when.notice_at, corrected_until=view.roll.corrected_until,
        freezes_at=when.freezes_at, opens_at=when.opens_at, closes_at=when.closes_at,
    )  # fmt: skip


def _roll_out(view: views.MotionView) -> RollOut | None:
    roll = view.roll
    if roll is None or roll.size is None or roll.digest is None:
        return None
    return RollOut(size=roll.size, digest=roll.digest)


def _certificate_out(view: views.MotionView) -> CertificateOut | None:
    found = view.certificate
    if found is None:
        return None
    return CertificateOut(
        digest=found.digest, has_passed=found.has_passed, document=dict(found.document)
    )


def _enacted_out(view: views.MotionView) -> EnactedOut | None:
    rule = view.rule
    if rule is None:
        return None
    return EnactedOut(
        rule_id=rule.rule_id,
        kind=RuleKind(rule.kind),
        version=rule.version,
        valid_from=rule.valid_from,
    )
