"""A motion's way from a proposal to a certified result, and what may happen to it where.

Every step is a function of the motion and what happened, and gives the motion after it; where a
step does not belong, it is refused by name. The text is versioned; it is frozen before the vote.
Who may vote is the roll's, how ballots are counted is `governance.counting`'s.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NewType

from foundation.identifiers import UUID, RuleId
from governance.amendment import Amendment, AmendmentState, diff_of
from governance.asked import FOR_OR_AGAINST, Asked, TextAsked
from governance.bylaws import Bylaws
from governance.candidate import Candidate
from governance.errors import (
    AmendmentUnknown,
    MotionElsewhere,
    MotionTextInvalid,
    NotYoursToDo,
    TextFrozen,
    TooEarly,
)
from governance.matter import Matter
from governance.member import MemberId
from governance.motion_text import check_text
from governance.timetable import Timetable

MotionId = NewType("MotionId", UUID)


class MotionState(StrEnum):
    """Where a motion is; the last three are final."""

    PROPOSED = "proposed"
    SECONDED = "seconded"
    AMENDING = "amending"
    FROZEN = "frozen"
    OPEN = "open"
    CLOSED = "closed"
    CERTIFIED = "certified"
    LOST = "lost"
    WITHDRAWN = "withdrawn"


LEGAL_STEPS: Mapping[MotionState, tuple[MotionState, ...]] = {
    MotionState.PROPOSED: (MotionState.SECONDED, MotionState.WITHDRAWN),
    MotionState.SECONDED: (MotionState.AMENDING, MotionState.WITHDRAWN),
    MotionState.AMENDING: (MotionState.FROZEN, MotionState.WITHDRAWN),
    MotionState.FROZEN: (MotionState.OPEN,),
    MotionState.OPEN: (MotionState.CLOSED,),
    MotionState.CLOSED: (MotionState.CERTIFIED, MotionState.LOST),
    MotionState.CERTIFIED: (),
    MotionState.LOST: (),
    MotionState.WITHDRAWN: (),
}
"""The whole machine: from each state, where a motion may go. The database holds the same rows."""

TEXT_OPEN = (MotionState.PROPOSED, MotionState.SECONDED, MotionState.AMENDING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the board says to a motion, for the members before they vote."""

    text: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUp:
    """What became of a decision; `done_percent` from 0 to 100."""

    text: str
    done_percent: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Motion:
    """A motion as it stands.

    Attributes
    ----------
    matter
        Code in the bylaws.
    rule_kind
        The kind of rule it writes if it passes; None for a resolution that writes none.
    texts
        Every version, oldest first. Of a rule for or against: its body, laid out by `rule_text`.
    asks
        What those who vote are asked.
    candidates
        In an election: those nominated, by name and then by member.
    seconded_at
        Since when it has its seconds; from here on nominations run.
    bylaws_rule_id
        The bylaws it is judged by: those in force at its notice. None before.
    answer_by, review_on
        The local day by whose end the board must have answered, or the outcome is reviewed.
    """

    motion_id: MotionId
    title: str
    mover: MemberId
    matter: str
    rule_kind: str | None
    texts: tuple[str, ...]
    proposed_at: datetime
    asks: Asked = FOR_OR_AGAINST
    candidates: tuple[Candidate, ...] = ()
    seconded_at: datetime | None = None
    state: MotionState = MotionState.PROPOSED
    seconders: tuple[MemberId, ...] = ()
    amendments: tuple[Amendment, ...] = ()
    timetable: Timetable | None = None
    bylaws_rule_id: RuleId | None = None
    answer_by: date | None = None
    answer: Answer | None = None
    review_on: date | None = None
    follow_ups: tuple[FollowUp, ...] = ()

    @property
    def text(self) -> str:
        """The text as it stands."""
        return self.texts[-1]

    @property
    def text_kind(self) -> str | None:
        """The kind of rule whose body the text is; None where it is prose."""
        return self.rule_kind if isinstance(self.asks, TextAsked) else None

    @property
    def version(self) -> int:
        """Which version of the text that is, from 1."""
        return len(self.texts)

    def is_answer_overdue(self, today: date) -> bool:
        """Whether the board should have answered before `today`, a local day, and has not."""
        return self.answer is None and self.answer_by is not None and today > self.answer_by

    def is_review_due(self, today: date) -> bool:
        """Whether the outcome should be looked at again."""
        return self.review_on is not None and today >= self.review_on

    def stepped(self, to: MotionState, step: str) -> "Motion":
        """The motion in another state.

        Raises
        ------
        MotionElsewhere
            If the machine has no such step from here.
        """
        if to not in LEGAL_STEPS[self.state]:
            raise MotionElsewhere(self.state, step)
        return replace(self, state=to)


