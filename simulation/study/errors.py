"""What a study refuses, one sentence each."""

from foundation.errors import Invalid


class ScenarioUnreadable(Invalid):
    """A scenario's folder lacks a file, or a file has a fault; says where."""

    code = "scenario_unreadable"

    def __init__(self, path: object, where: str, reason: str) -> None:
        place = f"{path}, {where}" if where else str(path)
        super().__init__(
            f"The scenario cannot be read: {place}: {reason}.",
            path=str(path),
            where=where,
            reason=reason,
        )


class StudyUnusable(Invalid):
    """What a study is asked to do makes no sense, or does not fit this scenario."""

    code = "study_unusable"

    def __init__(self, what: str, reason: str) -> None:
        super().__init__(f"{what} {reason}.", what=what)
