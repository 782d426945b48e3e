"""What is refused about impact statements."""

from foundation.errors import Conflict, Invalid, NotFound


class ImpactPending(Conflict):
    """A motion's impact statement is being worked out, and stands soon."""

    code = "impact_pending"

    def __init__(self, motion_id: str, version: int) -> None:
        super().__init__(
            f"The impact statement of version {version} is being worked out; "
            "please ask again in a few minutes.",
            motion_id=motion_id,
            version=version,
        )


class ImpactAwaitsBounds(Conflict):
    """A vote on a number has no statement before the board says between which numbers."""

    code = "impact_awaits_bounds"

    def __init__(self, motion_id: str) -> None:
        super().__init__(
            "What this vote may change is worked out once the board has published its bounds.",
            motion_id=motion_id,
        )


class ImpactMissing(Conflict):
    """No vote is called on a rule before its impact statement stands."""

    code = "impact_missing"

    def __init__(self, motion_id: str, version: int) -> None:
        super().__init__(
            f"Members see what version {version} would do before a vote is called: please call it "
            f"again once /public/v1/motions/{motion_id}/impact tells, in a few minutes.",
            motion_id=motion_id,
            version=version,
        )


class ImpactStale(Conflict):
    """No vote is called on a rule by a statement that compares it with yesterday's rules."""

    code = "impact_stale"

    def __init__(self, motion_id: str, version: int, changed: tuple[str, ...]) -> None:
        super().__init__(
            f"The impact statement of version {version} rests on rules that have changed since "
            f"({', '.join(changed).replace('_', ' ')}): please call the vote again once the new one stands, in a few "
            "minutes.",
            motion_id=motion_id,
            version=version,
            changed=list(changed),
        )


class ImpactPictureUnknown(NotFound):
    """A motion's impact has no picture of that name."""

    code = "impact_picture_unknown"

    def __init__(self, name: str, known: str) -> None:
        super().__init__(f"There is no picture {name[:40]!r} of it; there is {known}.")


class ImpactUnreadable(Invalid):
    """What is kept as an impact statement is none, or was changed."""

    code = "impact_unreadable"

    def __init__(self, reason: str) -> None:
        super().__init__(f"This is not an impact statement of ours: {reason}.", reason=reason)
