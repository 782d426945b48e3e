"""Which constraint the database refused by: how a service tells one refusal from another."""

from sqlalchemy.exc import DBAPIError


def constraint_of(error: DBAPIError) -> str | None:
    """The name of the constraint (or of the check a trigger stands for) that refused.

    None if the error is not about a constraint.
    """
    seen: BaseException | None = error.orig
    while seen is not None:
        name: str | None = getattr(seen, "constraint_name", None)
        if name:
            return name
        seen = seen.__cause__
    return None
