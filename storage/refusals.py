"""Which constraint the database refused by: how a service tells one refusal from another."""

from sqlalchemy.exc import DBAPIError


def constraint_of(error: DBAPIError) -> str | None:
    """The name of the constraint (or of the check a trigger stands for) that refused.

    None if the error is not about a constraint.
    """
    return _said_of(error, "constraint_name")


def detail_of(error: DBAPIError) -> str | None:
    """What a check of ours says beside its name; of PostgreSQL's own checks, values of the row."""
    return _said_of(error, "detail")


def _said_of(error: DBAPIError, field: str) -> str | None:
    seen: BaseException | None = error.orig
    while seen is not None:
        said: str | None = getattr(seen, field, None)
        if said:
            return said
        seen = seen.__cause__
    return None
