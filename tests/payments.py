"""Payments at work for tests: a provider in memory, one whose answers get lost, and a city that pays."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from foundation.identifiers import RiderId
from foundation.money import Money
from ledger.payments import service
from ledger.payments.payment import Payment, PaymentState, Said
from ledger.payments.provider import (
    KeptCard,
    PaymentProvider,
    ProviderRefused,
    ProviderUnavailable,
    Setup,
    Tokens,
    Told,
)
from ledger.payments.store.payments import find_payment
from ledger.payments.till import Till
from tests.booked import City, QuotedTrip
from tests.money import USD
from tests.people import a_rider

DECLINED = "pm_declined"


@dataclass
class MemoryProvider:
    """Keeps payments in memory, and gives the same answer for the same key.

    `told` is every state each payment was in, in order: what it could have said at some moment.
    """

    name: ClassVar[str] = "stripe"
    publishable_key: str = "pk_test"
    payments: dict[UUID, Said] = field(default_factory=dict)
    told: dict[UUID, list[Said]] = field(default_factory=dict)
    acts: list[tuple[str, UUID]] = field(default_factory=list)
    _keys: dict[UUID, Said] = field(default_factory=dict)

    async def authorise(self, payment: Payment, tokens: Tokens | None, *, key: UUID) -> Said:
        assert tokens is not None
        ref = f"pi_{payment.payment_id}"
        if tokens.method == DECLINED:
            said = Said(ref=ref, state=PaymentState.FAILED, failure="card_declined")
        else:
            said = Said(
                ref=ref, state=PaymentState.AUTHORISED, authorised_minor=payment.wanted_minor
            )
        return self._done("authorise", payment, key, lambda _: said)

    async def capture(self, payment: Payment, amount_minor: int, *, key: UUID) -> Said:
        def captured(said: Said) -> Said:
            if said.state is not PaymentState.AUTHORISED:
                return said
            return replace(
                said, state=PaymentState.CAPTURED, captured_minor=amount_minor,
                fee_minor=amount_minor // 50,
            )  # fmt: skip

        return self._done("capture", payment, key, captured)

    async def cancel(self, payment: Payment, *, key: UUID) -> Said:
        def cancelled(said: Said) -> Said:
            if said.state is not PaymentState.AUTHORISED:
                return said
            return replace(said, state=PaymentState.CANCELLED, authorised_minor=0)

        return self._done("cancel", payment, key, cancelled)

    async def refund(self, payment: Payment, total_minor: int, *, key: UUID) -> Said:
        def refunded(said: Said) -> Said:
            if total_minor > said.captured_minor:
                raise ProviderRefused("more than was taken")
            total = max(said.refunded_minor, total_minor)
            whole = total == said.captured_minor
            state = PaymentState.REFUNDED if whole else PaymentState.CAPTURED
            return replace(said, refunded_minor=total, state=state)

        return self._done("refund", payment, key, refunded)

    async def find(self, payment: Payment) -> Said | None:
        return self.payments.get(payment.payment_id)

    async def begin_card(self, rider_id: RiderId, customer: str | None) -> Setup:
        return Setup(customer=customer or f"cus_{rider_id}", client_secret="seti_secret")

    async def keep_card(self, rider_id: RiderId, customer: str | None, method: str) -> KeptCard:
        return KeptCard(
            customer=customer or f"cus_{rider_id.hex[:6]}", method=method, brand="visa", tail="4242"
        )

    async def forget_card(self, method: str) -> None:
        return

    def read_event(self, body: bytes, signature: str, *, now: datetime) -> Told:
        raise NotImplementedError

    def _done(self, act: str, payment: Payment, key: UUID, change: Callable[[Said], Said]) -> Said:
        if key not in self._keys:
            before = self.payments.get(
                payment.payment_id, Said(ref=None, state=PaymentState.WANTED)
            )
            after = change(before)
            self.acts.append((act, payment.payment_id))
            self.payments[payment.payment_id] = after
            self.told.setdefault(payment.payment_id, []).append(after)
            self._keys[key] = after
        return self._keys[key]


@dataclass
class LosesAnswers:
    """A provider that does what it is asked, and whose answers get lost while `lost` is above 0."""

    inner: PaymentProvider
    lost: int = 0
    name: ClassVar[str] = "stripe"

    async def authorise(self, payment: Payment, tokens: Tokens | None, *, key: UUID) -> Said:
        return self._answer(await self.inner.authorise(payment, tokens, key=key))

    async def capture(self, payment: Payment, amount_minor: int, *, key: UUID) -> Said:
        return self._answer(await self.inner.capture(payment, amount_minor, key=key))

    async def cancel(self, payment: Payment, *, key: UUID) -> Said:
        return self._answer(await self.inner.cancel(payment, key=key))

    async def refund(self, payment: Payment, total_minor: int, *, key: UUID) -> Said:
        return self._answer(await self.inner.refund(payment, total_minor, key=key))

    async def find(self, payment: Payment) -> Said | None:
        return await self.inner.find(payment)

    def _answer(self, said: Said) -> Said:
        if self.lost:
            self.lost -= 1
            raise ProviderUnavailable("the line broke")
        return said


@dataclass(slots=True, kw_only=True)
class PayingCity:
    """A city whose riders pay by card, with a provider and a till."""

    city: City
    provider: PaymentProvider
    till: Till
    riders: int = 0

    async def rider(self, *, method: str | None = None, customer: str = "cus_1") -> RiderId:
        """Somebody new, who keeps a card."""
        self.riders += 1
        async with self.city.database.work() as work:
            rider_id = await a_rider(work, self.riders)
            if method is not None:
                kept = KeptCard(customer=customer, method=method, brand="visa", tail="4242")
                await service.keep_card(work, rider_id, work.new_id(), kept, provider="stripe")
        return rider_id

    async def booked(self, rider_id: RiderId, *, by_card: bool = True) -> QuotedTrip:
        """A trip whose price is held, paid by card."""
        trip = await self.city.held_trip(rider_id=rider_id)
        if by_card:
            async with self.city.database.work() as work:
                await service.wants_card(
                    work, trip_id=trip.trip_id, rider_id=rider_id, amount=trip.quote.total
                )
        return trip

    async def payment(self, payment_id: UUID) -> Payment:
        async with self.city.database.work() as work:
            found = await find_payment(work, payment_id)
        assert found is not None
        return found

    async def of_trip(self, trip: QuotedTrip) -> Payment:
        async with self.city.database.work() as work:
            return await self._of_trip(work, trip)

    async def _of_trip(self, work: object, trip: QuotedTrip) -> Payment:
        from ledger.derived import derived_id

        found = await find_payment(work, derived_id("payment", str(trip.trip_id), "trip"))  # type: ignore[arg-type]
        assert found is not None
        return found

    async def settle(self, trip: QuotedTrip) -> None:
        await self.city.settle(trip, await self.city.fare(trip))

    async def turns(self, times: int = 6) -> None:
        """Turn until nothing is to do."""
        for _ in range(times):
            if (await self.till.turn()).is_idle:
                return
        raise AssertionError("the till does not come to rest")

    async def owed(self, rider_id: RiderId) -> int:
        """What the rider's account says, minor units."""
        from ledger.views import rider_statement

        async with self.city.database.work() as work:
            found = await rider_statement(
                work, rider_id, datetime.min.replace(tzinfo=work.now.tzinfo), work.now
            )
        return sum(one.minor for one in found.owed)


def usd(minor: int) -> Money:
    return Money(minor, USD)
