"""What the registry refuses. No sentence and no fact here repeats a name, a phone or a code."""

from collections.abc import Sequence

from foundation.errors import (
    Conflict,
    Forbidden,
    Gone,
    Invalid,
    NotFound,
    NotSignedIn,
    TooMany,
    Unavailable,
)


class PhoneInvalid(Invalid):
    """The phone is not an international number."""

    code = "phone_invalid"

    def __init__(self) -> None:
        super().__init__(
            "Please write the phone number with its country code, for example +352 621 000 000."
        )


class DetailInvalid(Invalid):
    """A detail of a person, driver or vehicle cannot be so."""

    code = "detail_invalid"

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"The {field.replace('_', ' ')} {reason}.", field=field)


class ZoneUnknown(Invalid):
    """A licence names a zone that the city does not have."""

    code = "zone_unknown"

    def __init__(self, zones: Sequence[str]) -> None:
        said = ", ".join(repr(zone) for zone in zones)
        super().__init__(
            f"The city has no zone {said}; its zones and their codes are at /public/v1/zones.",
            zones=list(zones),
        )


class TooManyCodes(TooMany):
    """Five codes were sent to this phone within the hour."""

    code = "too_many_codes"

    def __init__(self, *, retry_after_seconds: int) -> None:
        super().__init__(
            "Five codes were sent to this phone within an hour; please wait before asking again.",
            retry_after_seconds=retry_after_seconds,
        )


class CodeWrong(NotSignedIn):
    """The code is not the one that was sent."""

    code = "code_wrong"

    def __init__(self, *, tries_left: int) -> None:
        left = {0: "ask for a new one", 1: "one try is left"}.get(
            tries_left, f"{tries_left} tries are left"
        )
        super().__init__(f"That is not the code we sent; {left}.", tries_left=tries_left)


class CodeSpent(Gone):
    """The code was used, tried too often, has expired, or never was: all answered alike."""

    code = "code_spent"

    def __init__(self) -> None:
        super().__init__("That code can no longer be used; please ask for a new one.")


class SignInNeeded(NotSignedIn):
    """No session goes with the token, or it is over."""

    code = "sign_in_needed"

    def __init__(self) -> None:
        super().__init__("Please sign in.")


class StrongSignInNeeded(Forbidden):
    """The act needs a passkey used within the last five minutes."""

    code = "strong_sign_in_needed"

    def __init__(self) -> None:
        super().__init__(
            "Please sign in with your passkey first, then do this within five minutes."
        )


class RoleNeeded(Forbidden):
    """The caller lacks the role."""

    code = "role_needed"

    def __init__(self, role: str) -> None:
        super().__init__(f"This needs the role {role}.", role=role)


class PasskeyRefused(NotSignedIn):
    """The passkey is unknown, withdrawn, or its answer does not hold: all answered alike."""

    code = "passkey_refused"

    def __init__(self) -> None:
        super().__init__("That passkey did not sign you in; please try again or use a code.")


class PasskeyUnusable(Invalid):
    """The new passkey's answer does not hold."""

    code = "passkey_unusable"

    def __init__(self) -> None:
        super().__init__("That passkey could not be kept; please try again.")


class PasskeyKnown(Conflict):
    """The passkey is registered already."""

    code = "passkey_known"

    def __init__(self) -> None:
        super().__init__("That passkey is registered already.")


class PasskeyChallengeSpent(Gone):
    """The challenge was used, has expired, is somebody else's, or never was."""

    code = "passkey_challenge_spent"

    def __init__(self) -> None:
        super().__init__("That took too long; please start again with your passkey.")


class PersonNotFound(NotFound):
    """No such person."""

    code = "person_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such person.")


class DriverNotFound(NotFound):
    """No such driver."""

    code = "driver_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such driver.")


class VehicleNotFound(NotFound):
    """No such vehicle, or it is not the caller's."""

    code = "vehicle_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such vehicle.")


class CredentialNotFound(NotFound):
    """No such credential."""

    code = "credential_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such credential.")


class SessionNotFound(NotFound):
    """No such session, or it is somebody else's."""

    code = "session_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such session.")


class DriverLicensedAlready(Conflict):
    """The person is a driver, or the licence number is another driver's."""

    code = "driver_licensed_already"

    def __init__(self) -> None:
        super().__init__("This person or this licence number is licensed already.")


class VehicleRegisteredAlready(Conflict):
    """The plate or the licence number belongs to a registered vehicle."""

    code = "vehicle_registered_already"

    def __init__(self) -> None:
        super().__init__("A vehicle with this plate or licence number is registered already.")


class CredentialWithdrawnAlready(Conflict):
    """The credential was withdrawn before."""

    code = "credential_withdrawn_already"

    def __init__(self) -> None:
        super().__init__("This credential was withdrawn already.")


class NotFitToWork(Forbidden):
    """The driver may not work with this vehicle now; `reasons` says why, by code."""

    code = "not_fit_to_work"

    def __init__(self, reasons: Sequence[str]) -> None:
        said = ", ".join(reason.replace("_", " ") for reason in reasons)
        super().__init__(f"You cannot drive now: {said}.", reasons=list(reasons))
        self.reasons = tuple(reasons)


class VaultKeyWrong(Unavailable):
    """The key given does not open the names and phones kept here."""

    code = "vault_key_wrong"

    def __init__(self) -> None:
        super().__init__(
            "The key of the contact vault is not the one this database was sealed with."
        )
