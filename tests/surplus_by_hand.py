"""A closed period and a passed motion on it, written into a city's tables as their owner: for
stories about other things than the vote."""

import psycopg

PERIOD, MOTION = "00000000-0000-7000-8000-0000000c105e", "00000000-0000-7000-8000-00000000de5c"


def close_and_decide(address: str) -> str:
    """Close the books up to now and let a motion on them have passed; its identifier."""
    names = {"period": PERIOD, "motion": MOTION}
    with psycopg.connect(address, autocommit=True) as owner:
        owner.execute(_SEAL)
        owner.execute(
            "SELECT ledger.close_period(%(period)s, max(ends_at), %(motion)s) FROM ledger.sealed_day",
            names,
        )
        owner.execute("SET session_replication_role = replica")
        for statement in _DECISION:
            owner.execute(statement, names)
    return MOTION


_SEAL = """
    SELECT ledger.seal_day(CAST(service_now() AS date), coalesce(
                               (SELECT max(ends_at) FROM ledger.sealed_day),  -- as the service may have
                               (SELECT min(made_at) - interval '1 day' FROM ledger.transfer)),
                           service_now() - interval '1 millisecond')
"""
_DECISION = (
    """INSERT INTO ledger.account (account_id, role, owned_by, owner_id, currency, opened_at)
       SELECT ledger.account_id('surplus', NULL, 'USD'), 'surplus', 'house', NULL, 'USD', service_now()
       ON CONFLICT DO NOTHING""",
    """CREATE TEMPORARY TABLE nominal AS
       SELECT account_id, -sum(amount_minor) AS minor
       FROM ledger.closed_balance JOIN ledger.account USING (account_id) JOIN ledger.role USING (role)
       WHERE class IN ('income', 'expense') AND currency = 'USD' GROUP BY account_id""",
    """INSERT INTO ledger.transfer (transfer_id, kind, subject_id, currency, entries, made_at)
       SELECT %(motion)s, 'closing', %(period)s, 'USD', 1 + count(*), service_now() FROM nominal""",
    """INSERT INTO ledger.entry (transfer_id, line, account_id, amount_minor, code, made_at)
       SELECT %(motion)s, row_number() OVER (ORDER BY account_id), account_id, minor, 'closing',
              service_now()
       FROM (SELECT * FROM nominal UNION ALL
             SELECT ledger.account_id('surplus', NULL, 'USD'), -sum(minor) FROM nominal) AS sides""",
    """INSERT INTO governance.motion (motion_id, title, mover, matter, asks, proposed_at)
       SELECT %(motion)s, 'Divide the surplus', member_id, 'ordinary',
              jsonb_build_object('kind', 'allocation', 'period_id', CAST(%(period)s AS uuid)),
              service_now()
       FROM governance.member LIMIT 1""",
    """INSERT INTO governance.motion_text (motion_id, version, text, written_at)
       VALUES (%(motion)s, 1, 'As the policy says.', service_now())""",
    """INSERT INTO governance.motion_step (motion_id, from_state, to_state, at, detail)
       VALUES (%(motion)s, 'closed', 'certified', service_now(), '{"review_on": "2030-01-01"}')""",
    """INSERT INTO governance.certificate (motion_id, document, digest, has_passed, roll_size,
                                           ballots_cast, valid, quorum, certified_at)
       VALUES (%(motion)s, '{}', encode(sha256('{}'), 'hex'), true, 1, 1, 1, 1, service_now())""",
    """INSERT INTO rulebook.adoption (adoption_id, kind, title, document, digest, notice_days)
       VALUES (%(motion)s, 'certificate', 'Divide the surplus', '{}', encode(sha256('{}'), 'hex'), 0)""",
)
