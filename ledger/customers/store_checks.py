"""SQL that looks for what must never be among customers, vouchers, invoices and disputes.

The database refuses all of it; these find what came past it, as `ledger.store.checks` does in the books.
"""

from collections.abc import AsyncIterator

from sqlalchemy import text

from ledger.store.checks import Fault
from storage.work import Reading


async def faults(work: Reading, *, limit: int = 100) -> AsyncIterator[Fault]:
    """Every fault, at most `limit` of each rule, rule by rule in the order of `RULES`."""
    for rule, (statement, what) in _CHECKS.items():
        for row in await work.execute(text(statement), {"limit": limit}):
            yield Fault(rule=rule, where=row.found, what=what.format(**row._mapping))


_CHECKS = {
    "within_the_limit_of_a_month": (
        """
        SELECT concat_ws(' ', customer_id, month) AS found, taken.minor AS taken_minor,
               limits.most AS most_minor
        FROM (SELECT customer_id, month,
                     max(limits_number) AS latest, min(limits_number) AS earliest
              FROM customers.payment WHERE way = 'customer' GROUP BY customer_id, month) AS months
        CROSS JOIN LATERAL (SELECT customers.taken_of_month(customer_id, month) AS minor) AS taken
        CROSS JOIN LATERAL (
            SELECT max(per_month_minor) AS most, bool_or(per_month_minor IS NULL) AS unlimited
            FROM customers.limits
            WHERE limits.customer_id = months.customer_id AND number BETWEEN earliest AND latest
        ) AS limits
        WHERE NOT unlimited AND taken.minor > limits.most ORDER BY 1 LIMIT :limit
        """,
        "{taken_minor} is taken of the month, and never more than {most_minor} was allowed",
    ),
    "within_the_limit_of_a_trip": (
        """
        SELECT CAST(trip_id AS text) AS found, customers.paid_of(trip_id) AS minor, per_trip_minor
        FROM customers.payment
        JOIN customers.limits ON limits.customer_id = payment.customer_id
                             AND number = limits_number
        WHERE greatest(promised_minor, customers.paid_of(trip_id)) > per_trip_minor
        ORDER BY 1 LIMIT :limit
        """,
        "the customer pays {minor} of the trip, and at most {per_trip_minor} for one",
    ),
    "within_the_voucher": (
        """
        SELECT CAST(voucher_id AS text) AS found, amount_minor,
               customers.taken_of_voucher(voucher_id) AS minor
        FROM customers.voucher WHERE customers.taken_of_voucher(voucher_id) > amount_minor
        ORDER BY 1 LIMIT :limit
        """,
        "{minor} is taken of a voucher of {amount_minor}",
    ),
    "issued_as_registered": (
        """
        SELECT CAST(voucher_id AS text) AS found, amount_minor
        FROM customers.voucher
        WHERE NOT EXISTS (
            SELECT FROM ledger.transfer
            WHERE subject_id = voucher_id AND transfer.kind = 'voucher_issued'
              AND customers.moves(transfer_id, amount_minor,
                      ledger.account_id('customer', customer_id, voucher.currency),
                      ledger.account_id('voucher', customer_id, voucher.currency)))
        ORDER BY 1 LIMIT :limit
        """,
        "no money of its customer stands behind a voucher of {amount_minor}",
    ),
    "paid_as_booked": (
        """
        SELECT CAST(trip_id AS text) AS found, way, total_minor
        FROM customers.payment JOIN ledger.charge USING (trip_id)
        WHERE CASE way
            WHEN 'cash' THEN charge.kind = 'fare' AND total_minor > 0 AND NOT EXISTS (
                SELECT FROM ledger.transfer
                WHERE subject_id = payment.trip_id AND transfer.kind = 'cash_collected')
            ELSE customers.paid_of(trip_id) < least(total_minor, promised_minor) END
        ORDER BY 1 LIMIT :limit
        """,
        "it was booked to be paid by {way}, was charged {total_minor}, and is not paid so",
    ),
    "paid_by_nobody_else": (
        """
        SELECT CAST(transfer.transfer_id AS text) AS found, transfer.kind
        FROM ledger.transfer LEFT JOIN customers.payment USING (trip_id)
        WHERE transfer.kind IN ('cash_collected', 'cash_short', 'assigned', 'voucher_used')
          AND way IS DISTINCT FROM CASE transfer.kind
              WHEN 'assigned' THEN 'customer' WHEN 'voucher_used' THEN 'voucher' ELSE 'cash' END
        ORDER BY 1 LIMIT :limit
        """,
        "its trip was not booked to be paid so ({kind})",
    ),
    "back_to_who_paid": (
        """
        SELECT CAST(trip_id AS text) AS found, customers.passed_on(trip_id) AS passed_minor,
               refunded.minor AS refunded_minor
        FROM customers.payment
        CROSS JOIN LATERAL (
            SELECT coalesce(sum(entry.amount_minor), 0) AS minor
            FROM ledger.transfer JOIN ledger.entry USING (transfer_id)
            WHERE subject_id = payment.trip_id AND kind = 'refund' AND line = 1) AS refunded
        WHERE way <> 'cash'
          AND customers.passed_on(trip_id) <> least(customers.paid_of(trip_id), refunded.minor)
        ORDER BY 1 LIMIT :limit
        """,
        "{refunded_minor} was refunded, and {passed_minor} went back to who paid",
    ),
    "numbers_without_a_gap": (
        """
        SELECT CAST(document_id AS text) AS found, number
        FROM customers.document
        WHERE number > 1 AND NOT EXISTS (
            SELECT FROM customers.document AS before WHERE before.number = document.number - 1)
        ORDER BY number LIMIT :limit
        """,
        "it has the number {number}, and the number before is nobody's",
    ),
    "a_document_is_its_entries": (
        """
        SELECT CAST(document.document_id AS text) AS found, document.number
        FROM customers.document
        LEFT JOIN customers.document_line AS line USING (document_id)
        LEFT JOIN LATERAL customers.entries_of(customer_id) AS entries
            ON entries.transfer_id = line.transfer_id
        GROUP BY document.document_id
        HAVING count(line.line) <> lines OR sum(line.amount_minor) IS DISTINCT FROM total_minor
            OR bool_or(line.amount_minor IS DISTINCT FROM entries.amount_minor)
            OR digest <> encode(sha256(convert_to(said, 'UTF8')), 'hex')
            OR CAST(CAST(said AS jsonb) ->> 'total_minor' AS bigint) <> total_minor
        ORDER BY document.number LIMIT :limit
        """,
        "document {number} does not say what stands in the books",
    ),
    "borne_as_decided": (
        """
        SELECT CAST(transfer.transfer_id AS text) AS found, entry.amount_minor
        FROM ledger.transfer
        JOIN ledger.charge USING (trip_id)
        JOIN ledger.entry USING (transfer_id)
        WHERE transfer.kind = 'refund' AND entry.amount_minor > 0
          AND account_id = ledger.account_id('driver', driver_id, charge.currency)
          AND NOT EXISTS (SELECT FROM customers.decision
                          WHERE decision.transfer_id = transfer.transfer_id
                            AND borne_by = 'driver')
        ORDER BY 1 LIMIT :limit
        """,
        "a driver bears {amount_minor} of a refund, and nobody decided so",
    ),
    "decided_by_new_entries": (
        """
        SELECT CAST(dispute_id AS text) AS found, outcome
        FROM customers.decision LEFT JOIN ledger.transfer USING (transfer_id)
        WHERE outcome <> 'nothing' AND transfer.kind IS DISTINCT FROM outcome
        ORDER BY 1 LIMIT :limit
        """,
        "it was decided by a {outcome}, and no such entry stands",
    ),
}

RULES = tuple(_CHECKS)
"""The rules that are checked, in the order in which their faults are given."""
