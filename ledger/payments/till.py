"""The till: asks providers for what is due, and takes in what they answer. It turns beside the service.

What is due stands in a table before anybody is asked, and the asking is outside of every unit of
work. Whoever dies in between leaves a command that comes again, by the same key.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from foundation.identifiers import UUID
from ledger.payments import service
from ledger.payments.payment import (
    ATTEMPTS_MAX,
    Payment,
    PaymentState,
    Purpose,
    Said,
    What,
    wait_after,
)
from ledger.payments.provider import PaymentProvider, ProviderRefused, ProviderUnavailable, Tokens
from ledger.payments.store import cards, commands
from ledger.payments.store import payments as store
from ledger.payments.store.commands import Taken
from storage.engine import Database

BATCH = 20
CARD_GONE = "card_gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Turned:
    """What one turn of the till did."""

    planned: int
    answered: int
    looked: int

    @property
    def is_idle(self) -> bool:
        """Whether nothing was to do."""
        return not (self.planned or self.answered or self.looked)


class Till:
    """Turns for the providers that are set up, by their names."""

    def __init__(self, database: Database, providers: Mapping[str, PaymentProvider]) -> None:
        self._database, self._providers = database, dict(providers)

    async def turn(self) -> Turned:
        """Plan what is due, ask for it, and look into what was told.

        Raises
        ------
        ProviderUnavailable
            If a provider does not say how a payment stands; it is asked again next turn.
        """
        async with self._database.work() as work:
            planned = await service.plan(work)
            taken = await commands.take_due(work, limit=BATCH)
        for one in taken:
            await self._ask(one)
        return Turned(planned=planned, answered=len(taken), looked=await self._look())

    async def _ask(self, taken: Taken) -> None:
        """One command: ask, then write down what was answered."""
        command, payment = taken.command, taken.payment
        try:
            said = await self._said(taken)
        except ProviderUnavailable as error:
            await self._failed(taken, error.why, give_up=taken.attempts >= ATTEMPTS_MAX)
            return
        except ProviderRefused as error:
            await self._failed(taken, error.why, give_up=True)
            return
        async with self._database.work() as work:
            await service.take_in(work, payment.payment_id, said, reason=command.reason)
            await commands.mark_done(work, command.command_id)

    async def _said(self, taken: Taken) -> Said:
        command, payment = taken.command, taken.payment
        provider, key = self._provider(payment), command.command_id
        match command.what:
            case What.AUTHORISE:
                return await self._authorise(provider, payment, key=key)
            case What.CAPTURE:
                return await provider.capture(payment, command.amount_minor, key=key)
            case What.CANCEL:
                return await provider.cancel(payment, key=key)
            case What.REFUND:
                return await provider.refund(payment, command.amount_minor, key=key)

    async def _authorise(self, provider: PaymentProvider, payment: Payment, *, key: UUID) -> Said:
        if payment.purpose is Purpose.DESK:
            return await provider.authorise(payment, None, key=key)
        assert payment.card_id is not None
        async with self._database.work() as work:
            card = await cards.find_card(work, payment.card_id)
        if card is None:  # its owner was forgotten meanwhile
            return Said(ref=None, state=PaymentState.FAILED, failure=CARD_GONE)
        tokens = Tokens(customer=card.customer, method=card.method)
        return await provider.authorise(payment, tokens, key=key)

    async def _failed(self, taken: Taken, why: str, *, give_up: bool) -> None:
        async with self._database.work() as work:
            marked = await commands.mark_failed(
                work, taken.command.command_id, failure=why[:200],
                wait=wait_after(taken.attempts), give_up=give_up,
            )  # fmt: skip
            if marked and give_up:
                service.announce_given_up(
                    work, taken.payment, what=taken.command.what, failure=why[:200]
                )

    async def _look(self) -> int:
        """Ask how payments stand of which a provider told something; how many."""
        async with self._database.work() as work:
            nudged = await store.list_nudged(work, limit=BATCH)
        for payment, nudges in nudged:
            said = await self._provider(payment).find(payment)
            async with self._database.work() as work:
                if said is not None:
                    await service.take_in(work, payment.payment_id, said)
                await store.note_look(work, payment.payment_id, nudges)
        return len(nudged)

    def _provider(self, payment: Payment) -> PaymentProvider:
        """Who is asked about a payment.

        Raises
        ------
        ProviderUnavailable
            If the provider is not set up any more: what is asked waits for it.
        """
        found = self._providers.get(payment.provider)
        if found is None:
            raise ProviderUnavailable(f"{payment.provider} is not set up")
        return found
