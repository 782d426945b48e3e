"""What an operator chooses. Everything members may choose is a rule, in the rulebook.

Read from the environment, prefix `KHAN_`; `DATABASE_URL` as everybody knows it.
docs/reference/settings.md lists them, and a test holds the two together.
"""

import os
from pathlib import Path

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from foundation.errors import Invalid

_USUAL_CACHE = Path(".khan/cache")


class SettingsUnusable(Invalid):
    """A setting is missing or makes no sense."""

    code = "settings_unusable"

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"The setting {name} cannot be used: {reason}.", name=name)


class Settings(BaseSettings):
    """Settings of one process."""

    model_config = SettingsConfigDict(env_prefix="KHAN_", extra="ignore", populate_by_name=True)

    city: str = Field(description="Folder of a city pack, or the name of one that came along.")
    database_url: str = Field(
        validation_alias="DATABASE_URL",
        description="PostgreSQL 15 to 18. The service takes on the role khan_app there.",
    )
    vault_secret: SecretStr = Field(
        min_length=32,
        description="At least 32 random characters; names and phones are sealed under it. "
        "Whoever loses it loses them.",
    )
    host: str = Field(default="127.0.0.1", description="Where to listen.")
    port: int = Field(default=8765, ge=0, le=65535, description="The port to listen on.")
    origin: str = Field(
        default="http://localhost:8765",
        description="Where browsers reach the service: scheme, host, port. Passkeys hang on it.",
    )
    cache: Path = Field(
        default=_USUAL_CACHE, description="Prepared roads and maps; safe to delete."
    )
    messages_file: Path | None = Field(
        default=None,
        description="Write text messages to this file instead of the console (demonstrations).",
    )
    pid_file: Path | None = Field(default=None, description="Write the process's number here.")
    pool_size: int = Field(default=20, ge=2, le=100, description="Database connections kept open.")
    desks: str = Field(
        default="",
        description="Addresses of the two desks that sign secret ballots, with a comma between: "
        "the secretary's, then the city clerk's. Empty: no sealed votes.",
    )
    box: str = Field(
        default="", description="Address of the ballot box and the board. Empty: no secret votes."
    )
    supplier: Path | None = Field(
        default=None,
        description="A JSON file that says who supplies, for receipts and invoices: `name`, `address` "
        "(a list of lines), `vat_id`. Without it receipts name nobody, and nobody is invoiced.",
    )
    receipt_key: Path | None = Field(
        default=None,
        description="The key file that signs receipts (`khan receipt new-key`). "
        "Without it they are unsigned, and say so.",
    )
    grace_seconds: int = Field(
        default=3600,
        ge=0,
        le=604_800,
        description="How long after the close of a vote without names witnesses may take to sign.",
    )
    stripe_secret_key: SecretStr | None = Field(
        default=None,
        description="The key by which Stripe is asked. With it and the webhook's secret, cards are "
        "taken; without them they are refused (`card_not_offered`).",
    )
    stripe_webhook_secret: SecretStr | None = Field(
        default=None,
        description="The secret by which Stripe signs what it tells `/provider/v1/webhooks/stripe`.",
    )
    stripe_publishable_key: str = Field(
        default="", description="The key by which riders' pages give cards to Stripe."
    )
    stripe_address: str = Field(
        default="https://api.stripe.com", description="Where Stripe's API is; another in tests."
    )
    payer_name: str = Field(
        default="",
        description="Who pays the drivers, as their banks read it: the co-operative's name.",
    )
    payer_iban: str = Field(
        default="",
        description="The account that drivers are paid from; its check digits are tried.",
    )
    payer_bic: str = Field(
        default="", description="The bank of that account, where it is asked for."
    )
    payer_routing_number: str = Field(
        default="", description="Instead of an IBAN: the bank of an account in the United States."
    )
    payer_account_number: str = Field(
        default="", description="Instead of an IBAN: the account's number at that bank."
    )
    payout_least_minor: int = Field(
        default=1,
        ge=1,
        description="Smaller sums, in minor units, wait for the next payout run, unless they are "
        "asked for.",
    )
    payouts_on_request: bool = Field(
        default=True, description="Whether drivers may ask to be paid with the next payout file."
    )
    requests_a_second: float = Field(
        default=20.0, gt=0, description="What one signed-in person may ask on average."
    )
    sign_ins_a_minute: float = Field(
        default=20.0, gt=0, description="Codes and sign-ins one address may try in a minute."
    )
    log_level: str = Field(default="info", pattern="^(debug|info|warning|error)$",
                           description="How much is logged: debug, info, warning or error.")  # fmt: skip


def cache_folder() -> Path:
    """`KHAN_CACHE`, for commands that need no other setting."""
    return Path(os.environ.get("KHAN_CACHE", _USUAL_CACHE)).resolve()


def load(**chosen: object) -> Settings:
    """The settings from the environment, with those given by the caller above them.

    Raises
    ------
    SettingsUnusable
        Naming the first setting that is missing or wrong.
    """
    try:
        return Settings(**chosen)  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else "?"
        spelled = name if name.isupper() else f"KHAN_{name.upper()}"
        raise SettingsUnusable(spelled, first["msg"].rstrip(".")) from None
