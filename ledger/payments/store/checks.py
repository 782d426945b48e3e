"""SQL that looks for payments that cannot be, and for what the books and payments say differently.

The database refuses all of it; these find what somebody who owns the machine, a restored backup or a
defect of ours put there all the same.
"""

from collections.abc import AsyncIterator

from sqlalchemy import text

from ledger.store.checks import Fault
from storage.work import Reading


async def payment_faults(work: Reading, *, limit: int = 100) -> AsyncIterator[Fault]:
    """Every fault of payments, at most `limit` of each rule, rule by rule in the order of `RULES`."""
    for rule, (statement, what) in _CHECKS.items():
        for row in await work.execute(text(statement), {"limit": limit}):
            yield Fault(rule=rule, where=row.found, what=what.format(**row._mapping))


_CHECKS = {
    "a_payment_is_in_the_books": (
        """
        SELECT CAST(payment_id AS text) AS found, captured_minor, refunded_minor,
               books.taken, books.back
        FROM ledger.payment CROSS JOIN LATERAL (
            SELECT coalesce(-sum(amount_minor) FILTER (WHERE kind = 'payment'), 0) AS taken,
                   coalesce(sum(amount_minor) FILTER (WHERE kind = 'payment_refund'), 0) AS back
            FROM ledger.transfer JOIN ledger.entry USING (transfer_id)
            WHERE subject_id = payment_id AND kind IN ('payment', 'payment_refund')
              AND account_id = ledger.account_id('rider', rider_id, payment.currency)
        ) AS books
        WHERE (captured_minor, refunded_minor) <> (books.taken, books.back)
        ORDER BY 1 LIMIT :limit
        """,
        "it says {captured_minor} taken and {refunded_minor} given back, the books {taken} and {back}",
    ),
    "money_in_is_of_a_payment": (
        """
        SELECT CAST(transfer_id AS text) AS found, kind
        FROM ledger.transfer LEFT JOIN ledger.payment ON payment_id = subject_id
        WHERE kind IN ('payment', 'payment_refund', 'provider_fee') AND payment_id IS NULL
        ORDER BY 1 LIMIT :limit
        """,
        "it is a {kind} of no payment",
    ),
    "the_fee_is_in_the_books": (
        """
        SELECT CAST(payment_id AS text) AS found, fee_minor, coalesce(books.fee, 0) AS fee
        FROM ledger.payment CROSS JOIN LATERAL (
            SELECT sum(amount_minor) FILTER (WHERE amount_minor > 0) AS fee
            FROM ledger.transfer JOIN ledger.entry USING (transfer_id)
            WHERE subject_id = payment_id AND kind = 'provider_fee'
        ) AS books
        WHERE coalesce(fee_minor, 0) <> coalesce(books.fee, 0)
        ORDER BY 1 LIMIT :limit
        """,
        "its provider kept {fee_minor}, the books say {fee}",
    ),
    "taken_within_what_was_authorised": (
        """
        SELECT CAST(payment_id AS text) AS found, state, authorised_minor, captured_minor,
               refunded_minor
        FROM ledger.payment
        WHERE refunded_minor > captured_minor OR captured_minor > authorised_minor
           OR (captured_minor > 0) <> (state IN ('captured', 'refunded'))
        ORDER BY 1 LIMIT :limit
        """,
        "{state}: {captured_minor} was taken of {authorised_minor}, {refunded_minor} given back",
    ),
    "a_trip_pays_what_it_came_to": (
        """
        SELECT CAST(payment_id AS text) AS found, captured_minor,
               coalesce(charge.total_minor, 0) AS charged_minor
        FROM ledger.payment LEFT JOIN ledger.charge USING (trip_id)
        WHERE purpose = 'trip' AND captured_minor > coalesce(charge.total_minor, 0)
          AND refunded_minor = 0 AND changed_at < public.service_now() - interval '1 hour'
        ORDER BY 1 LIMIT :limit
        """,
        "{captured_minor} was taken for a trip that was charged {charged_minor}",
    ),
    "a_payment_stands_where_its_steps_left_it": (
        """
        SELECT CAST(payment_id AS text) AS found, payment.state, latest.state AS stepped
        FROM ledger.payment LEFT JOIN LATERAL (
            SELECT state, captured_minor, refunded_minor FROM ledger.payment_step AS step
            WHERE step.payment_id = payment.payment_id ORDER BY number DESC LIMIT 1
        ) AS latest ON true
        WHERE (payment.state, payment.captured_minor, payment.refunded_minor)
              IS DISTINCT FROM (latest.state, latest.captured_minor, latest.refunded_minor)
        ORDER BY 1 LIMIT :limit
        """,
        "it is {state}, and its last step says {stepped}",
    ),
    "a_dispute_and_a_payout_were_told": (
        """
        SELECT CAST(transfer_id AS text) AS found, kind
        FROM ledger.transfer
        WHERE kind IN ('chargeback', 'provider_payout') AND NOT EXISTS (
            SELECT FROM ledger.provider_event AS event
            WHERE event.is_known AND event.received_at = transfer.made_at)
        ORDER BY 1 LIMIT :limit
        """,
        "no event of a provider told of this {kind}",
    ),
    "no_card_number": (
        """
        SELECT CAST(card_id AS text) AS found FROM ledger.card
        WHERE ledger.holds_card_number(method) OR ledger.holds_card_number(customer)
        UNION ALL
        SELECT CAST(payment_id AS text) FROM ledger.payment
        WHERE ledger.holds_card_number(coalesce(note, '') || ' | ' || coalesce(failure, ''))
        ORDER BY 1 LIMIT :limit
        """,
        "it holds something like a card's number",
    ),
}

RULES = tuple(_CHECKS)
"""The rules that are checked, in the order in which their faults are given."""
