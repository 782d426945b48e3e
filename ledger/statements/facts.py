"""What a statement is computed from: rows of the books and the work record, as values. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from fares.pay import PayFloors
from foundation.identifiers import UUID, RuleId, ShiftId, TransferId, TripId
from foundation.money import Currency, Money
from ledger.costs.cost import Cost
from ledger.statements.period import Week
from ledger.transfer import Kind


class Of(StrEnum):
    """What a statement is of."""

    WEEK = "week"
    SHIFT = "shift"
    TRIP = "trip"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """One posted entry in the driver's account.

    Attributes
    ----------
    trip_id
        The trip it is of; of a reversal, that of what it takes back.
    amount_minor
        Above zero is in the driver's favour.
    share_of_minor, share_bps
        Of a share: of which sum, and its basis points.
    reason
        Of a reversal.
    """

    made_at: datetime
    transfer_id: TransferId
    line: int
    trip_id: TripId | None
    kind: Kind
    code: str
    amount_minor: int
    currency: Currency
    share_of_minor: int | None = None
    share_bps: int | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Charged:
    """What a trip was charged, and what its driver was paid for it by the fare's document.

    Attributes
    ----------
    pay_minor, reimbursed_minor
        Pay (share, extras, top-up) and outlays given back; None of a fee, which has no document of pay.
    share_minor
        The driver's part with the extras that are wholly theirs: what is held against the floor.
    metres, seconds
        The way as driven, which the floor is computed from.
    """

    trip_id: TripId
    kind: Kind
    made_at: datetime
    total: Money
    pay_minor: int | None = None
    reimbursed_minor: int | None = None
    share_minor: int | None = None
    top_up_minor: int = 0
    floor_name: str | None = None
    floor_minor: int = 0
    metres: int = 0
    seconds: int = 0
    floor_rule_id: RuleId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Worked:
    """One row of the work record: what ended at `ended_at`, and how long and far it was."""

    ended_at: datetime
    shift_id: ShiftId
    trip_id: TripId | None = None
    seconds_on_shift: int = 0
    seconds_engaged: int = 0
    metres: int = 0
    trips: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenShift:
    """A shift that goes on; its seconds until `until` count."""

    shift_id: ShiftId
    started_at: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FloorRule:
    """The pay floors a trip was quoted by, and which version of the rule they are."""

    rule_id: RuleId
    version: int
    floors: PayFloors


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything that one statement says, before it is computed.

    Attributes
    ----------
    name
        The week's name, or the identifier of the trip or shift.
    opening
        Of a week, what was owed before it, one for each currency that has any.
    costs
        The driver's own that stand; None where whoever asks may not see them.
    """

    driver_id: UUID
    of: Of
    name: str
    week: Week | None
    entered: Sequence[Entered]
    opening: Sequence[Money]
    charged: Sequence[Charged]
    worked: Sequence[Worked]
    open_shift: OpenShift | None = None
    costs: Sequence[Cost] | None = None
    floor_rules: Mapping[RuleId, FloorRule] = field(default_factory=dict)
