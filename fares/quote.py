"""A quote: a price promised for a while, with everything it was computed from.

`requote` computes it again from what it stores; years later it must give the same integers.
"""

from dataclasses import dataclass
from datetime import datetime

from fares.price import Journey, Line, Priced, price
from fares.tariff import Tariff
from foundation.identifiers import QuoteId, RiderId, RuleId
from foundation.measures import Point
from foundation.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A price promised to one rider until `expires_at`.

    Attributes
    ----------
    metres, seconds
        Of the road route the price is for.
    route_line
        That route, as an encoded polyline of longitude and latitude (`fares.route_line`).
    is_shared
        Whether the rider lets others ride along: a saving that is fixed here, come who may.
    needs
        What the rider needs of the vehicle or driver; no need changes the price.
    tariff_rule_id, pay_floor_rule_id
        The rules in force at `priced_at`.
    priced_at
        The instant whose local time chose the tariff: `booked_for`, or else `made_at`.
    driver_pay_minor
        What the driver will earn at these metres and seconds, top-up included.
    degraded
        Whether metres and seconds are straight-line estimates because the roads did not answer.
    """

    quote_id: QuoteId
    rider_id: RiderId
    pickup: Point
    dropoff: Point
    metres: int
    seconds: int
    route_line: str
    vehicle_class: str
    seats: int
    stops: int
    needs: tuple[str, ...]
    zone_from: str | None
    zone_to: str | None
    concession: str | None
    is_shared: bool = False
    tariff_rule_id: RuleId
    pay_floor_rule_id: RuleId
    priced_at: datetime
    lines: tuple[Line, ...]
    total: Money
    driver_pay_minor: int
    made_at: datetime
    expires_at: datetime
    booked_for: datetime | None
    degraded: bool

    @property
    def journey(self) -> Journey:
        """What the price depended on."""
        return Journey(
            metres=self.metres,
            seconds=self.seconds,
            vehicle_class=self.vehicle_class,
            zone_from=self.zone_from,
            zone_to=self.zone_to,
            seats=self.seats,
            stops=self.stops,
            concession=self.concession,
            is_shared=self.is_shared,
        )


def requote(quote: Quote, tariff: Tariff) -> Priced:
    """The quote's price computed again from its own inputs."""
    return price(tariff, quote.journey, quote.priced_at)
