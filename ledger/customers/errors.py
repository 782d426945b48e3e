"""Refusals of whoever is to pay, and of those who keep the registers."""

from foundation.errors import Conflict, Forbidden, Invalid, NotFound
from foundation.identifiers import UUID, TripId
from foundation.money import Money


class WayToPayUnclear(Invalid):
    """The booking names a payer that does not go with its way to pay, or none where one is needed."""

    code = "way_to_pay_unclear"

    def __init__(self, way: str, needs: str) -> None:
        super().__init__(f"To pay by {way}, {needs}.", way=way)


class CustomerDoesNotPay(Forbidden):
    """The customer is closed or unknown, or has not said that this rider may ride on it.

    One answer for all of these: whoever asks learns nothing of somebody's customers.
    """

    code = "customer_does_not_pay"

    def __init__(self) -> None:
        super().__init__(
            "You cannot ride on this customer's account with that cost centre or PIN; ask them for a"
            " PIN, or pay another way."
        )


class AboveTripLimit(Conflict):
    """The trip costs more than the customer pays for one."""

    code = "above_trip_limit"

    def __init__(self, limit: Money) -> None:
        super().__init__(
            f"The customer pays at most {limit} for one trip; pay another way.", limit=str(limit)
        )


class AboveMonthLimit(Conflict):
    """The customer's month has less left than the trip costs."""

    code = "above_month_limit"

    def __init__(self) -> None:
        super().__init__("The customer's limit of the month is reached; pay another way.")


class VoucherNotUsable(Conflict):
    """No voucher with that code stands, or nothing is left of it."""

    code = "voucher_not_usable"

    def __init__(self) -> None:
        super().__init__(
            "That voucher is unknown, over or used up; check the code, or pay another way."
        )


class CustomerNotFound(NotFound):
    """There is no such customer."""

    code = "customer_not_found"

    def __init__(self, customer_id: UUID) -> None:
        super().__init__(f"There is no customer {customer_id}.", customer_id=customer_id)


class CustomerClosed(Conflict):
    """The customer's account is closed."""

    code = "customer_closed"

    def __init__(self, customer_id: UUID) -> None:
        super().__init__(
            f"The account of customer {customer_id} is closed; open a new one.",
            customer_id=customer_id,
        )


class CustomerKnownOtherwise(Conflict):
    """The identifier stands for something else already."""

    code = "customer_known_otherwise"

    def __init__(self, what: str) -> None:
        super().__init__(f"That {what} is registered already, and otherwise; use a new identifier.")


class CostCentreUnknown(NotFound):
    """The customer has no such cost centre."""

    code = "cost_centre_unknown"

    def __init__(self, cost_centre: str) -> None:
        super().__init__(
            f"The customer has no cost centre {cost_centre}; add it first.", cost_centre=cost_centre
        )


class RiderListedAlready(Conflict):
    """The rider is on the customer's list."""

    code = "rider_listed_already"

    def __init__(self) -> None:
        super().__init__("The rider is on that list already; take them off first to change it.")


class RiderNotListed(NotFound):
    """The rider is not on the customer's list."""

    code = "rider_not_listed"

    def __init__(self) -> None:
        super().__init__("The rider is not on that list.")


class VoucherNotFound(NotFound):
    """There is no such voucher."""

    code = "voucher_not_found"

    def __init__(self, voucher_id: UUID) -> None:
        super().__init__(f"There is no voucher {voucher_id}.", voucher_id=voucher_id)


class VoucherNotOver(Conflict):
    """The voucher can still be used."""

    code = "voucher_not_over"

    def __init__(self, voucher_id: UUID, until: str) -> None:
        super().__init__(
            f"Voucher {voucher_id} can be used until {until}; what is left goes back after that.",
            voucher_id=voucher_id,
        )


class NoCashTrip(Conflict):
    """The trip was not paid in cash to this driver."""

    code = "no_cash_trip"

    def __init__(self, trip_id: TripId) -> None:
        super().__init__(f"Trip {trip_id} was not paid to you in cash.", trip_id=trip_id)


class MoreMissingThanOwed(Invalid):
    """More cash is said to be missing than the fare was, or another sum than before."""

    code = "more_missing_than_owed"

    def __init__(self, taken: Money) -> None:
        super().__init__(
            f"Between the smallest coin and {taken} can be missing, and it is said once a trip.",
            taken=str(taken),
        )


class MonthNotOver(Conflict):
    """A month is invoiced when it is over."""

    code = "month_not_over"

    def __init__(self, month: str) -> None:
        super().__init__(f"{month} is not over; invoice it when it is.", month=month)


class NothingToInvoice(Conflict):
    """Nothing was entered that a document has not said yet."""

    code = "nothing_to_invoice"

    def __init__(self) -> None:
        super().__init__("Nothing was entered that an invoice or a credit note has not said yet.")


class SupplierUnknown(Conflict):
    """Nobody has said who invoices."""

    code = "supplier_unknown"

    def __init__(self) -> None:
        super().__init__(
            "An invoice names its supplier: say name, address and VAT id in KHAN_SUPPLIER's file first."
        )


class DocumentNotFound(NotFound):
    """There is no such invoice or credit note."""

    code = "document_not_found"

    def __init__(self, document_id: UUID) -> None:
        super().__init__(f"There is no invoice {document_id}.", document_id=document_id)


class DisputedAlready(Conflict):
    """The rider disputes that already, or it was decided."""

    code = "disputed_already"

    def __init__(self, trip_id: TripId, about: str) -> None:
        super().__init__(
            f"The {about} of trip {trip_id} is disputed already; see what was decided.",
            trip_id=trip_id,
        )


class NothingToDispute(Conflict):
    """The trip has no such entry, or less was charged."""

    code = "nothing_to_dispute"

    def __init__(self, trip_id: TripId, about: str) -> None:
        super().__init__(
            f"Trip {trip_id} has no {about} of so much that you could dispute.", trip_id=trip_id
        )


class DisputeNotFound(NotFound):
    """There is no such dispute."""

    code = "dispute_not_found"

    def __init__(self, dispute_id: UUID) -> None:
        super().__init__(f"There is no dispute {dispute_id}.", dispute_id=dispute_id)


class DisputeDecided(Conflict):
    """The dispute was decided, and a decision stands."""

    code = "dispute_decided"

    def __init__(self, dispute_id: UUID) -> None:
        super().__init__(
            f"Dispute {dispute_id} was decided, and a decision stands.", dispute_id=dispute_id
        )


class CannotBeDecidedSo(Conflict):
    """The decision does not go with what is disputed."""

    code = "cannot_be_decided_so"

    def __init__(self, why: str) -> None:
        super().__init__(f"The dispute cannot be decided so: {why}.")


class OwnDispute(Forbidden):
    """Who rode or drove the trip does not decide its dispute."""

    code = "own_dispute"

    def __init__(self) -> None:
        super().__init__("You rode or drove this trip; somebody else decides.")
