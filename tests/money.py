"""Fares for tests of the books: any lines, divided by any share."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from fares.fare import Driven, Extras, Fare
from fares.pay import DriverPay
from fares.price import Line, divide, split_base
from fares.tariff import GoesTo, Share
from foundation.identifiers import DriverId, QuoteId, RiderId, RuleId, TripId
from foundation.money import Currency, Money
from ledger.settlement import Parties

USD = Currency("USD")
THREE_WAYS = Share(driver_bps=8_000, coop_bps=1_500, city_bps=500)
RULE = RuleId(UUID(int=0x7A))


def numbered(number: int) -> UUID:
    """A UUID for the number."""
    return UUID(int=number)


def parties(number: int = 1, *, rider: int = 1001, driver: int = 2001) -> Parties:
    """The trip of that number, its rider and its driver."""
    return Parties(
        trip_id=TripId(numbered(number)),
        rider_id=RiderId(numbered(rider)),
        driver_id=DriverId(numbered(driver)),
    )


def line(code: str, amount_minor: int, goes_to: GoesTo = GoesTo.SPLIT) -> Line:
    """A line without detail."""
    return Line(code=code, amount_minor=amount_minor, goes_to=goes_to, detail={})


def fare_of(
    lines: Sequence[Line] | int,
    *,
    share: Share = THREE_WAYS,
    top_up_minor: int = 0,
    currency: Currency = USD,
    quote_id: UUID | None = None,
    tariff_rule_id: UUID = RULE,
    outlays_minor: Mapping[str, int] | None = None,
) -> Fare:
    """A fare of those lines; of one line if only its amount is given."""
    if isinstance(lines, int):
        lines = [line("flag", lines)]
    shares = divide(lines, share)
    reimbursed = sum(
        one.amount_minor
        for one in lines
        if one.code.startswith("pass_through.") and one.goes_to is GoesTo.DRIVER
    )
    share_minor = shares.driver_minor - reimbursed
    total = Money(sum(one.amount_minor for one in lines), currency)
    return Fare(
        quote_id=QuoteId(quote_id or numbered(0x0FFE)),
        tariff_rule_id=RuleId(tariff_rule_id),
        lines=tuple(lines),
        total=total,
        share=share,
        shares=shares,
        pay=DriverPay(
            currency=currency,
            shared_minor=split_base(lines),
            driver_bps=share.driver_bps,
            share_minor=share_minor,
            floor_name="test floor",
            floor_minor=share_minor + top_up_minor,
            top_up_minor=top_up_minor,
            reimbursed_minor=reimbursed,
            metres=1,
            seconds=1,
        ),
        metered=total,
        extras=Extras(outlays_minor=outlays_minor or {}),
        driven=Driven(metres=1, seconds=1),
    )
