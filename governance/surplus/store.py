"""The SQL of allocations: what was divided, of whom, and what is to be paid of it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text

from foundation.identifiers import UUID, PersonId
from foundation.money import Currency
from governance.matter import MemberClass
from governance.motion import MotionId
from governance.patronage import Patron
from governance.surplus.document import Decided, kept_minor, lines_of
from governance.surplus.postings import Due, Mandate
from governance.surplus.statement import MemberLine
from governance.surplus.views import Period
from governance.surplus.waterfall import Allocation
from storage.work import Reading, UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """An allocation as it was kept."""

    period_id: UUID
    adoption_id: UUID
    currency: Currency
    revolves_at: datetime
    document: Mapping[str, Any]
    digest: str


async def insert_allocation(
    work: UnitOfWork, allocation: Allocation, decided: Decided, *, mandate: Mandate,
    period: Period, transfers: int, said: tuple[str, str],
) -> None:  # fmt: skip
    """Write an allocation with a line for each member's part; `said` is its document and digest."""
    lines = lines_of(allocation)
    await work.execute(
        _INSERT,
        {
            "period_id": mandate.period_id,
            "ends_at": period.ends_at,
            "adoption_id": mandate.adoption_id,
            "rule_id": decided.rule_id,
            "currency": allocation.figures.currency,
            "result_minor": allocation.figures.result_minor,
            "kept_minor": kept_minor(allocation),
            "deficit_minor": allocation.figures.deficit_minor,
            "cash_minor": sum(one.cash_minor for one in lines),
            "retained_minor": sum(one.retained_minor for one in lines),
            "members": len({one.part.patron.person_id for one in lines}),
            "transfers": transfers,
            "revolves_at": decided.revolves_at,
            "document": said[0],
            "digest": said[1],
            "made_by": mandate.made_by,
            "made_at": work.now,
        },
    )
    patrons = [one.part.patron for one in lines]
    await work.execute(
        _INSERT_LINES,
        {
            "period_id": mandate.period_id,
            "steps": [one.step for one in lines],
            "numbers": [one.number for one in patrons],
            "persons": [one.person_id for one in patrons],
            "fares": [one.fares_minor for one in patrons],
            "seconds": [one.seconds_on_shift for one in patrons],
            "trips": [one.trips for one in patrons],
            "capital": [one.capital_minor for one in patrons],
            "cash": [one.cash_minor for one in lines],
            "retained": [one.retained_minor for one in lines],
        },
    )


async def find_allocation(
    work: Reading, *, period_id: UUID | None = None, motion_id: MotionId | None = None
) -> Stored | None:
    """What was divided: of a period, or by a decision."""
    row = (
        await work.execute(_FIND, {"period_id": period_id, "motion_id": motion_id})
    ).one_or_none()
    return None if row is None else _stored(row)


def _stored(row: Row[Any]) -> Stored:
    return Stored(
        period_id=row.period_id,
        adoption_id=row.adoption_id,
        currency=Currency(row.currency),
        revolves_at=row.revolves_at,
        document=json.loads(row.document),
        digest=row.digest,
    )


async def find_certificate(work: Reading, motion_id: MotionId) -> str | None:
    """The hash of the certificate of a motion that passed and was adopted."""
    found = await work.execute(_CERTIFICATE, {"motion_id": motion_id})
    return found.scalar_one_or_none()


async def list_allocations(work: Reading) -> list[Stored]:
    """Every allocation, the latest period first."""
    return [_stored(row) for row in await work.execute(_ALL)]


async def list_lines(
    work: Reading, period_id: UUID, person_id: PersonId | None = None, number: int | None = None
) -> tuple[MemberLine, ...]:
    """The lines of an allocation: a person's, a member number's, or all."""
    asked = {"period_id": period_id, "person_id": person_id, "number": number}
    rows = await work.execute(_LINES, asked)
    return tuple(
        MemberLine(
            step=row.step,
            patron=Patron(
                number=row.number, person_id=PersonId(row.person_id), fares_minor=row.fares_minor,
                seconds_on_shift=row.seconds_on_shift, trips=row.trips,
                capital_minor=row.capital_minor,
            ),
            cash_minor=row.cash_minor,
            retained_minor=row.retained_minor,
        )
        for row in rows
    )  # fmt: skip


async def list_retained(work: Reading, period_id: UUID) -> Mapping[PersonId, int]:
    """What an allocation retained, by person."""
    rows = await work.execute(_RETAINED, {"period_id": period_id})
    return {PersonId(row.person_id): row.minor for row in rows}


