"""SQL that looks for what must never be in the books: each check names rows that break one rule.

The database refuses all of it; these find what somebody who owns the machine, a restored backup or a
defect of ours put there all the same.
"""

from collections.abc import AsyncIterator

from sqlalchemy import text

from ledger.fault import Fault
from ledger.store.payout_checks import PAYOUT_CHECKS
from storage.work import Reading

__all__ = ["OF_THE_CHAIN", "RULES", "Fault", "faults", "faults_of"]


async def faults(work: Reading, *, limit: int = 100) -> AsyncIterator[Fault]:
    """Every fault, at most `limit` of each rule, rule by rule in the order of `RULES`."""
    for rule in RULES:
        async for fault in faults_of(rule, work, limit=limit):
            yield fault


async def faults_of(rule: str, work: Reading, *, limit: int = 100) -> AsyncIterator[Fault]:
    """At most `limit` faults of one rule, in one order."""
    statement, what = _CHECKS[rule]
    for row in await work.execute(text(statement), {"limit": limit}):
        yield Fault(rule=rule, where=row.found, what=what.format(**row._mapping))


_CHECKS = {
    "sums_to_zero": (
        """
        SELECT CAST(transfer_id AS text) AS found, currency, sum(amount_minor) AS minor
        FROM ledger.entry JOIN ledger.transfer USING (transfer_id)
        GROUP BY transfer_id, currency HAVING sum(amount_minor) <> 0 ORDER BY 1 LIMIT :limit
        """,
        "its entries sum to {minor} minor units of {currency}, not to zero",
    ),
    "never_extended": (
        """
        SELECT CAST(transfer.transfer_id AS text) AS found, transfer.entries, count(line) AS counted
        FROM ledger.transfer LEFT JOIN ledger.entry USING (transfer_id)
        GROUP BY transfer.transfer_id
        HAVING count(line) <> transfer.entries OR max(line) <> count(line)
        ORDER BY 1 LIMIT :limit
        """,
        "it has {counted} entries and was made with {entries}",
    ),
    "entry_of_a_transfer": (
        """
        SELECT CAST(entry.transfer_id AS text) AS found, entry.line
        FROM ledger.entry
        LEFT JOIN ledger.transfer USING (transfer_id) LEFT JOIN ledger.account USING (account_id)
        WHERE transfer.made_at IS DISTINCT FROM entry.made_at
           OR account.currency IS DISTINCT FROM transfer.currency
        ORDER BY 1, 2 LIMIT :limit
        """,
        "entry {line} is of no account and transfer of its currency and instant",
    ),
    "the_rider_pays_the_total": (
        """
        SELECT CAST(transfer.transfer_id AS text) AS found, charge.total_minor,
               (SELECT sum(CAST(line ->> 'amount_minor' AS bigint))
                FROM jsonb_array_elements(charge.document -> 'lines') AS line) AS lines_minor,
               entered.minor AS entered_minor
        FROM ledger.charge
        JOIN ledger.transfer ON transfer.subject_id = charge.trip_id AND transfer.kind = charge.kind
        CROSS JOIN LATERAL (
            SELECT sum(amount_minor) AS minor FROM ledger.entry
            WHERE entry.transfer_id = transfer.transfer_id
              AND account_id = ledger.account_id('rider', charge.rider_id, charge.currency)
        ) AS entered
        WHERE entered.minor IS DISTINCT FROM charge.total_minor
           OR charge.total_minor IS DISTINCT FROM (
               SELECT sum(CAST(line ->> 'amount_minor' AS bigint))
               FROM jsonb_array_elements(charge.document -> 'lines') AS line)
        ORDER BY 1 LIMIT :limit
        """,
        "the rider was charged {entered_minor}, the receipt says {total_minor} and its lines"
        " {lines_minor}",
    ),
    "the_fare_is_the_quote_and_itemised_changes": (
        """
        SELECT CAST(charge.trip_id AS text) AS found, quote.total_minor AS quoted_minor,
               said.minor AS said_minor
        FROM ledger.charge
        JOIN fares.quote USING (quote_id)
        CROSS JOIN LATERAL (
            SELECT coalesce(sum(CAST(line ->> 'amount_minor' AS bigint)), 0) AS minor
            FROM jsonb_array_elements(charge.document -> 'lines') AS line
            WHERE NOT ledger.is_change(line ->> 'code')
        ) AS said
        WHERE charge.kind = 'fare' AND said.minor IS DISTINCT FROM quote.total_minor
        ORDER BY 1 LIMIT :limit
        """,
        "{quoted_minor} was quoted, and the lines of the fare say {said_minor}",
    ),
    "shares_follow_the_adopted_split": (
        """
        SELECT CAST(transfer_id AS text) AS found, sum(share_bps) AS bps,
               -sum(amount_minor) AS shared, max(share_of_minor) AS base
        FROM ledger.entry WHERE share_bps IS NOT NULL
        GROUP BY transfer_id
        HAVING sum(share_bps) <> 10000 OR min(share_of_minor) <> max(share_of_minor)
            OR -sum(amount_minor) <> max(share_of_minor)
        ORDER BY 1 LIMIT :limit
        """,
        "its shares are {bps} of 10000 and sum to {shared} of {base}",
    ),
    # Whoever was rounded up has no smaller remainder than whoever was rounded down: a minor unit that
    # was moved from one party to another leaves the sum as it is, and is found here.
    "shares_by_largest_remainder": (
        """
        SELECT CAST(transfer_id AS text) AS found, max(rounding) AS most, -min(rounding) AS least
        FROM ledger.entry WHERE rounding IS NOT NULL
        GROUP BY transfer_id HAVING max(rounding) - min(rounding) > 10000 ORDER BY 1 LIMIT :limit
        """,
        "rounding gives one party {most} and takes {least} ten-thousandths of a minor unit from"
        " another, whose remainder is larger",
    ),
    "a_charge_has_its_lines": (
        """
        SELECT CAST(coalesce(charge.trip_id, made.subject_id) AS text) AS found,
               coalesce(charge.kind, made.kind) AS kind,
               CASE WHEN charge.trip_id IS NULL THEN 'receipt' ELSE 'transfer' END AS missing
        FROM ledger.charge
        FULL JOIN (SELECT subject_id, kind, currency FROM ledger.transfer
                   WHERE kind IN ('fare', 'cancellation_fee', 'no_show_fee')) AS made
            ON made.subject_id = charge.trip_id AND made.kind = charge.kind
           AND made.currency = charge.currency
        WHERE charge.trip_id IS NULL OR made.subject_id IS NULL ORDER BY 1 LIMIT :limit
        """,
        "its {kind} has no {missing}",
    ),
    "ends_what_is_pending": (
        """
        SELECT CAST(made.transfer_id AS text) AS found, made.kind,
               coalesce(CAST(made.resolves AS text), 'nothing') AS ended
        FROM ledger.transfer AS made
        LEFT JOIN ledger.transfer AS pending ON pending.transfer_id = made.resolves
        WHERE (made.resolves IS NOT NULL OR made.kind = 'void')
          AND (pending.state, pending.subject_id, pending.currency)
              IS DISTINCT FROM ('pending', made.subject_id, made.currency)
        ORDER BY 1 LIMIT :limit
        """,
        "it is a {kind} that ends {ended}, which is nothing pending of its subject",
    ),
    "linked_come_together": (
        """
        SELECT CAST(link_id AS text) AS found, max(links) AS links, count(*) AS counted
        FROM ledger.transfer WHERE link_id IS NOT NULL
        GROUP BY link_id HAVING count(*) <> max(links) OR min(links) <> max(links)
        ORDER BY 1 LIMIT :limit
        """,
        "{links} transfers came by this link, and {counted} are there",
    ),
    "never_reversed": (
        """
        SELECT CAST(made.transfer_id AS text) AS found, reversed.kind,
               CAST(made.reverses AS text) AS earlier
        FROM ledger.transfer AS made
        JOIN ledger.transfer AS reversed ON reversed.transfer_id = made.reverses
        WHERE ledger.is_never_reversed(reversed.kind) ORDER BY 1 LIMIT :limit
        """,
        "it takes back {earlier}, a {kind}, which stands",
    ),
    "moves_what_it_names": (
        """
        SELECT CAST(made.transfer_id AS text) AS found,
               CAST(coalesce(made.reverses, made.resolves) AS text) AS earlier
        FROM ledger.transfer AS made
        WHERE (made.kind = 'reversal' OR made.kind IN ('payout_sent', 'pledge_taken'))
          AND EXISTS (
              SELECT FROM (
                  SELECT account_id, amount_minor FROM ledger.entry
                  WHERE transfer_id = made.transfer_id
                  UNION ALL
                  SELECT account_id,
                         CASE made.kind WHEN 'reversal' THEN amount_minor ELSE -amount_minor END
                  FROM ledger.entry WHERE transfer_id = coalesce(made.reverses, made.resolves)
              ) AS both_sides
              GROUP BY account_id HAVING sum(amount_minor) <> 0)
        ORDER BY 1 LIMIT :limit
        """,
        "it moves something else than transfer {earlier}, which it names",
    ),
    "refunds_within_the_charge": (
        """
        SELECT CAST(charge.trip_id AS text) AS found, charge.total_minor, sum(-amount_minor) AS minor
        FROM ledger.charge
        JOIN ledger.transfer ON transfer.subject_id = charge.trip_id AND transfer.kind = 'refund'
        JOIN ledger.entry USING (transfer_id)
        WHERE account_id = ledger.account_id('rider', charge.rider_id, charge.currency)
        GROUP BY charge.trip_id HAVING sum(-amount_minor) > charge.total_minor
        ORDER BY 1 LIMIT :limit
        """,
        "{minor} was refunded of a charge of {total_minor}",
    ),
    "never_more_than_there_is": (
        """
        SELECT CAST(account_id AS text) AS found, role, ledger.available(account_id) AS minor
        FROM ledger.account
        WHERE ledger.has_limit(role) AND ledger.available(account_id) < 0 ORDER BY 1 LIMIT :limit
        """,
        "the {role} account stands at {minor}",
    ),
    "the_day_is_sealed": (
        """
        SELECT CAST(day AS text) AS found, sealed_day.transfers, counted.transfers AS counted
        FROM ledger.sealed_day,
             ledger.day_digest(starts_at, ends_at, previous_digest, form)
                 AS counted (transfers, digest)
        WHERE sealed_day.digest <> counted.digest OR sealed_day.transfers <> counted.transfers
        ORDER BY 1 LIMIT :limit
        """,
        "its digest is not that of what stands in it (sealed with {transfers} transfers, now"
        " {counted})",
    ),
    "days_follow_one_another": (
        """
        SELECT CAST(day.day AS text) AS found
        FROM ledger.sealed_day AS day
        LEFT JOIN ledger.sealed_day AS before ON before.number = day.number - 1
        WHERE (day.previous_digest, day.previous_ends_at)
              IS DISTINCT FROM (before.digest, before.ends_at)
           OR coalesce(day.previous_ends_at, day.starts_at) <> day.starts_at
           OR (before.number IS NULL) <> (day.number = 1) OR day.form < before.form
        ORDER BY 1 LIMIT :limit
        """,
        "it does not follow the day before: a link of the chain was cut out or forged",
    ),
    "a_close_moves_the_result": (
        """
        SELECT concat_ws(' ', period.period_id, result.role) AS found, result.currency,
               result.earned, -result.moved AS moved
        FROM ledger.period CROSS JOIN LATERAL (
            SELECT account.role, transfer.currency,
                   coalesce(sum(entry.amount_minor) FILTER (
                       WHERE transfer.kind <> 'closing' AND entry.made_at >= period.starts_at
                         AND entry.made_at < period.ends_at), 0) AS earned,
                   coalesce(sum(entry.amount_minor) FILTER (
                       WHERE transfer.kind = 'closing'
                         AND transfer.subject_id = period.period_id), 0) AS moved
            FROM ledger.entry JOIN ledger.transfer USING (transfer_id)
            JOIN ledger.account USING (account_id)
            WHERE transfer.state = 'posted'
              AND account.role IN ('cooperative', 'other_income', 'expense', 'rounding')
            GROUP BY account.role, transfer.currency
        ) AS result
        WHERE result.earned + result.moved <> 0 ORDER BY 1 LIMIT :limit
        """,
        "it came to {earned} minor units of {currency}, and its closing moved {moved}",
    ),
    "closed_balance": (
        """
        SELECT concat_ws(' ', account_id, ends_at) AS found,
               closed.amount_minor AS closed_minor, summed.minor AS summed_minor
        FROM (
            SELECT ends_at, account_id, sum(amount_minor) AS minor
            FROM ledger.period
            JOIN ledger.entry ON entry.made_at < period.ends_at JOIN ledger.transfer USING (transfer_id)
            WHERE transfer.state = 'posted' GROUP BY ends_at, account_id
        ) AS summed
        FULL JOIN ledger.closed_balance AS closed USING (ends_at, account_id)
        WHERE closed.amount_minor IS DISTINCT FROM summed.minor ORDER BY 1 LIMIT :limit
        """,
        "the account was closed at {closed_minor}, and its entries sum to {summed_minor}",
    ),
} | PAYOUT_CHECKS

RULES = tuple(_CHECKS)
"""The rules that are checked, in the order in which their faults are given."""

OF_THE_CHAIN = frozenset({"the_day_is_sealed", "days_follow_one_another"})
"""What `ledger.verification` finds, too, without trusting the database's own functions."""