def second(motion: Motion, by: MemberId, *, needed: int, bylaws: Bylaws, at: datetime) -> Motion:
    """One more member stands behind a motion; with enough of them the board must answer it.

    Parameters
    ----------
    needed
        How many seconds the bylaws ask for, of the members as they are.

    Raises
    ------
    MotionElsewhere
        If it is past that.
    NotYoursToDo
        If they moved or seconded it already.
    """
    if motion.state is not MotionState.PROPOSED:
        raise MotionElsewhere(motion.state, "second")
    if by == motion.mover:
        raise NotYoursToDo("a mover does not second their own motion")
    if by in motion.seconders:
        raise NotYoursToDo("you have seconded it already")
    motion = replace(motion, seconders=(*motion.seconders, by))
    return seconded_if_enough(motion, needed=needed, bylaws=bylaws, at=at)


def seconded_if_enough(motion: Motion, *, needed: int, bylaws: Bylaws, at: datetime) -> Motion:
    """The motion, and seconded if it has as many seconds as are needed."""
    if len(motion.seconders) < needed:
        return motion
    first = bylaws.calendar.day_of(at) + timedelta(days=1)
    answer_by = bylaws.calendar.last_day(first, max(1, bylaws.motions.answer_days))
    motion = motion.stepped(MotionState.SECONDED, "second")
    return replace(motion, answer_by=answer_by, seconded_at=at)


def withdraw(motion: Motion, by: MemberId, *, at: datetime) -> Motion:
    """The mover takes the motion back; not once its text is frozen.

    Raises
    ------
    NotYoursToDo
        If somebody else moved it.
    TextFrozen
        If the freeze has begun, whether or not anybody wrote so down.
    MotionElsewhere
        If the vote is open, or all is over.
    """
    if by != motion.mover:
        raise NotYoursToDo("only the mover withdraws a motion")
    if motion.state is MotionState.AMENDING:
        check_open_to_change(motion, at=at)
    return motion.stepped(MotionState.WITHDRAWN, "withdraw")


def give_notice(motion: Motion, timetable: Timetable, *, bylaws_rule_id: RuleId) -> Motion:
    """Call the vote: from here on it is judged by these bylaws, whatever they become."""
    motion = motion.stepped(MotionState.AMENDING, "give notice of")
    return replace(motion, timetable=timetable, bylaws_rule_id=bylaws_rule_id)


def answer(motion: Motion, said: Answer) -> Motion:
    """The board answers, once.

    Raises
    ------
    MotionElsewhere
        If nobody has seconded it yet, or it was answered, or is over.
    """
    if motion.answer is not None or motion.state in (MotionState.PROPOSED, *_FINAL):
        raise MotionElsewhere("answered" if motion.answer else motion.state, "answer")
    return replace(motion, answer=said)


def amend(motion: Motion, amendment: Amendment) -> Motion:
    """A member proposes another text.

    Raises
    ------
    TextFrozen
        If the freeze has begun, whether or not anybody wrote so down.
    MotionElsewhere
        If the motion is over.
    MotionTextInvalid
        If it changes nothing, or is no text for this motion.
    """
    check_open_to_change(motion, at=amendment.proposed_at)
    check_text(motion.title, amendment.text, rule_kind=motion.text_kind)
    if amendment.amends_version != motion.version:
        raise MotionTextInvalid(f"amends version {amendment.amends_version} of {motion.version}")
    if not diff_of(motion.text, amendment.text):
        raise MotionTextInvalid("changes nothing")
    return replace(motion, amendments=(*motion.amendments, amendment))


def check_open_to_change(motion: Motion, *, at: datetime) -> None:
    """Whether the text may still change at `at`; raises as `amend`."""
    since = None if motion.timetable is None else motion.timetable.freezes_at
    if since is not None and at >= since:
        raise TextFrozen(since.isoformat())
    if motion.state not in TEXT_OPEN:
        raise MotionElsewhere(motion.state, "amend")


def accept_amendment(motion: Motion, amendment_id: UUID, *, by: MemberId, at: datetime) -> Motion:
    """The mover takes an amendment over: its text is the motion's from now on.

    Raises
    ------
    NotYoursToDo
        If somebody else moved the motion.
    AmendmentUnknown, TextFrozen, MotionElsewhere
        As they say.
    """
    if by != motion.mover:
        raise NotYoursToDo("only the mover accepts an amendment; anyone may ask for a vote on it")
    return _settled(motion, amendment_id, AmendmentState.ACCEPTED, at=at)


def put_amendment_to_vote(motion: Motion, amendment_id: UUID, *, at: datetime) -> Motion:
    """An amendment that the mover does not accept is voted on, by show of names."""
    return _settled(motion, amendment_id, AmendmentState.PUT_TO_VOTE, at=at)


