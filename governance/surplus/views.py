"""A period's figures, out of the books: what it came to, what funds hold, who did what.

Read once a year and when somebody asks what the year would give: sums over the whole period.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from foundation.identifiers import UUID, PersonId
from foundation.money import Currency
from governance.matter import MemberClass
from governance.patronage import Patron
from storage.work import Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A time whose surplus is looked at.

    Attributes
    ----------
    period_id
        None while it is not closed.
    result_minor
        None if its result is not in the surplus account.
    deficit_minor
        What earlier allocations left missing.
    """

    period_id: UUID | None
    starts_at: datetime
    ends_at: datetime
    previous_ends_at: datetime | None
    result_minor: int | None
    income_minor: int
    deficit_minor: int


async def find_period(work: Reading, period_id: UUID, currency: Currency) -> Period | None:
    """A closed period with its result in a currency."""
    row = (
        await work.execute(_PERIOD, {"period_id": period_id, "currency": currency})
    ).one_or_none()
    return row and Period(**row._mapping)


async def open_period(work: Reading, currency: Currency, *, now: datetime) -> Period:
    """The time since the last closed period, as if it were closed now."""
    row = (await work.execute(_OPEN_PERIOD, {"now": now, "currency": currency})).one()
    return Period(**row._mapping)


async def closed_in(work: Reading, period_id: UUID) -> Currency | None:
    """The currency that a period's closing is in, if it has one."""
    found = (await work.execute(_CLOSED_IN, {"period_id": period_id})).scalar_one_or_none()
    return None if found is None else Currency(found)


async def list_funds(work: Reading, period: Period, currency: Currency) -> Mapping[UUID, int]:
    """What each fund holds at a period's end."""
    rows = await work.execute(_FUNDS, {"ends": period.ends_at, "currency": currency})
    return {row.owner_id: row.minor for row in rows}


async def list_patrons(
    work: Reading, period: Period, member_class: MemberClass, *, currency: Currency
) -> tuple[Patron, ...]:
    """Whoever was a member of a class at some time of the period, with what they did in it."""
    assert member_class in (MemberClass.DRIVER, MemberClass.RIDER)
    rows = await work.execute(
        _DRIVERS if member_class is MemberClass.DRIVER else _RIDERS,
        {"starts": period.starts_at, "ends": period.ends_at, "currency": currency,
         "member_class": member_class.value},
    )  # fmt: skip
    return tuple(
        Patron(
            number=row.number, person_id=PersonId(row.person_id), fares_minor=row.fares,
            seconds_on_shift=row.seconds, trips=row.trips,
        )
        for row in rows
    )  # fmt: skip


async def list_savers(work: Reading, period: Period, currency: Currency) -> tuple[Patron, ...]:
    """Members with capital when the period began."""
    rows = await work.execute(_SAVERS, {"starts": period.starts_at, "currency": currency})
    return tuple(
        Patron(number=row.number, person_id=PersonId(row.person_id), capital_minor=row.minor)
        for row in rows
    )


_DEFICIT = """coalesce((SELECT deficit_after_minor FROM surplus.allocation
                         ORDER BY ends_at DESC LIMIT 1), 0)"""

_PERIOD = text("""
    SELECT period.period_id, period.starts_at, period.ends_at,
           (SELECT ends_at FROM surplus.allocation AS before
            WHERE before.ends_at = period.previous_ends_at) AS previous_ends_at,
           surplus.result_of(period.period_id, :currency) AS result_minor,
           CAST(coalesce((
               SELECT sum(entry.amount_minor) FROM ledger.transfer
               JOIN ledger.entry USING (transfer_id) JOIN ledger.account USING (account_id)
               JOIN ledger.role USING (role)
               WHERE transfer.subject_id = period.period_id AND transfer.kind = 'closing'
                 AND account.currency = :currency AND role.class = 'income'
                 AND entry.amount_minor > 0), 0) AS bigint) AS income_minor,
           coalesce((SELECT deficit_after_minor FROM surplus.allocation AS before
                     WHERE before.ends_at = period.previous_ends_at), 0) AS deficit_minor
    FROM ledger.period WHERE period.period_id = :period_id
""")

