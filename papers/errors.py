"""What is refused about papers."""

from foundation.errors import Invalid, NotFound, Unavailable
from foundation.identifiers import TripId


class ReceiptNotFound(NotFound):
    """Nothing was charged for the trip, so that there is nothing to give a receipt of."""

    code = "receipt_not_found"

    def __init__(self, trip_id: TripId) -> None:
        super().__init__(
            "Nothing was charged for this trip, so there is no receipt.", trip_id=str(trip_id)
        )


class ReceiptKeyRetired(Unavailable):
    """A newer key signs now: this process was started with an older one."""

    code = "receipt_key_retired"

    def __init__(self, key_id: str) -> None:
        super().__init__(
            f"The receipt key {key_id} has been followed by a newer one; start the service with that.",
            key_id=key_id,
        )


class SigningKeyUnusable(Invalid):
    """A file is no signing key of ours, or others may read it."""

    code = "signing_key_unusable"

    def __init__(self, file: str, reason: str) -> None:
        super().__init__(f"The signing key {file} cannot be used: {reason}.", file=file)


class SupplierInvalid(Invalid):
    """What the supplier says of itself cannot stand on a receipt; the field is named."""

    code = "supplier_invalid"

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"The supplier's {field} {reason}.", field=field, reason=reason)


class PublishedKeysUnreadable(Invalid):
    """The list of keys is not one that the service publishes."""

    code = "published_keys_unreadable"

    def __init__(self, reason: str) -> None:
        super().__init__(f"This is not a list of keys as /public/v1/keys gives it: {reason}.")


class InvoiceInvalid(Invalid):
    """An invoice does not add up, or lacks what the law asks for; the field is named."""

    code = "invoice_invalid"

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"The invoice's {field} {reason}.", field=field, reason=reason)
