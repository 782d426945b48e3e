"""What governance refuses: a stable code, and one sentence that says what would be right."""

from foundation.errors import Conflict, Forbidden, Gone, Invalid, NotFound
from foundation.identifiers import UUID


class CalendarZoneUnknown(Invalid):
    """The time zone is not one of the IANA database."""

    code = "calendar_zone_unknown"

    def __init__(self, name: str) -> None:
        super().__init__(f"{name[:64]!r} is not the name of a time zone, such as Europe/London.")


class BylawsInvalid(Invalid):
    """Bylaws have the right shape and mean nothing; the field is named."""

    code = "bylaws_invalid"

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"The bylaws' {field} {reason}.", field=field, reason=reason)
        self.field = field
        self.reason = reason


class MatterUnknown(Invalid):
    """The bylaws know no such matter."""

    code = "matter_unknown"

    def __init__(self, matter: str, known: str) -> None:
        super().__init__(
            f"The bylaws know no matter {matter[:40]!r}; they know {known}.", matter=matter[:40]
        )


class MatterNotEnough(Invalid):
    """A rule cannot be changed by that matter."""

    code = "matter_not_enough"

    def __init__(self, kind: str, matter: str, needed: str) -> None:
        super().__init__(
            f"A motion on the {kind} is not decided as {matter}; the bylaws ask for {needed}.",
            kind=kind,
            matter=matter,
        )


class MembershipClash(Conflict):
    """The member is not, or is already, what the change says."""

    code = "membership_clash"

    def __init__(self, reason: str) -> None:
        super().__init__(f"The membership stays as it is: {reason}.", reason=reason)


class NotOnRoll(Forbidden):
    """The caller may not vote on this motion, and the roll says why."""

    code = "not_on_roll"

    def __init__(self, reason: str) -> None:
        super().__init__(f"You are not on the roll of this vote: {reason}.", reason=reason)


class VotingKeyUnusable(Invalid):
    """A passkey cannot sign requests for ballots."""

    code = "voting_key_unusable"

    def __init__(self, reason: str) -> None:
        super().__init__(f"This passkey cannot be used in votes: {reason}.", reason=reason)


class PollNotCounted(NotFound):
    """A poll has no bundle yet."""

    code = "poll_not_counted"

    def __init__(self, poll_id: UUID) -> None:
        super().__init__(f"Poll {poll_id} is not counted yet; its bundle comes with its result.")


class BallotOfAnotherTier(Invalid):
    """What was handed in is no ballot of this kind of vote."""

    code = "ballot_of_another_tier"

    def __init__(self, wanted: str) -> None:
        super().__init__(f"This vote is not cast like that: {wanted}.")


class RollClosed(Gone):
    """The window for corrections of the roll is over."""

    code = "roll_closed"

    def __init__(self, until: str) -> None:
        super().__init__(f"This roll could be corrected until {until}.", until=until)


class RollCorrectionSenseless(Invalid):
    """A correction changes nothing, or someone unknown."""

    code = "roll_correction_senseless"

    def __init__(self, reason: str) -> None:
        super().__init__(f"The roll stays as it is: {reason}.", reason=reason)


class MotionNotFound(NotFound):
    """There is no such motion."""

    code = "motion_not_found"

    def __init__(self, motion_id: str) -> None:
        super().__init__("There is no such motion.", motion_id=motion_id)


class MemberNotFound(NotFound):
    """There is no such member."""

    code = "member_not_found"

    def __init__(self, member_id: str) -> None:
        super().__init__("There is no such member.", member_id=member_id)


class MotionElsewhere(Conflict):
    """The motion is not in a state in which that can be done."""

    code = "motion_elsewhere"

    def __init__(self, state: str, step: str) -> None:
        super().__init__(
            f"This motion is {state}; one cannot {step} it now.", state=state, step=step
        )
        self.state = state


class MotionTextInvalid(Invalid):
    """The title or text of a motion or amendment cannot be put to a vote."""

    code = "motion_text_invalid"

    def __init__(self, reason: str) -> None:
        super().__init__(f"The text cannot be put to a vote: it {reason}.", reason=reason)


class NotYoursToDo(Forbidden):
    """Only the mover, or only somebody else, may do this."""

    code = "not_yours_to_do"

    def __init__(self, reason: str) -> None:
        super().__init__(f"You cannot do that: {reason}.", reason=reason)


