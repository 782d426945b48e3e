"""The final fare: the quote, and whatever changed on the way as lines of its own (I17).

The quoted price stands. Waiting, stops added, outlays such as tolls, and a destination changed by
the rider are added line by line; a longer way or a traffic jam is not. What the meter would have
shown for the way that was driven is computed beside it, for the regulator, and charged to nobody.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

from fares.errors import JourneyTooLong, PassThroughUnknown
from fares.lines import lines_as_json, shares_as_json
from fares.pay import DriverPay, PayFloors, driver_pay
from fares.price import (
    SECONDS_MAX,
    STOPS_MAX,
    Journey,
    Line,
    Shares,
    choose_rule,
    divide,
    price,
    stops_line,
    waiting_line,
)
from fares.tariff import Share, Tariff
from foundation.identifiers import QuoteId, RuleId
from foundation.money import Money

OUTLAY_MINOR_MAX = 1_000_000_000


class Promised(Protocol):
    """What a final fare needs of a quote; a receipt can give it too."""

    @property
    def quote_id(self) -> QuoteId: ...
    @property
    def tariff_rule_id(self) -> RuleId: ...
    @property
    def journey(self) -> Journey: ...
    @property
    def priced_at(self) -> datetime: ...
    @property
    def lines(self) -> tuple[Line, ...]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Extras:
    """What happened on the way that the quote did not know.

    Attributes
    ----------
    waiting_seconds
        The car kept waiting by the rider, at the pick-up and at stops; the tariff's free
        seconds are taken off once.
    added_stops
        Stops the rider added.
    outlays_minor
        Minor units by pass-through code (`toll`).
    changed_to
        The journey as the rider changed it, or None. Its stops and concession are the quote's.
    """

    waiting_seconds: int = 0
    added_stops: int = 0
    outlays_minor: Mapping[str, int] = field(default_factory=dict)
    changed_to: Journey | None = None

    def __post_init__(self) -> None:
        bounds = [
            ("waiting seconds", self.waiting_seconds, SECONDS_MAX),
            ("added stops", self.added_stops, STOPS_MAX),
            *((code, amount, OUTLAY_MINOR_MAX) for code, amount in self.outlays_minor.items()),
        ]
        for name, value, limit in bounds:
            assert type(value) is int, f"{name} are whole"
            if not 0 <= value <= limit:
                raise JourneyTooLong(f"{value} {name}, where 0 to {limit} are possible")


@dataclass(frozen=True, slots=True, kw_only=True)
class Driven:
    """The way as it was driven with the rider on board: whole metres and seconds."""

    metres: int
    seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fare:
    """What is owed for a completed trip, and what its driver earns.

    Attributes
    ----------
    lines
        The quote's lines, then the itemised changes; they sum to `total`.
    share, shares
        The division of `total`; a top-up is not part of it.
    pay
        The driver's pay; `pay.top_up_minor` is owed by the co-operative on top of `shares`.
    metered
        The shadow fare: the meter's reading for the way driven, with the same extras.
    """

    quote_id: QuoteId
    tariff_rule_id: RuleId
    lines: tuple[Line, ...]
    total: Money
    share: Share
    shares: Shares
    pay: DriverPay
    metered: Money
    extras: Extras
    driven: Driven

    def as_json(self) -> dict[str, Any]:
        """The fare as a document: what the books store and a receipt shows."""
        changed = self.extras.changed_to
        return {
            "quote_id": str(self.quote_id),
            "tariff_rule_id": str(self.tariff_rule_id),
            "currency": self.total.currency,
            "waiting_seconds": self.extras.waiting_seconds,
            "added_stops": self.extras.added_stops,
            "outlays_minor": dict(sorted(self.extras.outlays_minor.items())),
            "changed_to": None
            if changed is None
            else {
                "metres": changed.metres,
                "seconds": changed.seconds,
                "zone_to": changed.zone_to,
            },
            "driven_metres": self.driven.metres,
            "driven_seconds": self.driven.seconds,
            "lines": lines_as_json(self.lines),
            "total_minor": self.total.minor,
            "shares": shares_as_json(self.shares),
            "driver_pay": self.pay.as_json(),
            "metered_minor": self.metered.minor,
        }


def final_fare(
    quote: Promised, tariff: Tariff, *, floors: PayFloors, extras: Extras, driven: Driven
) -> Fare:
    """What is owed in the end.

    Parameters
    ----------
    tariff, floors
        Of the rules the quote names.
    extras
        What happened on the way.
    driven
        The way as driven: for the pay floor and the shadow meter, never for the rider's price.

    Raises
    ------
    PassThroughUnknown
        If the tariff does not let an outlay be passed on.
    JourneyTooLong
        If a number is out of range.
    """
    rule = choose_rule(tariff, quote.journey, quote.priced_at)
    driven_journey = replace(quote.journey, metres=driven.metres, seconds=driven.seconds)
    added: list[Line] = []
    if extras.changed_to is not None:
        added += _changes(quote, tariff, extras.changed_to)
        driven_journey = replace(driven_journey, zone_to=extras.changed_to.zone_to)
    added.append(waiting_line(rule, extras.waiting_seconds, tariff.to_minor))
    added.append(stops_line("added_stops", rule, extras.added_stops, tariff.to_minor))
    added += _outlays(tariff, extras.outlays_minor)
    extra_lines = [line for line in added if not line.code.startswith("change.")]
    lines = quote.lines + tuple(line for line in added if line.amount_minor)
    metered = price(tariff, driven_journey, quote.priced_at).total
    return Fare(
        quote_id=quote.quote_id,
        tariff_rule_id=quote.tariff_rule_id,
        lines=lines,
        total=Money(sum(line.amount_minor for line in lines), tariff.currency),
        share=tariff.share,
        shares=divide(lines, tariff.share),
        pay=driver_pay(lines, driven_journey, share=tariff.share, floors=floors),
        metered=metered + Money(sum(one.amount_minor for one in extra_lines), tariff.currency),
        extras=extras,
        driven=driven,
    )


def as_quoted(quote: Promised, tariff: Tariff, floors: PayFloors) -> Fare:
    """The fare of a trip on which nothing changed."""
    driven = Driven(metres=quote.journey.metres, seconds=quote.journey.seconds)
    return final_fare(quote, tariff, floors=floors, extras=Extras(), driven=driven)


def _changes(quote: Promised, tariff: Tariff, changed_to: Journey) -> list[Line]:
    """Line by line, what the changed journey costs more or less than the one quoted."""
    journey = replace(
        quote.journey,
        metres=changed_to.metres,
        seconds=changed_to.seconds,
        zone_to=changed_to.zone_to,
    )
    changed = price(tariff, journey, quote.priced_at).lines
    before = {line.code: line.amount_minor for line in quote.lines}
    after = {line.code: line.amount_minor for line in changed}
    goes_to = {line.code: line.goes_to for line in (*quote.lines, *changed)}
    return [
        Line(
            code=f"change.{code}",
            amount_minor=after.get(code, 0) - before.get(code, 0),
            goes_to=party,
            detail={
                "was_minor": before.get(code, 0),
                "metres": journey.metres,
                "seconds": journey.seconds,
            },
        )
        for code, party in goes_to.items()
    ]


def _outlays(tariff: Tariff, outlays_minor: Mapping[str, int]) -> list[Line]:
    lines = []
    for code, amount_minor in sorted(outlays_minor.items()):
        if code not in tariff.pass_through:
            raise PassThroughUnknown(code)
        lines.append(
            Line(
                code=f"pass_through.{code}",
                amount_minor=amount_minor,
                goes_to=tariff.pass_through[code],
                detail={},
            )
        )
    return lines
