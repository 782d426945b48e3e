"""Refusals of the rulebook."""

from foundation.errors import Conflict, Invalid, NotFound


class BodyInvalid(Invalid):
    """A rule's body is not what its kind asks for; the field is named."""

    code = "rule_body_invalid"

    def __init__(self, kind: str, field: str, reason: str) -> None:
        super().__init__(
            f"The {kind} cannot be read: {field or 'the document'} {reason}.",
            kind=kind,
            field=field,
            reason=reason,
        )
        self.kind = kind
        self.field = field
        self.reason = reason


class CharterInvalid(Invalid):
    """The founding charter is incomplete or malformed; file and field are named."""

    code = "charter_invalid"

    def __init__(self, file: str, field: str, reason: str) -> None:
        where = f"{file}, {field}" if field else file
        reason = reason.removesuffix(".")  # what another check told may be a sentence already
        super().__init__(f"{where}: {reason}.", file=file, field=field, reason=reason)
        self.file = file
        self.field = field
        self.reason = reason


class CharterExists(Conflict):
    """The city is founded already; rules change by motion from then on."""

    code = "charter_exists"

    def __init__(self) -> None:
        super().__init__("This city already has its founding charter; a rule changes by motion.")


class RuleMissing(NotFound):
    """No rule of this kind is in force at that instant."""

    code = "rule_missing"

    def __init__(self, kind: str, at: str) -> None:
        super().__init__(f"No {kind} is in force at {at}.", kind=kind, at=at)


class RuleNotFound(NotFound):
    """There is no rule with this identifier."""

    code = "rule_not_found"

    def __init__(self, rule_id: str) -> None:
        super().__init__("There is no such rule.", rule_id=rule_id)
