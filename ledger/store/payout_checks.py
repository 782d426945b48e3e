"""SQL that looks for what must never be among payouts; read with the other checks of the books."""

PAYOUT_CHECKS = {
    "a_payout_is_in_a_file": (
        """
        SELECT CAST(coalesce(payout.payout_id, transfer.subject_id) AS text) AS found,
               coalesce(payout.amount_minor, 0) AS payout_minor,
               coalesce(entered.minor, 0) AS entered_minor
        FROM ledger.payout
        FULL JOIN (SELECT * FROM ledger.transfer WHERE kind = 'payout') AS transfer
            ON transfer.subject_id = payout.payout_id
        LEFT JOIN LATERAL (
            SELECT sum(amount_minor) AS minor FROM ledger.entry
            WHERE entry.transfer_id = transfer.transfer_id
              AND account_id = ledger.account_id('driver', payout.driver_id, payout.currency)
        ) AS entered ON true
        WHERE payout.amount_minor IS DISTINCT FROM entered.minor ORDER BY 1 LIMIT :limit
        """,
        "its file pays {payout_minor}, and {entered_minor} was taken from the driver's account",
    ),
    "the_file_says_its_payouts": (
        """
        SELECT CAST(payout_file_id AS text) AS found, payout_file.payouts, total_minor,
               counted.payouts AS counted, counted.minor AS counted_minor
        FROM ledger.payout_file CROSS JOIN LATERAL (
            SELECT count(*) AS payouts, coalesce(sum(amount_minor), 0) AS minor FROM ledger.payout
            WHERE payout.payout_file_id = payout_file.payout_file_id
              AND payout.currency = payout_file.currency
        ) AS counted
        WHERE counted.payouts <> payout_file.payouts OR counted.minor <> total_minor
        ORDER BY 1 LIMIT :limit
        """,
        "it says {payouts} payouts of {total_minor}, and there are {counted} of {counted_minor}",
    ),
    "i22_waits_72_hours": (
        """
        SELECT concat_ws(' ', driver_id, number) AS found, set_at, usable_from
        FROM ledger.payout_destination WHERE usable_from < set_at + interval '72 hours'
        ORDER BY 1 LIMIT :limit
        """,
        "the destination was set at {set_at} and used from {usable_from}",
    ),
    "i22_the_destination_in_use": (
        """
        SELECT CAST(payout_id AS text) AS found, payout.destination, then_in_use.number
        FROM ledger.payout CROSS JOIN LATERAL (
            SELECT max(number) AS number FROM ledger.payout_destination AS destination
            WHERE destination.driver_id = payout.driver_id AND usable_from <= payout.made_at
              AND NOT EXISTS (SELECT FROM ledger.payout_destination_withdrawn AS withdrawn
                              WHERE withdrawn.driver_id = destination.driver_id
                                AND withdrawn.number = destination.number)
        ) AS then_in_use
        WHERE payout.destination IS DISTINCT FROM then_in_use.number
          AND EXISTS (SELECT FROM ledger.payout_destination AS kept
                      WHERE kept.driver_id = payout.driver_id)  -- gone with whoever was forgotten
        ORDER BY 1 LIMIT :limit
        """,
        "it went to destination {destination}, and {number} was in use",
    ),
    "i22_the_owner_is_told": (
        """
        SELECT concat_ws(' ', driver_id, number) AS found
        FROM ledger.payout_destination
        WHERE NOT EXISTS (
            SELECT FROM storage.outbox WHERE topic = 'ledger'
            AND key = format('payout_destination:%s:%s', payout_destination.driver_id, number))
        ORDER BY 1 LIMIT :limit
        """,
        "its owner was never told of it",
    ),
}
"""What is looked for, and what is said of it, by rule; as in `ledger.store.checks`."""
