"""What shared trips refuse: a run that cannot be meant."""

from foundation.errors import Invalid


class RunInvalid(Invalid):
    """A driver's run contradicts itself, or names a place that the travel table does not have."""

    code = "run_invalid"

    def __init__(self, complaint: str) -> None:
        super().__init__(f"This run cannot be meant: {complaint}.", complaint=complaint)
