"""Lines and shares as JSON values and back: how quotes, books and receipts keep them."""

from collections.abc import Mapping, Sequence
from typing import Any

from fares.price import Line, Shares
from fares.tariff import GoesTo


def line_as_json(line: Line) -> dict[str, Any]:
    """A line as it is stored and shown."""
    return {
        "code": line.code,
        "amount_minor": line.amount_minor,
        "goes_to": line.goes_to.value,
        "detail": dict(line.detail),
    }


def line_from_json(value: Mapping[str, Any]) -> Line:
    """The line that `line_as_json` wrote."""
    return Line(
        code=value["code"],
        amount_minor=value["amount_minor"],
        goes_to=GoesTo(value["goes_to"]),
        detail=value["detail"],
    )


def lines_as_json(lines: Sequence[Line]) -> list[dict[str, Any]]:
    """Lines in their order."""
    return [line_as_json(line) for line in lines]


def lines_from_json(values: Sequence[Mapping[str, Any]]) -> tuple[Line, ...]:
    """Lines in their order."""
    return tuple(line_from_json(value) for value in values)


def shares_as_json(shares: Shares) -> dict[str, int]:
    """Who gets what, by party."""
    return {
        "driver_minor": shares.driver_minor,
        "coop_minor": shares.coop_minor,
        "city_minor": shares.city_minor,
    }
