"""Statements of one driver: of a week, a shift or a trip, held against the books before they are told."""

from dataclasses import dataclass

from foundation.identifiers import UUID, DriverId, TripId
from ledger.costs.service import own_costs
from ledger.statements import views
from ledger.statements.check import Difference, differences
from ledger.statements.errors import NothingOfThat, StatementDisagrees
from ledger.statements.facts import Facts, Of, OpenShift
from ledger.statements.period import Week
from ledger.statements.statement import make_statement
from ledger.statements.values import Statement
from storage.work import Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A statement, and where it and the books differ: nowhere in good books."""

    statement: Statement
    differences: tuple[Difference, ...]

    def sure(self) -> Statement:
        """The statement.

        Raises
        ------
        StatementDisagrees
            If it does not come to what the books say.
        """
        if self.differences:
            first = self.differences[0]
            raise StatementDisagrees(
                len(self.differences), f"{first.rule} of {first.where}: {first.what}."
            )
        return self.statement


async def week_statement(
    work: Reading,
    driver_id: DriverId,
    week: Week,
    *,
    open_shift: OpenShift | None = None,
    with_costs: bool,
) -> Checked:
    """A driver's week. In one still unit of work (`Database.work(still=True)`), it agrees with itself.

    Parameters
    ----------
    open_shift
        The shift that goes on, if one does.
    with_costs
        Whether the driver asks, who alone may see their costs.

    Raises
    ------
    ledger.errors.StatementTooLong
        If there are more than 20,000 lines.
    """
    entered = await views.entered_in(work, driver_id, week.start, week.end)
    trips = sorted({one.trip_id for one in entered if one.trip_id is not None})
    charged = await views.charged_for(work, driver_id, trips)
    statement = make_statement(
        Facts(
            driver_id=driver_id,
            of=Of.WEEK,
            name=week.name,
            week=week,
            entered=entered,
            opening=await views.opening_of(work, driver_id, week.start),
            charged=charged,
            worked=await views.worked_in(work, driver_id, week, trips),
            open_shift=open_shift,
            costs=await own_costs(work, driver_id) if with_costs else None,
            floor_rules=await views.floor_rules(work, charged),
        )
    )
    balances = await views.balances_around(work, driver_id, week)
    return Checked(statement=statement, differences=differences(statement, balances))


async def shift_statement(
    work: Reading, driver_id: DriverId, shift_id: UUID, *, open_shift: OpenShift | None = None
) -> Checked:
    """A driver's shift, with all that its trips ever brought.

    Raises
    ------
    NothingOfThat
        If it is no shift of theirs, or nothing is known of it yet.
    ledger.errors.StatementTooLong
    """
    worked = await views.worked_on(work, driver_id, shift_id)
    going = open_shift if open_shift is not None and open_shift.shift_id == shift_id else None
    if not worked and going is None:
        raise NothingOfThat("shift", str(shift_id))
    trips = sorted({one.trip_id for one in worked if one.trip_id is not None})
    entered = await views.entered_for(work, driver_id, trips)
    charged = await views.charged_for(work, driver_id, trips)
    statement = make_statement(
        Facts(
            driver_id=driver_id, of=Of.SHIFT, name=str(shift_id), week=None, entered=entered,
            opening=(), charged=charged, worked=worked, open_shift=going,
            floor_rules=await views.floor_rules(work, charged),
        )
    )  # fmt: skip
    return Checked(statement=statement, differences=differences(statement))


async def trip_statement(work: Reading, driver_id: DriverId, trip_id: UUID) -> Checked:
    """A driver's trip, with all that it ever brought.

    Raises
    ------
    NothingOfThat
        If it brought and cost this driver nothing.
    """
    mine = TripId(trip_id)
    entered = await views.entered_for(work, driver_id, [mine])
    worked = await views.worked_for(work, driver_id, trip_id)
    if not entered and not worked:
        raise NothingOfThat("trip", str(trip_id))
    charged = await views.charged_for(work, driver_id, [mine])
    statement = make_statement(
        Facts(
            driver_id=driver_id, of=Of.TRIP, name=str(trip_id), week=None, entered=entered,
            opening=(), charged=charged, worked=worked,
            floor_rules=await views.floor_rules(work, charged),
        )
    )  # fmt: skip
    return Checked(statement=statement, differences=differences(statement))
