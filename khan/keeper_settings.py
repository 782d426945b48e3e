"""What the operator of an issuing desk, or of the ballot box and board, chooses.

Read from the environment like the service's own (`khan.settings`); each process has its own machine, its
own login and its own folder of keys.
"""

from pathlib import Path
from typing import Literal, TypeVar

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from khan.settings import SettingsUnusable


class KeeperSettings(BaseSettings):
    """What a desk's process and the board's have alike."""

    model_config = SettingsConfigDict(env_prefix="KHAN_", extra="ignore", populate_by_name=True)

    database_url: str = Field(
        validation_alias="DATABASE_URL",
        description="For `khan desk` and `khan board`: the database, by a login that may take on the "
        "process's own role (khan_desk_secretary, khan_desk_city_clerk, khan_ballot_board).",
    )
    keys: Path = Field(
        description="For `khan desk` and `khan board`: the folder of the process's private keys, made at "
        "the first start. No other process may read it; whoever loses it loses the polls under way."
    )
    host: str = Field(default="127.0.0.1", description="Where to listen.")
    origin: str = Field(
        default="http://localhost:8765",
        description="The service's pages, which may ask desks and box from a browser.",
    )
    log_level: str = Field(default="info", pattern="^(debug|info|warning|error)$",
                           description="How much is logged: debug, info, warning or error.")  # fmt: skip


class DeskSettings(KeeperSettings):
    """Settings of an issuing desk's process."""

    desk: Literal["secretary", "city-clerk"] = Field(description="Which of the two desks this is.")
    port: int = Field(default=8771, ge=0, le=65535, description="The port to listen on.")
    desk_secret: SecretStr | None = Field(
        default=None,
        min_length=16,
        description="What the staffed desk shows when it gives out a ballot paper; without it, "
        "none is given out.",
    )
    token_module: Path | None = Field(
        default=None,
        description="The maker's PKCS#11 module; with it, the keys that sign ballots are made on the "
        "token and cannot leave it.",
    )
    token: str = Field(default="", description="The token's label.")
    token_pin: SecretStr = Field(default=SecretStr(""), description="The token's user PIN.")


class BoardSettings(KeeperSettings):
    """Settings of the ballot box's and board's process."""

    port: int = Field(default=8773, ge=0, le=65535, description="The port to listen on.")
    batch_least: int = Field(
        default=10,
        ge=2,
        description="How many ballots of different voters go onto the board together at least.",
    )
    kept_back: int = Field(
        default=10,
        ge=0,
        description="How many ballots stay behind each time, drawn by chance, so that whoever votes last "
        "is not alone on the board at the close.",
    )


Chosen = TypeVar("Chosen", bound=KeeperSettings)


def load(kind: type[Chosen]) -> Chosen:
    """The settings of a process from the environment.

    Raises
    ------
    SettingsUnusable
        Naming the first setting that is missing or wrong.
    """
    try:
        return kind()  # type: ignore[call-arg]
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else "?"
        spelled = name if name.isupper() else f"KHAN_{name.upper()}"
        raise SettingsUnusable(spelled, first["msg"].rstrip(".")) from None
