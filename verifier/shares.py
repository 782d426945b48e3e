"""A share that is required, such as ">1/2" or ">=3/4", in fractions."""

from fractions import Fraction

FRACTION = r"[0-9]{1,18}(/[1-9][0-9]{0,17})?"
REQUIRED = rf">=?{FRACTION}"


def reaches(required: str, votes: int, others: int) -> bool:
    """Whether `votes` against `others` are enough; as many as the others never are."""
    least, whole = Fraction(required.lstrip(">=")), votes + others
    if votes == others:
        return False
    return votes >= least * whole if required.startswith(">=") else votes > least * whole