class TextFrozen(Conflict):
    """The text stands unchanged before a vote; amendments come too late."""

    code = "text_frozen"

    def __init__(self, since: str) -> None:
        super().__init__(
            f"The text is frozen since {since}; no amendment can be made.", since=since
        )


class AmendmentUnknown(NotFound):
    """There is no such amendment, or it was answered already."""

    code = "amendment_unknown"

    def __init__(self) -> None:
        super().__init__("There is no such amendment waiting for an answer.")


class NoticeTooShort(Conflict):
    """The bylaws ask for more days of notice."""

    code = "notice_too_short"

    def __init__(self, given: int, needed: int) -> None:
        super().__init__(
            f"That is {given} clear days of notice, and the bylaws ask for {needed}.",
            given=given,
            needed=needed,
        )


class TooEarly(Conflict):
    """What is asked for may be done later; the instant is named."""

    code = "too_early"

    def __init__(self, what: str, at: str) -> None:
        super().__init__(f"{what} from {at} on.", at=at)


class VoteNotOpen(Gone):
    """The vote has not begun, or is over."""

    code = "vote_not_open"

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)


class ChoiceInvalid(Invalid):
    """The ballot does not say what the question asks for."""

    code = "choice_invalid"

    def __init__(self, reason: str) -> None:
        super().__init__(f"The ballot cannot be counted: {reason}.", reason=reason)


class ProxyRefused(Conflict):
    """The bylaws do not allow this proxy."""

    code = "proxy_refused"

    def __init__(self, reason: str) -> None:
        super().__init__(f"This proxy cannot be: {reason}.", reason=reason)


class MeetingClash(Conflict):
    """The meeting is not at a point at which that can be done."""

    code = "meeting_clash"

    def __init__(self, reason: str) -> None:
        super().__init__(f"The meeting goes on as it was: {reason}.", reason=reason)


class AppealRefused(Gone):
    """The window for appeals is over, or has not begun."""

    code = "appeal_refused"

    def __init__(self, until: str) -> None:
        super().__init__(f"An appeal against this result could be made until {until}.", until=until)


class BallotsNotShown(Conflict):
    """Who voted how is shown to members, of open votes that are over."""

    code = "ballots_not_shown"

    def __init__(self) -> None:
        super().__init__("Who voted how is shown once an open vote is over, and of no other vote.")


class CertificateNotFound(NotFound):
    """The motion has no certificate: its vote is not certified yet."""

    code = "certificate_not_found"

    def __init__(self) -> None:
        super().__init__("This motion has no certificate yet.")


class QuestionUnfit(Invalid):
    """What a motion asks cannot be asked by its matter, or makes no sense."""

    code = "question_unfit"

    def __init__(self, reason: str) -> None:
        super().__init__(f"This cannot be put to a vote: {reason}.", reason=reason)


class NobodyStands(Conflict):
    """An election has no candidate who accepted."""

    code = "nobody_stands"

    def __init__(self) -> None:
        super().__init__(
            "Nobody stands in this election; nominations stay open until somebody accepts."
        )


class CandidacyRefused(Conflict):
    """A nomination or its acceptance cannot be."""

    code = "candidacy_refused"

    def __init__(self, reason: str) -> None:
        super().__init__(f"This candidacy cannot be: {reason}.", reason=reason)


class MatterCooling(Conflict):
    """The bylaws ask for time between two decisions on one matter."""

    code = "matter_cooling"

    def __init__(self, matter: str, until: str) -> None:
        super().__init__(
            f"The last decision on {matter} is recent; the next vote can be called from {until} on.",
            matter=matter,
            until=until,
        )


class VoteUnderWay(Conflict):
    """Another vote that writes the same kind of rule is under way."""

    code = "vote_under_way"

    def __init__(self, kind: str) -> None:
        super().__init__(
            f"Another vote on the {kind} is under way; this one can be called when it is certified.",
            kind=kind,
        )


class OfficialRefused(Conflict):
    """A witness, a trustee or a share that a vote without names cannot take."""

    code = "official_refused"

    def __init__(self, reason: str) -> None:
        super().__init__(f"That cannot be taken: {reason}.", reason=reason)
