"""Writes a planned year: each day in one unit of work, through quotes, fares and books of the service."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import fares.service
from fares.fare import Driven, Extras, final_fare
from fares.price import Journey
from fares.quote import Quote
from fares.route_line import encode_line
from fares.service import Asked, QuoteRules
from fares.store import insert_quotes
from foundation.chance import SeededChance
from foundation.identifiers import DriverId, RiderId, ShiftId, TripId, time_ordered
from foundation.local_time import day_starts
from foundation.measures import Point
from foundation.money import Currency, Money, round_half_up, split_by_largest_remainder
from ledger.bulk import Bulk
from ledger.house import house_transfer
from ledger.settlement import Parties
from ledger.transfer import Kind
from simulation.books.plan import WEEKLY, Ending, PlannedTrip, Year
from storage.work import UnitOfWork

_PICKED_UP = timedelta(minutes=5)
_CALLED_OFF = timedelta(minutes=4)


@dataclass(slots=True)
class Tally:
    """What was written; sums in minor units."""

    trips: int = 0
    transfers: int = 0
    fares_minor: int = 0
    tips_minor: int = 0
    refunds_minor: int = 0
    expenses_minor: int = 0
    levy_minor: int = 0


class BooksWriter:
    """Writes the days of one year, one after another.

    Parameters
    ----------
    where
        Where every trip begins and ends: the prices of a plan go by metres and seconds alone.
    """

    def __init__(self, year: Year, where: tuple[Point, Point]) -> None:
        self._year, self._where = year, where
        self._line = encode_line([(place.lon, place.lat) for place in where])
        self._chance = chance = SeededChance(f"{year.seed} people")
        joined = datetime(year.year, 1, 1, tzinfo=year.zone)
        self._riders = [RiderId(time_ordered(joined, chance)) for _ in range(year.riders)]
        self._drivers = [DriverId(time_ordered(joined, chance)) for _ in range(year.drivers)]
        self._shifts: dict[DriverId, tuple[ShiftId, int]] = {}
        self._week_minor = self._levy_due_minor = 0
        self.tally = Tally()

    async def write_day(self, work: UnitOfWork, day: date, planned: Sequence[PlannedTrip]) -> None:
        """Everything of a day; `work.now` is left at its beginning, by whose rules all is priced."""
        work.now = day_starts(day, self._year.zone)
        rules = await fares.service.quote_rules(work)
        bulk, quotes = Bulk(work), list[Quote]()
        self._shifts.clear()
        self._spend(bulk, work, day, rules.price.tariff.currency)
        for trip in planned:
            quotes.append(self._trip(bulk, work, rules, trip))
        self._end_shifts(bulk, day_starts(day + timedelta(days=1), self._year.zone))
        self.tally.trips += len(planned)
        self.tally.transfers += bulk.transfers
        await insert_quotes(work, quotes)
        await bulk.write()

    def _trip(self, bulk: Bulk, work: UnitOfWork, rules: QuoteRules, trip: PlannedTrip) -> Quote:
        parties = Parties(
            trip_id=TripId(time_ordered(trip.at, work.chance)),
            rider_id=self._riders[trip.rider],
            driver_id=self._drivers[trip.driver],
        )
        journey = Journey(
            metres=trip.metres, seconds=trip.seconds, vehicle_class="standard",
            zone_from=None, zone_to=None, seats=1, stops=0, concession=None,
        )  # fmt: skip
        quote = fares.service.quote_at(
            work, self._asked(parties.rider_id), journey, rules=rules, made_at=trip.at
        )
        hold = bulk.hold(trip.at, parties.trip_id, parties.rider_id, quote.total)
        called_off = trip.at + _CALLED_OFF
        match trip.ending:
            case Ending.RIDDEN:
                self._ridden(bulk, rules, trip, quote=quote, parties=parties)
            case Ending.RELEASED:
                bulk.void(called_off, hold, parties.rider_id, reason="released")
            case Ending.CANCELLED:
                fee = min(rules.policy.cancel_fee_minor, quote.total.minor)
                self._fee(bulk, called_off, rules, parties, kind=Kind.CANCELLATION_FEE, minor=fee)
            case Ending.NO_SHOW:
                fee = min(rules.policy.no_show_fee_minor, quote.total.minor)
                self._fee(bulk, called_off, rules, parties, kind=Kind.NO_SHOW_FEE, minor=fee)
        return quote

    def _asked(self, rider_id: RiderId) -> Asked:
        pickup, dropoff = self._where
        return Asked(
            rider_id=rider_id,
            pickup=pickup,
            dropoff=dropoff,
            route_line=self._line,
            needs=(),
            booked_for=None,
            degraded=False,
        )

    def _fee(
        self,
        bulk: Bulk,
        at: datetime,
        rules: QuoteRules,
        parties: Parties,
        *,
        kind: Kind,
        minor: int,
    ) -> None:
        tariff = rules.price.tariff
        share, amount = tariff.share, Money(minor, tariff.currency)
        rule_id = rules.price.tariff_rule.rule_id
        bulk.fee(at, parties, kind, amount, share=share, tariff_rule_id=rule_id)
        self._week_minor += minor
        self._levy_due_minor += split_by_largest_remainder(
            minor, (share.driver_bps, share.coop_bps, share.city_bps)
        )[2]

    def _ridden(
        self, bulk: Bulk, rules: QuoteRules, trip: PlannedTrip, *, quote: Quote, parties: Parties
    ) -> None:
        at = trip.at + _PICKED_UP + timedelta(seconds=trip.seconds)
        fare = final_fare(
            quote,
            rules.price.tariff,
            floors=rules.price.floors,
            extras=Extras(waiting_seconds=trip.waiting_seconds),
            driven=Driven(metres=trip.metres, seconds=trip.seconds),
        )
        bulk.fare(at, parties, fare)
        self._count_work(bulk, at, trip, parties)
        total, currency = fare.total.minor, fare.total.currency
        self.tally.fares_minor += total
        self._week_minor += total
        self._levy_due_minor += fare.shares.city_minor
        if trip.tip_percent:
            tip = max(1, round_half_up(total * trip.tip_percent, 100))
            bulk.tip(at + timedelta(minutes=2), parties, Money(tip, currency))
            self.tally.tips_minor += tip
        if trip.refund_percent:
            back = Money(max(1, total * trip.refund_percent // 100), currency)
            bulk.refund(at + timedelta(minutes=3), parties, back, reason="the car came late")
            self.tally.refunds_minor += back.minor

    def _count_work(self, bulk: Bulk, at: datetime, trip: PlannedTrip, parties: Parties) -> None:
        driver_id = parties.driver_id
        known = self._shifts.get(driver_id)
        shift_id, engaged = known or (ShiftId(time_ordered(at, self._chance)), 0)
        seconds = trip.seconds + int(_PICKED_UP.total_seconds())
        self._shifts[driver_id] = (shift_id, engaged + seconds)
        bulk.record_work(
            at,
            driver_id,
            shift_id,
            trip_id=parties.trip_id,
            seconds_engaged=seconds,
            metres=trip.metres,
        )

    def _end_shifts(self, bulk: Bulk, ends_at: datetime) -> None:
        """Each driver was on shift for three hours for every two with a trip in hand."""
        at = ends_at - timedelta(seconds=1)
        for driver_id, (shift_id, engaged) in self._shifts.items():
            bulk.record_work(at, driver_id, shift_id, seconds_on_shift=engaged * 3 // 2)

    def _spend(self, bulk: Bulk, work: UnitOfWork, day: date, currency: Currency) -> None:
        """What a Monday costs, and on a month's first day the levy of the month before."""
        due: list[tuple[Kind, int, str]] = []
        if day.weekday() == 0:
            for spent in WEEKLY:
                minor = self._week_minor * spent.parts // 10_000
                self.tally.expenses_minor += minor
                due.append((Kind.EXPENSE, minor, spent.code))
            self._week_minor = 0
        if day.day == 1:
            self.tally.levy_minor += self._levy_due_minor
            due.append((Kind.LEVY_PAID, self._levy_due_minor, "levy"))
            self._levy_due_minor = 0
        for kind, minor, code in due:
            if minor > 0:
                amount = Money(minor, currency)
                bulk.house(work.now, house_transfer(kind, work.new_id(), amount, code=code))