async def list_due(
    work: Reading, currency: Currency, *, minimum_minor: int, limit: int
) -> Sequence[Due]:
    """Allocation accounts with as much as is paid, and where their owners are paid."""
    rows = await work.execute(
        _DUE, {"currency": currency, "minimum": max(1, minimum_minor), "limit": limit}
    )
    return [
        Due(
            person_id=PersonId(row.person_id), minor=row.minor,
            paid_as=MemberClass.DRIVER if row.drives else MemberClass.RIDER,
        )
        for row in rows
    ]  # fmt: skip


async def list_unclaimed(work: Reading, period_id: UUID) -> Mapping[PersonId, int]:
    """What is left of an allocation's cash parts; what came first is paid first."""
    rows = await work.execute(_UNCLAIMED, {"period_id": period_id})
    return {PersonId(row.person_id): row.minor for row in rows}


_INSERT = text("""
    INSERT INTO surplus.allocation (period_id, ends_at, previous_ends_at, adoption_id, rule_id, currency,
                                    result_minor, kept_minor, deficit_before_minor, cash_minor,
                                    retained_minor, members, transfers, revolves_at, document, digest,
                                    made_by, made_at)
    SELECT :period_id, :ends_at, (
               SELECT before.ends_at FROM surplus.allocation AS before
               JOIN ledger.period ON period.previous_ends_at = before.ends_at
               WHERE period.period_id = :period_id),
           :adoption_id, :rule_id, :currency, :result_minor, :kept_minor, :deficit_minor,
           :cash_minor, :retained_minor, :members, :transfers, :revolves_at, :document, :digest,
           :made_by, :made_at
""")

_INSERT_LINES = text("""
    INSERT INTO surplus.member_line (period_id, step, number, person_id, fares_minor, seconds_on_shift,
                                     trips, capital_minor, cash_minor, retained_minor)
    SELECT :period_id, line.*
    FROM unnest(CAST(:steps AS text[]), CAST(:numbers AS integer[]), CAST(:persons AS uuid[]),
                CAST(:fares AS bigint[]), CAST(:seconds AS bigint[]), CAST(:trips AS bigint[]),
                CAST(:capital AS bigint[]), CAST(:cash AS bigint[]), CAST(:retained AS bigint[]))
        AS line
""")

_FIND = text("""
    SELECT * FROM surplus.allocation
    WHERE period_id = CAST(:period_id AS uuid) OR adoption_id = CAST(:motion_id AS uuid)
""")

_ALL = text("SELECT * FROM surplus.allocation ORDER BY ends_at DESC LIMIT 200")

_CERTIFICATE = text("""
    SELECT adoption.digest FROM rulebook.adoption
    JOIN governance.certificate ON motion_id = adoption_id WHERE adoption_id = :motion_id
""")

_LINES = text("""
    SELECT * FROM surplus.member_line
    WHERE period_id = :period_id
      AND (CAST(:person_id AS uuid) IS NULL OR person_id = CAST(:person_id AS uuid))
      AND (CAST(:number AS integer) IS NULL OR number = CAST(:number AS integer))
    ORDER BY step COLLATE "C", number LIMIT 10000000
""")

_RETAINED = text("""
    SELECT person_id, CAST(sum(retained_minor) AS bigint) AS minor FROM surplus.member_line
    WHERE period_id = :period_id GROUP BY person_id ORDER BY person_id
""")

_DUE = text("""
    SELECT account.owner_id AS person_id, CAST(-sum(entry.amount_minor) AS bigint) AS minor,
           EXISTS (SELECT FROM governance.member JOIN governance.member_change USING (member_id)
                   WHERE member.person_id = account.owner_id AND kind = 'joined'
                     AND member_class = 'driver') AS drives
    FROM ledger.account JOIN ledger.entry USING (account_id)
    WHERE account.role = 'allocation' AND account.currency = :currency
    GROUP BY account.owner_id HAVING -sum(entry.amount_minor) >= :minimum
    ORDER BY account.owner_id LIMIT :limit
""")

_UNCLAIMED = text("""
    SELECT person_id, least(cash, standing.minor - standing.later_minor) AS minor
    FROM surplus.allocation
    CROSS JOIN LATERAL (
        SELECT person_id, CAST(sum(cash_minor) AS bigint) AS cash FROM surplus.member_line AS line
        WHERE line.period_id = allocation.period_id GROUP BY person_id
    ) AS given
    CROSS JOIN LATERAL (
        SELECT CAST(coalesce(-sum(entry.amount_minor), 0) AS bigint) AS minor,
               CAST(coalesce(-sum(entry.amount_minor) FILTER (
                   WHERE entry.amount_minor < 0 AND entry.made_at > allocation.made_at), 0) AS bigint)
                   AS later_minor
        FROM ledger.account JOIN ledger.entry USING (account_id)
        WHERE account.role = 'allocation' AND account.owner_id = given.person_id
          AND account.currency = allocation.currency
    ) AS standing
    WHERE allocation.period_id = :period_id AND standing.minor > standing.later_minor AND cash > 0
    ORDER BY person_id
""")
