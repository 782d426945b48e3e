"""What matching refuses: a policy that cannot be meant, a stored round that cannot be read."""

from foundation.errors import Invalid


class PolicyInvalid(Invalid):
    """A field of a `matching_policy` rule is missing, unknown or out of its range."""

    code = "matching_policy_invalid"

    def __init__(self, field: str, complaint: str) -> None:
        super().__init__(f"The matching policy's {field} {complaint}.", field=field)
        self.field = field


class RoundUnreadable(Invalid):
    """The bytes are not a round, a snapshot or a plan in a format this version reads."""

    code = "round_unreadable"

    def __init__(self, complaint: str) -> None:
        super().__init__(f"This stored round cannot be read: {complaint}.", complaint=complaint)
