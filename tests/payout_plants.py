"""What somebody who owns the machine could write among payouts; each breaks one rule."""

_DESTINATION = """
    INSERT INTO ledger.payout_destination (driver_id, number, data_key, account, tail, session_id,
                                           set_at, usable_from)
    SELECT owner_id, {number}, 'k', 'a', '1234', gen_random_uuid(), {set_at},
           {set_at} + interval '72 hours'
    FROM ledger.account WHERE role = 'driver' ORDER BY owner_id LIMIT 1
"""
_PAYOUT = """
    INSERT INTO ledger.payout (payout_id, payout_file_id, driver_id, destination, currency,
                               amount_minor, made_at)
    SELECT gen_random_uuid(), gen_random_uuid(), owner_id, {destination}, currency, 1, service_now()
    FROM ledger.account WHERE role = 'driver' ORDER BY owner_id LIMIT 1
"""
_LONG_AGO = "service_now() - interval '10 days'"

PAYOUTS_PLANTED = {
    "a_payout_is_in_a_file": _PAYOUT.format(destination=1),
    "the_file_says_its_payouts": """
        INSERT INTO ledger.payout_file
        VALUES (gen_random_uuid(), 'USD', '2030-01-01', 1, 1, repeat('0', 64), gen_random_uuid(),
                service_now())
    """,
    "i22_waits_72_hours": """
        ALTER TABLE ledger.payout_destination DROP CONSTRAINT i22_waits_72_hours;
    """
    + _DESTINATION.format(number=1, set_at="service_now()").replace("'72 hours'", "'71 hours'"),
    "i22_the_destination_in_use": _DESTINATION.format(number=1, set_at=_LONG_AGO)
    + "; "
    + _DESTINATION.format(number=2, set_at="service_now()")
    + "; "
    + _PAYOUT.format(destination=2),
    "i22_the_owner_is_told": _DESTINATION.format(number=1, set_at="service_now()"),
}
"""A statement for each rule of `ledger.store.payout_checks`, without any guard."""
