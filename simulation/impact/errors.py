"""What an impact statement refuses."""

from foundation.errors import Invalid


class ImpactUnusable(Invalid):
    """A statement cannot be made of this demand, these rules or these assumptions."""

    code = "impact_unusable"

    def __init__(self, what: str, reason: str) -> None:
        super().__init__(f"{what} {reason}.", what=what, reason=reason)
