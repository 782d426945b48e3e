"""What the secretary's side of governance refuses: meetings, minutes, appeals, outages."""

from foundation.errors import Conflict, NotFound


class MeetingNotFound(NotFound):
    """There is no such meeting."""

    code = "meeting_not_found"

    def __init__(self, meeting_id: str) -> None:
        super().__init__("There is no such meeting.", meeting_id=meeting_id)


class RequisitionRefused(Conflict):
    """The request for a meeting is not there, is signed already, or has too few behind it."""

    code = "requisition_refused"

    def __init__(self, reason: str) -> None:
        super().__init__(f"This request calls no meeting: {reason}.", reason=reason)


class ShortNoticeRefused(Conflict):
    """Members are not asked to agree to such a meeting, or agreed to another one."""

    code = "short_notice_refused"

    def __init__(self, reason: str) -> None:
        super().__init__(f"This shorter notice cannot be agreed to: {reason}.", reason=reason)


class MinutesClash(Conflict):
    """Minutes are drafted once, when the meeting is over, and corrected by additions alone."""

    code = "minutes_clash"

    def __init__(self, reason: str) -> None:
        super().__init__(f"The minutes stay as they are: {reason}.", reason=reason)


class ConflictClash(Conflict):
    """An interest is declared once, with what it is."""

    code = "conflict_clash"

    def __init__(self, reason: str) -> None:
        super().__init__(f"Nothing was declared: {reason}.", reason=reason)


class ExtensionRefused(Conflict):
    """No outage on record moves the close of this vote, or it is closed."""

    code = "extension_refused"

    def __init__(self, reason: str) -> None:
        super().__init__(f"The vote closes as noticed: {reason}.", reason=reason)


class OutageInvalid(Conflict):
    """An outage is noted when it is over, with what was down."""

    code = "outage_invalid"

    def __init__(self, reason: str) -> None:
        super().__init__(f"This outage cannot be noted: {reason}.", reason=reason)


class AppealClash(Conflict):
    """The appeal is not at a point at which that can be done."""

    code = "appeal_clash"

    def __init__(self, reason: str) -> None:
        super().__init__(f"The appeal stays where it is: {reason}.", reason=reason)


class AppealNotFound(NotFound):
    """There is no such appeal."""

    code = "appeal_not_found"

    def __init__(self, appeal_id: str) -> None:
        super().__init__("There is no such appeal.", appeal_id=appeal_id)
