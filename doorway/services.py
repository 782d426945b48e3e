"""What a running service is made of, as entrances see it. `khan.build` joins the parts."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from starlette.requests import HTTPConnection

from dispatch.advice import AdviceBoard
from dispatch.fairness_figures import FairnessLog
from dispatch.fleet import Fleet
from dispatch.position import PositionBoard
from dispatch.round import RoundLog
from doorway.limits import Limiter
from foundation.clock import ServiceClock, wall_now
from governance.ballots.manifest import RelyingParty as VotingPlace
from governance.service.deciding import Readers
from governance.service.polls import BallotTerms
from ledger.customers.invoice import Supplier
from ledger.open_views import OpenBooks
from ledger.payments.desk import DeskProvider
from ledger.payments.provider import Providers
from ledger.payout_plan import PayoutTerms
from messages.codes import CodeMessages
from papers.service import Letterhead
from registry.passkeys import RelyingParty
from registry.session_cache import SessionCache
from registry.vault import Vault
from roads.engine import RoadEngine
from roads.pack import CityPack
from storage.engine import Database
from storage.outbox import Hub


class Tiles(Protocol):
    """A map cut into vector tiles."""

    def tile(self, z: int, x: int, y: int) -> bytes | None:
        """One tile, gzipped; None where there is nothing to draw."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class City:
    """The city served: its pack, its roads prepared, its map."""

    pack: CityPack
    roads: RoadEngine
    tiles: Tiles | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BallotPlaces:
    """Where members' phones find the desks that sign ballots, and the box: scheme, host, port."""

    desks: tuple[str, ...] = ()
    box: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The parts of a running service; `readers` check what members want to write into a rule."""

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
    fairness: FairnessLog
    advice: AdviceBoard
    readers: Readers
    clients: Path
    is_demonstration: bool
    ballot_places: BallotPlaces = BallotPlaces()
    grace_seconds: int = 3600
    payouts: PayoutTerms = field(default_factory=PayoutTerms)
    books: OpenBooks = field(default_factory=OpenBooks)
    providers: Providers = field(default_factory=lambda: Providers(desk=DeskProvider()))
    letterhead: Letterhead = field(default_factory=Letterhead)

    @property
    def supplier(self) -> Supplier | None:
        """Who invoices customers, as the letterhead says; None if it names nobody."""
        named = self.letterhead.supplier
        if named is None:
            return None
        return Supplier(
            legal_name=named.name, address=", ".join(named.address), vat_id=named.vat_id
        )

    @property
    def ballot_terms(self) -> BallotTerms:
        """What the city settles for all its votes without names: members sign where they sign in."""
        party = self.relying_party
        place = VotingPlace(rp_id=party.rp_id, origins=tuple(party.origins))
        return BallotTerms(relying_party=place, grace_seconds=self.grace_seconds)

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
