"""What a running service is made of, as entrances see it. `khan.build` joins the parts."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from starlette.requests import HTTPConnection

from dispatch.fleet import Fleet
from dispatch.position import PositionBoard
from dispatch.round import RoundLog
from doorway.limits import Limiter
from foundation.clock import ServiceClock, wall_now
from foundation.money import Currency
from messages.codes import CodeMessages
from registry.passkeys import RelyingParty
from registry.session_cache import SessionCache
from registry.vault import Vault
from roads.engine import RoadEngine
from roads.network import RoadNetwork
from roads.pack import CityPack
from roads.tiles import TileFile
from roads.zones import Zones
from storage.engine import Database
from storage.outbox import Hub


@dataclass(frozen=True, slots=True, kw_only=True)
class City:
    """The city served: its pack, streets and zones."""

    pack: CityPack
    network: RoadNetwork
    roads: RoadEngine
    zones: Zones
    tiles: TileFile | None

    @property
    def currency(self) -> Currency:
        """What fares are in."""
        return Currency(self.pack.currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The parts of a running service."""

    database: Database
    office_database: Database
    city: City
    hub: Hub
    fleet: Fleet
    clock: ServiceClock
    vault: Vault
    sessions: SessionCache
    codes: CodeMessages
    relying_party: RelyingParty
    limiter: Limiter
    sign_in_limiter: Limiter
    rounds: RoundLog
    clients: Path
    is_demonstration: bool

    @property
    def board(self) -> PositionBoard:
        """Who is where."""
        return self.fleet.board

    def now(self) -> datetime:
        """Service time by this process's clock; a rule's deadline is judged by the database."""
        return self.clock.at(wall_now())


def services_of(connection: HTTPConnection) -> Services:
    """The services behind a request or a socket."""
    services: Services = connection.app.state.services
    return services
