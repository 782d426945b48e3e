"""What the roads refuse, one sentence each."""

from foundation.errors import Conflict, Invalid, NotFound, Unavailable


class NetworkUnreadable(Invalid):
    """A stored road network is missing, broken, altered or of another version."""

    code = "network_unreadable"

    def __init__(self, path: object, reason: str) -> None:
        super().__init__(
            f"The road network {path} cannot be read: {reason}. Build the city again.",
            path=str(path),
            reason=reason,
        )


class TableUnreadable(Invalid):
    """A nodes-and-edges table has a fault; says where."""

    code = "table_unreadable"

    def __init__(self, path: object, line: int, reason: str) -> None:
        where = f"{path}, line {line}" if line else str(path)
        super().__init__(
            f"The street table cannot be read: {where}: {reason}.",
            path=str(path),
            line=line,
            reason=reason,
        )


class ExtractUnreadable(Invalid):
    """The OpenStreetMap extract is missing, truncated or not an extract."""

    code = "extract_unreadable"

    def __init__(self, path: object, reason: str) -> None:
        super().__init__(
            f"The extract {path} cannot be read: {reason}. Download it again.",
            path=str(path),
            reason=reason,
        )


class ExtractHasNoRoads(Invalid):
    """The extract is readable, but a car can drive nowhere in it."""

    code = "extract_has_no_roads"

    def __init__(self, path: object) -> None:
        super().__init__(
            f"The extract {path} has no connected streets that a car may use.", path=str(path)
        )


class NoConnectedStreets(Invalid):
    """No two streets lead to each other: there is nothing to drive on."""

    code = "no_connected_streets"

    def __init__(self) -> None:
        super().__init__("The streets given do not connect: no street can be reached from another.")


class ZonesUnreadable(Invalid):
    """A zones file has a fault; says which feature."""

    code = "zones_unreadable"

    def __init__(self, reason: str) -> None:
        super().__init__(f"The zones cannot be read: {reason}.", reason=reason)


class NoRoute(NotFound):
    """The two places are on the streets, and no open way leads from one to the other."""

    code = "no_route"

    def __init__(self) -> None:
        super().__init__("No open street leads from the one place to the other.")


class EngineFailed(Unavailable):
    """The road engine failed inside; the same question may be asked of another engine."""

    code = "engine_failed"

    def __init__(self, engine: str, reason: str) -> None:
        super().__init__(
            f"The road engine {engine} failed: {reason}.", engine=engine, reason=reason
        )


class PackIncomplete(Invalid):
    """A city pack lacks a file that every pack needs; names it."""

    code = "pack_incomplete"

    def __init__(self, folder: object, file: str, what: str) -> None:
        super().__init__(
            f"The city pack {folder} is incomplete: {file} ({what}) is missing. "
            "Add it, or build the city again with `khan city build`.",
            folder=str(folder),
            file=file,
            what=what,
        )
        self.file = file


class PackInvalid(Invalid):
    """A file of a city pack makes no sense; names the file and the field."""

    code = "pack_invalid"

    def __init__(self, folder: object, file: str, field: str, reason: str) -> None:
        where = f"{file}, {field}" if field else file
        super().__init__(
            f"The city pack {folder} cannot be used: {where}: {reason}.",
            folder=str(folder),
            file=file,
            field=field,
            reason=reason,
        )
        self.file = file
        self.field = field


class PackExists(Conflict):
    """There is something in the folder that a city pack should be built into."""

    code = "pack_exists"

    def __init__(self, folder: object) -> None:
        super().__init__(
            f"{folder} is there already and is not empty. Choose another folder, "
            "or say that it may be replaced.",
            folder=str(folder),
        )


class TilesUnreadable(Invalid):
    """A map file is missing, broken or not a map."""

    code = "tiles_unreadable"

    def __init__(self, path: object, reason: str) -> None:
        super().__init__(
            f"The map {path} cannot be read: {reason}. Build it again.",
            path=str(path),
            reason=reason,
        )


class TimeZoneUnknown(Invalid):
    """The time zone given for a city is not in the IANA database."""

    code = "time_zone_unknown"

    def __init__(self, timezone: str) -> None:
        super().__init__(
            f"There is no time zone {timezone!r}; give one like Europe/Berlin.", timezone=timezone
        )


class CountryUnknown(Invalid):
    """The country given for a city is not an ISO 3166 code that we know."""

    code = "country_unknown"

    def __init__(self, country: str) -> None:
        super().__init__(
            f"There is no country {country!r}; give two capital letters like DE.", country=country
        )