_OPEN_PERIOD = text(f"""
    SELECT CAST(NULL AS uuid) AS period_id, since.starts_at, CAST(:now AS timestamptz) AS ends_at,
           CAST(NULL AS timestamptz) AS previous_ends_at,
           CAST(coalesce(-sum(minor), 0) AS bigint) AS result_minor,
           CAST(coalesce(sum(-minor) FILTER (WHERE class = 'income' AND minor < 0), 0) AS bigint)
               AS income_minor,
           {_DEFICIT} AS deficit_minor
    FROM (SELECT coalesce((SELECT max(ends_at) FROM ledger.period),
                          (SELECT min(made_at) FROM ledger.transfer),
                          CAST(:now AS timestamptz) - interval '1 second') AS starts_at) AS since
    LEFT JOIN LATERAL (
        SELECT role.class, account.account_id, sum(entry.amount_minor) AS minor
        FROM ledger.account JOIN ledger.role USING (role) JOIN ledger.entry USING (account_id)
        JOIN ledger.transfer USING (transfer_id)
        WHERE role.class IN ('income', 'expense') AND account.currency = :currency
          AND entry.made_at >= since.starts_at AND transfer.state = 'posted'
          AND transfer.kind <> 'closing'
        GROUP BY role.class, account.account_id
    ) AS nominal ON true
    GROUP BY since.starts_at
""")

_CLOSED_IN = text("""
    SELECT currency FROM ledger.transfer WHERE subject_id = :period_id AND kind = 'closing' LIMIT 1
""")

_FUNDS = text("""
    SELECT account.owner_id, CAST(-sum(entry.amount_minor) AS bigint) AS minor
    FROM ledger.account JOIN ledger.entry USING (account_id) JOIN ledger.transfer USING (transfer_id)
    WHERE account.role = 'reserve' AND account.currency = :currency AND entry.made_at < :ends
      AND transfer.state = 'posted'
    GROUP BY account.owner_id ORDER BY account.owner_id
""")

# Numbers go by when people joined. Whoever was a member of the class at some time of the period
# shares, with all that they did in it.
_NUMBERED = """
    SELECT member_id, person_id,
           CAST(row_number() OVER (ORDER BY made_at, member_id) AS integer) AS number
    FROM governance.member
"""
_SHARING = f"""
    SELECT number, person_id FROM ({_NUMBERED}) AS numbered
    WHERE EXISTS (
        SELECT FROM governance.member_change AS joined
        WHERE joined.member_id = numbered.member_id AND joined.kind = 'joined'
          AND joined.member_class = :member_class AND joined.at < :ends
          AND NOT EXISTS (
              SELECT FROM governance.member_change AS gone
              WHERE gone.member_id = joined.member_id AND gone.number > joined.number
                AND gone.at <= :starts
                AND (gone.kind = 'died'
                     OR gone.kind = 'left' AND gone.member_class = joined.member_class)))
"""
_DRIVERS = text(f"""
    WITH worked AS (
        SELECT driver_id AS person_id, sum(seconds_on_shift) AS seconds, sum(trips) AS trips
        FROM ledger.work_record WHERE made_at >= :starts AND made_at < :ends GROUP BY driver_id
    ), shared AS (
        SELECT account.owner_id AS person_id, sum(entry.share_of_minor) AS fares
        FROM ledger.account JOIN ledger.entry USING (account_id)
        WHERE account.role = 'driver' AND account.currency = :currency AND entry.code = 'share'
          AND entry.made_at >= :starts AND entry.made_at < :ends
        GROUP BY account.owner_id
    )
    SELECT number, person_id, CAST(coalesce(fares, 0) AS bigint) AS fares,
           CAST(coalesce(seconds, 0) AS bigint) AS seconds,
           CAST(coalesce(trips, 0) AS bigint) AS trips
    FROM ({_SHARING}) AS sharing LEFT JOIN worked USING (person_id) LEFT JOIN shared USING (person_id)
    ORDER BY number LIMIT 2000000
""")
_RIDERS = text(f"""
    WITH rode AS (
        SELECT rider_id AS person_id, sum(total_minor) AS fares, count(*) AS trips
        FROM ledger.charge
        WHERE kind = 'fare' AND currency = :currency AND made_at >= :starts AND made_at < :ends
        GROUP BY rider_id
    )
    SELECT number, person_id, CAST(coalesce(fares, 0) AS bigint) AS fares,
           CAST(0 AS bigint) AS seconds, CAST(coalesce(trips, 0) AS bigint) AS trips
    FROM ({_SHARING}) AS sharing LEFT JOIN rode USING (person_id)
    ORDER BY number LIMIT 2000000
""")

_SAVERS = text(f"""
    SELECT number, person_id, minor FROM ({_NUMBERED}) AS numbered
    JOIN (SELECT account.owner_id, CAST(-sum(entry.amount_minor) AS bigint) AS minor
          FROM ledger.account JOIN ledger.entry USING (account_id)
          WHERE account.role = 'capital' AND account.currency = :currency
            AND entry.made_at < :starts
          GROUP BY account.owner_id) AS saved ON saved.owner_id = numbered.person_id
    WHERE minor > 0 ORDER BY number LIMIT 2000000
""")
