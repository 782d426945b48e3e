"""SQL that adds up the books: what accounts come to, and whether all of it comes to nothing.

Sums begin with the balances of the last period that was closed before: what an account came to in all
the years before is one row. What a day's seal covers cannot change, so both ways come to the same.
"""

from sqlalchemy import text

OPENING = text("""
    WITH closed AS MATERIALIZED (
        SELECT coalesce(max(ends_at), '-infinity') AS at FROM ledger.period WHERE ends_at <= :start
    )
    SELECT account.currency, CAST(sum(own.minor) AS bigint) AS minor
    FROM ledger.account CROSS JOIN closed CROSS JOIN LATERAL (
        SELECT amount_minor AS minor FROM ledger.closed_balance
        WHERE closed_balance.account_id = account.account_id AND ends_at = closed.at
        UNION ALL
        SELECT entry.amount_minor FROM ledger.entry JOIN ledger.transfer USING (transfer_id)
        WHERE entry.account_id = account.account_id AND entry.made_at >= closed.at
          AND entry.made_at < :start AND transfer.state = 'posted'
    ) AS own
    WHERE account.role = :role AND account.owner_id = :owner_id
    GROUP BY account.currency ORDER BY account.currency
""")
"""Of one owner's accounts of one role before `start`."""

BALANCES = text("""
    WITH closed AS MATERIALIZED (
        SELECT coalesce(max(ends_at), '-infinity') AS at FROM ledger.period
    )
    SELECT account.role, account.currency, CAST(sum(own.minor) AS bigint) AS minor
    FROM (
        SELECT account_id, amount_minor AS minor FROM ledger.closed_balance
        WHERE ends_at = (SELECT at FROM closed)
        UNION ALL
        SELECT entry.account_id, entry.amount_minor
        FROM ledger.transfer JOIN ledger.entry USING (transfer_id)
        WHERE transfer.made_at >= (SELECT at FROM closed) AND transfer.state = 'posted'
    ) AS own
    JOIN ledger.account USING (account_id)
    GROUP BY account.role, account.currency ORDER BY account.role, account.currency
""")
"""By role and currency, as of now."""

IMBALANCE = text("""
    SELECT currency, CAST(sum(abs(minor)) AS bigint) AS minor
    FROM (
        SELECT account.currency, entry.transfer_id, sum(entry.amount_minor) AS minor
        FROM ledger.entry JOIN ledger.account USING (account_id)
        GROUP BY account.currency, entry.transfer_id
    ) AS each_transfer
    GROUP BY currency ORDER BY currency
""")
"""Of each transfer by itself, from its entries alone: a closed balance is not trusted here."""
