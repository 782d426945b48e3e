"""What providers say beside what the books say, payment by payment. It changes nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from ledger.payments.payment import Payment, differences
from ledger.payments.provider import PaymentProvider
from ledger.payments.store import payments as store
from storage.engine import Database

PAYMENTS_MAX = 200
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""No payment is older; whoever asks from the year 1 on means all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Differing:
    """A payment that stands otherwise with its provider."""

    payment: Payment
    differences: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """What was compared, and what differs.

    Attributes
    ----------
    is_whole
        Whether every payment that changed since was compared.
    """

    compared: int
    differing: tuple[Differing, ...]
    is_whole: bool


async def reconcile(
    database: Database,
    providers: Mapping[str, PaymentProvider],
    *,
    since: datetime,
    limit: int = PAYMENTS_MAX,
) -> Reconciliation:
    """Compare the payments that changed from `since` on with what their providers say.

    Raises
    ------
    ledger.payments.provider.ProviderUnavailable
    """
    async with database.work() as work:
        since = min(max(since, EARLIEST), work.now)
        payments = await store.list_changed(work, since, limit=limit + 1)
    differing = []
    for payment in payments[:limit]:
        provider = providers.get(payment.provider)
        if provider is None:
            found: tuple[str, ...] = (f"its provider {payment.provider} is not set up",)
        else:
            found = differences(payment, await provider.find(payment))
        if found:
            differing.append(Differing(payment=payment, differences=found))
    return Reconciliation(
        compared=min(limit, len(payments)),
        differing=tuple(differing),
        is_whole=len(payments) <= limit,
    )