def decide_amendment(
    motion: Motion, amendment_id: UUID, *, votes_for: int, votes_against: int, at: datetime
) -> Motion:
    """What the vote on an amendment came to: more for than against carries it."""
    carried = votes_for > votes_against
    state = AmendmentState.CARRIED if carried else AmendmentState.DEFEATED
    motion = _settled(motion, amendment_id, state, at=at)
    return replace(
        motion,
        amendments=tuple(
            replace(one, votes_for=votes_for, votes_against=votes_against)
            if one.amendment_id == amendment_id
            else one
            for one in motion.amendments
        ),
    )


_FROM = {
    AmendmentState.ACCEPTED: AmendmentState.WAITING,
    AmendmentState.PUT_TO_VOTE: AmendmentState.WAITING,
    AmendmentState.CARRIED: AmendmentState.PUT_TO_VOTE,
    AmendmentState.DEFEATED: AmendmentState.PUT_TO_VOTE,
}


def _settled(motion: Motion, amendment_id: UUID, to: AmendmentState, *, at: datetime) -> Motion:
    check_open_to_change(motion, at=at)
    found = next((one for one in motion.amendments if one.amendment_id == amendment_id), None)
    if found is None or found.state is not _FROM[to]:
        raise AmendmentUnknown
    changes = to in (AmendmentState.ACCEPTED, AmendmentState.CARRIED)
    if changes and found.amends_version != motion.version:
        # The diff that members saw would not be what changes.
        raise MotionTextInvalid(
            f"amends version {found.amends_version}, and version {motion.version} stands"
        )
    amendments = tuple(
        replace(one, state=to) if one.amendment_id == amendment_id else one
        for one in motion.amendments
    )
    texts = (*motion.texts, found.text) if changes else motion.texts
    return replace(motion, amendments=amendments, texts=texts)


def freeze(motion: Motion, *, at: datetime) -> Motion:
    """The text stands as it is; raises `TooEarly` before the freeze."""
    motion_after = motion.stepped(MotionState.FROZEN, "freeze")
    _not_before("The text is frozen", _timetable(motion).freezes_at, at)
    return motion_after


def open_vote(motion: Motion, *, at: datetime) -> Motion:
    """Ballots are taken from now on; raises `TooEarly` before the opening."""
    motion_after = motion.stepped(MotionState.OPEN, "open the vote on")
    _not_before("The vote opens", _timetable(motion).opens_at, at)
    return motion_after


def close_vote(motion: Motion, *, at: datetime) -> Motion:
    """No ballot is taken any more; raises `TooEarly` before the close, which is never advanced."""
    motion_after = motion.stepped(MotionState.CLOSED, "close the vote on")
    _not_before("The vote closes", _timetable(motion).closes_at, at)
    return motion_after


def certify(motion: Motion, *, has_passed: bool, bylaws: Bylaws, at: datetime) -> Motion:
    """The result stands; what passed is looked at again on `review_on`."""
    if not has_passed:
        return motion.stepped(MotionState.LOST, "certify")
    review_on = bylaws.calendar.day_of(at) + timedelta(days=bylaws.motions.review_days)
    return replace(motion.stepped(MotionState.CERTIFIED, "certify"), review_on=review_on)


def follow_up(motion: Motion, said: FollowUp) -> Motion:
    """Tell what became of a decision; raises `MotionElsewhere` for what was not decided."""
    if motion.state is not MotionState.CERTIFIED:
        raise MotionElsewhere(motion.state, "follow up")
    assert 0 <= said.done_percent <= 100, "a share of what was decided"
    return replace(motion, follow_ups=(*motion.follow_ups, said))


def earliest_start(matter: Matter, bylaws: Bylaws, *, certified_at: datetime) -> datetime:
    """From when a rule holds at the earliest: the first day after a notice of the matter's length.

    The notice of a vote is not the notice of its result: who drives or rides by a rule hears of it
    first, and has as long as those had who voted.
    """
    first = bylaws.calendar.day_after_notice(certified_at, matter.notice_days)
    starts = bylaws.calendar.start_of(first)
    if starts - certified_at < timedelta(days=matter.notice_days):
        # Clocks went forward in between. The database counts days of 24 hours.
        starts = bylaws.calendar.end_of(first)
    return starts


_FINAL = (MotionState.CERTIFIED, MotionState.LOST, MotionState.WITHDRAWN)


def _timetable(motion: Motion) -> Timetable:
    assert motion.timetable is not None, "no step after the notice without a timetable"
    return motion.timetable


def _not_before(what: str, instant: datetime, at: datetime) -> None:
    if at < instant:
        raise TooEarly(what, instant.isoformat())
