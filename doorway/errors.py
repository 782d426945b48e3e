"""What the doorway itself refuses."""

from foundation.errors import Forbidden, Invalid, NotSignedIn, TooMany


class NobodySignedIn(NotSignedIn):
    """No bearer token came with the request."""

    code = "nobody_signed_in"

    def __init__(self) -> None:
        super().__init__("Please sign in and send the token as 'Authorization: Bearer ...'.")


class RoleMissing(Forbidden):
    """The caller is known and lacks the role this entrance is for."""

    code = "role_missing"

    def __init__(self, role: str) -> None:
        super().__init__(f"This needs the role {role}.", role=role)


class StrongSignInNeeded(Forbidden):
    """The step needs a passkey used within the last five minutes."""

    code = "strong_sign_in_needed"

    def __init__(self) -> None:
        super().__init__("Please confirm with your passkey first.")


class IdempotencyKeyMissing(Invalid):
    """Every write carries a key, so that a retry is harmless."""

    code = "idempotency_key_missing"

    def __init__(self) -> None:
        super().__init__(
            "Send an Idempotency-Key header of 1 to 200 printable characters with every write."
        )


class IdempotencyKeyReused(Invalid):
    """I13: the same key with another request is refused."""

    code = "idempotency_key_reused"

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key was used for another request; make a new one.")


class SlowDown(TooMany):
    """More requests than a person makes."""

    code = "slow_down"

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__(
            "Too many requests; please wait a moment.", retry_after_seconds=retry_after_seconds
        )
