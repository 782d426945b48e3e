"""SQL that looks for what must never be between pledges and the books.

The database refuses all of it; these find what came past it. Of pledges from before they were entered
in the books nothing is asked.
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
    "booked_as_pledged": (
        """
        SELECT CAST(pledge_id AS text) AS found, pledge.amount_minor, booked.minor
        FROM commons.pledge
        JOIN ledger.transfer ON subject_id = pledge_id AND kind = 'pledge'
        CROSS JOIN LATERAL (
            SELECT coalesce(sum(entry.amount_minor), 0) AS minor FROM ledger.entry
            WHERE entry.transfer_id = transfer.transfer_id
              AND account_id = ledger.account_id('supporter', person_id, transfer.currency)
        ) AS booked
        WHERE booked.minor <> pledge.amount_minor ORDER BY 1 LIMIT :limit
        """,
        "{amount_minor} was pledged, and {minor} is set aside of that person",
    ),
    "withdrawn_is_let_go": (
        """
        SELECT CAST(pledge_id AS text) AS found
        FROM commons.pledge_withdrawal
        JOIN ledger.transfer AS aside ON aside.subject_id = pledge_id AND aside.kind = 'pledge'
        WHERE NOT EXISTS (SELECT FROM ledger.transfer AS void
                          WHERE void.resolves = aside.transfer_id AND void.kind = 'void')
        ORDER BY 1 LIMIT :limit
        """,
        "the pledge was taken back, and its money is not let go",
    ),
    "all_or_nothing_in_the_books": (
        """
        SELECT CAST(settlement.offer_id AS text) AS found, outcome, lines.ended, lines.whole
        FROM commons.settlement
        CROSS JOIN LATERAL (
            SELECT count(*) AS whole, count(aside.transfer_id) AS booked,
                   count(*) FILTER (WHERE done.kind = CASE outcome
                       WHEN 'posted' THEN 'pledge_taken' ELSE 'void' END) AS ended
            FROM commons.settlement_line AS line
            LEFT JOIN ledger.transfer AS aside
                ON aside.subject_id = line.pledge_id AND aside.kind = 'pledge'
            LEFT JOIN ledger.transfer AS done ON done.resolves = aside.transfer_id
            WHERE line.offer_id = settlement.offer_id
        ) AS lines
        WHERE lines.booked > 0 AND lines.ended <> lines.whole ORDER BY 1 LIMIT :limit
        """,
        "the offer is {outcome}, and the books say so of {ended} pledges of {whole}",
    ),
    "raised_is_what_was_settled": (
        """
        SELECT CAST(settlement.offer_id AS text) AS found, match_minor, matched.minor
        FROM commons.settlement
        CROSS JOIN LATERAL (
            SELECT count(*) FILTER (WHERE transfer.kind <> 'match') AS booked,
                   coalesce(sum(entry.amount_minor) FILTER (
                       WHERE transfer.kind = 'match' AND entry.amount_minor > 0), 0) AS minor
            FROM commons.pledge JOIN ledger.transfer ON subject_id = pledge_id
            JOIN ledger.entry USING (transfer_id)
            WHERE pledge.offer_id = settlement.offer_id
        ) AS matched
        WHERE matched.booked > 0 AND matched.minor <> match_minor ORDER BY 1 LIMIT :limit
        """,
        "the city adds {match_minor}, and the books say {minor}",
    ),
}

RULES = tuple(_CHECKS)
"""What is looked for, by name."""
