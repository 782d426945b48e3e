"""Many acts of the past in few statements: for books that are made up, or taken over from elsewhere.

The transfers, their checks and their announcements are those of `ledger.service`; only the way to
the database differs. What `ledger.service` looks up before it writes is the caller's to know.
"""

from datetime import datetime
from typing import Any

from fares.fare import Fare
from fares.lines import lines_as_json
from fares.tariff import Share
from foundation.identifiers import DriverId, EventId, RiderId, RuleId, ShiftId, TripId, time_ordered
from foundation.money import Money
from ledger import settlement
from ledger.account import Role
from ledger.events import (
    FarePosted,
    FeePosted,
    HoldPlaced,
    HoldVoided,
    HousePosted,
    RefundPosted,
    TipPosted,
)
from ledger.settlement import Parties
from ledger.store import transfers as store
from ledger.transfer import Kind, Transfer
from storage.work import UnitOfWork


class Bulk:
    """Acts that wait to be written together; each is dated `at`.

    Parameters
    ----------
    work
        Nothing is written before `write`, and all of it in this unit of work.
    """

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work
        self._holds: list[tuple[Transfer, datetime]] = []
        self._charges: list[tuple[store.ChargeRow, Transfer, datetime]] = []
        self._others: list[tuple[Transfer, datetime]] = []
        self._records: list[dict[str, Any]] = []

    @property
    def transfers(self) -> int:
        """How many wait."""
        return len(self._holds) + len(self._charges) + len(self._others)

    async def write(self) -> None:
        """Write everything: first holds, then charges, which post them, then what follows."""
        await store.insert_transfers(self._work, self._holds)
        await store.insert_charges(self._work, self._charges)
        await store.insert_transfers(self._work, self._others)
        await store.insert_work_records(self._work, self._records)
        for waiting in (self._holds, self._charges, self._others, self._records):
            waiting.clear()

    def hold(self, at: datetime, trip_id: TripId, rider_id: RiderId, amount: Money) -> Transfer:
        """Set money aside for a trip."""
        transfer = settlement.hold_transfer(trip_id, rider_id, amount)
        self._holds.append((transfer, at))
        self._work.announce(
            HoldPlaced(**self._of(at, transfer, rider_id), amount_minor=amount.minor)
        )
        return transfer

    def void(self, at: datetime, hold: Transfer, rider_id: RiderId, *, reason: str) -> None:
        """Let a hold go."""
        transfer = settlement.void_transfer(hold, reason=reason)
        self._others.append((transfer, at))
        held = max(entry.amount_minor for entry in hold.entries)
        self._work.announce(
            HoldVoided(**self._of(at, transfer, rider_id), amount_minor=held, reason=reason)
        )

    def fare(self, at: datetime, parties: Parties, fare: Fare) -> None:
        """Post a completed trip's fare."""
        transfer = settlement.fare_transfer(parties, fare)
        charge = store.ChargeRow(
            trip_id=parties.trip_id,
            kind=Kind.FARE,
            rider_id=parties.rider_id,
            driver_id=parties.driver_id,
            total=fare.total,
            tariff_rule_id=fare.tariff_rule_id,
            document=fare.as_json(),
            quote_id=fare.quote_id,
        )
        self._charges.append((charge, transfer, at))
        self._work.announce(
            FarePosted(
                **self._of(at, transfer, parties.rider_id),
                driver_id=parties.driver_id,
                total_minor=fare.total.minor,
                driver_minor=_credited(transfer, Role.DRIVER),
                pay_minor=fare.pay.pay_minor,
                top_up_minor=fare.pay.top_up_minor,
            )
        )

    def fee(
        self,
        at: datetime,
        parties: Parties,
        kind: Kind,
        amount: Money,
        *,
        share: Share,
        tariff_rule_id: RuleId,
    ) -> None:
        """Post the fee of a trip that did not take place."""
        transfer = settlement.fee_transfer(parties, kind, amount, share=share)
        charge = store.ChargeRow(
            trip_id=parties.trip_id,
            kind=kind,
            rider_id=parties.rider_id,
            driver_id=parties.driver_id,
            total=amount,
            tariff_rule_id=tariff_rule_id,
            document={"lines": lines_as_json(settlement.fee_lines(kind, amount))},
        )
        self._charges.append((charge, transfer, at))
        self._work.announce(
            FeePosted(
                **self._of(at, transfer, parties.rider_id),
                driver_id=parties.driver_id,
                fee=kind.value,
                total_minor=amount.minor,
                driver_minor=_credited(transfer, Role.DRIVER),
            )
        )

    def tip(self, at: datetime, parties: Parties, amount: Money) -> None:
        """Give the driver a tip."""
        transfer = settlement.tip_transfer(parties, amount)
        self._others.append((transfer, at))
        self._work.announce(
            TipPosted(
                **self._of(at, transfer, parties.rider_id),
                driver_id=parties.driver_id,
                amount_minor=amount.minor,
            )
        )

    def refund(self, at: datetime, parties: Parties, amount: Money, *, reason: str) -> None:
        """Give back to the rider, once a trip."""
        transfer = settlement.refund_transfer(
            parties.trip_id, parties.rider_id, amount, ordinal=1, reason=reason
        )
        self._others.append((transfer, at))
        self._work.announce(
            RefundPosted(
                **self._of(at, transfer, parties.rider_id), amount_minor=amount.minor, reason=reason
            )
        )

    def house(self, at: datetime, transfer: Transfer) -> None:
        """Post what `ledger.house` made."""
        self._others.append((transfer, at))
        self._work.announce(
            HousePosted(
                event_id=self._event_id(at),
                occurred_at=at,
                transfer_id=transfer.transfer_id,
                currency=transfer.currency,
                what=transfer.kind.value,
                code=transfer.entries[0].code,
                amount_minor=abs(transfer.entries[0].amount_minor),
            )
        )

    def record_work(
        self,
        at: datetime,
        driver_id: DriverId,
        shift_id: ShiftId,
        *,
        trip_id: TripId | None = None,
        seconds_on_shift: int = 0,
        seconds_engaged: int = 0,
        metres: int = 0,
    ) -> None:
        """Count a trip, or the time on shift if there is none."""
        self._records.append(
            {
                "work_record_id": time_ordered(at, self._work.chance),
                "driver_id": driver_id,
                "shift_id": shift_id,
                "trip_id": trip_id,
                "seconds_on_shift": seconds_on_shift,
                "seconds_engaged": seconds_engaged,
                "metres": metres,
                "trips": 0 if trip_id is None else 1,
                "made_at": at,
            }
        )

    def _of(self, at: datetime, transfer: Transfer, rider_id: RiderId) -> dict[str, Any]:
        return {
            "event_id": self._event_id(at),
            "occurred_at": at,
            "transfer_id": transfer.transfer_id,
            "trip_id": transfer.trip_id,
            "rider_id": rider_id,
            "currency": transfer.currency,
        }

    def _event_id(self, at: datetime) -> EventId:
        return EventId(time_ordered(at, self._work.chance))


def _credited(transfer: Transfer, role: Role) -> int:
    return -sum(entry.amount_minor for entry in transfer.entries if entry.account.role is role)
