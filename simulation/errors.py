"""What the simulation refuses, one sentence each."""

from foundation.errors import Invalid


class DemandUnreadable(Invalid):
    """A table of recorded trips, or a model of demand, has a fault; says where."""

    code = "demand_unreadable"

    def __init__(self, path: object, where: str, reason: str) -> None:
        place = f"{path}, {where}" if where else str(path)
        super().__init__(
            f"The demand cannot be read: {place}: {reason}.",
            path=str(path),
            where=where,
            reason=reason,
        )


class InstanceUnreadable(Invalid):
    """A folder or file of benchmark instances has a fault; says where."""

    code = "instance_unreadable"

    def __init__(self, path: object, where: str, reason: str) -> None:
        place = f"{path}, {where}" if where else str(path)
        super().__init__(
            f"The instance cannot be read: {place}: {reason}.",
            path=str(path),
            where=where,
            reason=reason,
        )
