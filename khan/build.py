"""Joining the parts: from settings to a service that can run."""

import sys
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from urllib.parse import urlsplit

import structlog

from dispatch.advice import AdviceBoard
from dispatch.advising import Adviser
from dispatch.fairness_figures import FairnessLog
from dispatch.fleet import Fleet
from dispatch.matching.policy import parse_policy
from dispatch.position import PositionBoard
from dispatch.round import Dispatcher, RoundLog
from doorway.limits import Limiter
from doorway.services import BallotPlaces, City, Services
from fares.levy import parse_levy
from fares.pay import parse_pay_floors
from fares.tariff import parse_tariff
from foundation.clock import stopwatch_ms
from foundation.errors import NotFound, Refusal
from governance.bylaws import parse_bylaws
from governance.events import TOLD_TO_EVERYBODY
from governance.service.deciding import Readers
from governance.surplus.policy import parse_allocation_policy
from khan.letterhead import letterhead_of
from khan.our_tables import our_tables
from khan.settings import Settings, SettingsUnusable
from khan.stripe_provider import StripeProvider
from ledger.bank_account import BankAccount
from ledger.errors import BankAccountWrong
from ledger.payments.desk import DeskProvider
from ledger.payments.provider import Providers
from ledger.payout_notices import Teller
from ledger.payout_plan import PayoutTerms
from messages.codes import CodeMessages
from messages.sender import ConsoleSender
from papers.service import Letterhead, publish_key
from registry.passkeys import RelyingParty
from registry.service import check_vault
from registry.session_cache import SessionCache
from registry.vault import Vault
from roads.engine import RoadEngine, open_engine
from roads.pack import CityPack
from roads.tile_features import features_of_area, features_of_streets
from roads.tiles import MapTiles, build_tiles
from rulebook.booking_policy import BookingPolicy, parse_booking_policy
from rulebook.charter import Charter, parse_charter
from rulebook.rule import RuleKind
from rulebook.service import booking_policy
from storage.engine import Database
from storage.outbox import Hub, Relay
from storage.timings import Timings

log = structlog.get_logger()

_ROOT = Path(__file__).resolve().parent.parent
_SHIPPED = Path(__file__).resolve().parent / "_shipped"


SHORTEST_ANSWER_SECONDS = 4.0
"""For an offer, in wall time: a demonstration may run faster, who answers and this machine do not."""


class CityUnknown(NotFound):
    """No city pack goes by that name, and no folder is there."""

    code = "city_unknown"

    def __init__(self, name: str, known: list[str]) -> None:
        super().__init__(
            f"There is no city pack {name!r}; give a folder, or one of: {', '.join(known)}.",
            name=name,
        )


def shipped(part: str) -> Path:
    """A folder that comes along: beside the code in a checkout, inside it in a wheel."""
    return _SHIPPED / part if (_SHIPPED / part).is_dir() else _ROOT / part


def find_city(name: str) -> Path:
    """The folder of a city pack, given as a folder or by the name of one that came along.

    Raises
    ------
    CityUnknown
    """
    if "/" in name or Path(name).is_dir():
        if Path(name).is_dir():
            return Path(name)
    elif (shipped("cities") / name / "city.json").is_file():
        return shipped("cities") / name
    known = sorted(path.parent.name for path in shipped("cities").glob("*/city.json"))
    raise CityUnknown(name, known)


def open_city(name: str, cache: Path) -> City:
    """A city pack, checked, with its roads prepared and its map drawn; both are cached.

    Raises
    ------
    CityUnknown, roads.errors.PackIncomplete, roads.errors.PackInvalid
    """
    pack = CityPack.open(find_city(name))
    return City(pack=pack, roads=open_roads(pack, cache), tiles=open_tiles(pack, cache / "tiles"))


def open_roads(pack: CityPack, cache: Path) -> RoadEngine:
    """The engine of a city's streets, prepared once and kept in `cache`."""
    return open_engine(pack.network, cache / "roads" / pack.network.digest[:16])


def open_tiles(pack: CityPack, cache: Path) -> MapTiles:
    """The map that came with the pack, or one drawn from its streets and kept in `cache`."""
    if pack.tiles is not None:
        return MapTiles(pack.tiles)
    path = cache / f"{pack.name}-{pack.network.digest[:16]}.pmtiles"
    if not path.is_file():
        cache.mkdir(parents=True, exist_ok=True)
        features = [
            *features_of_area(boundary=pack.boundary, land=pack.land, zones=pack.zones),
            *features_of_streets(pack.network),
        ]
        build_tiles(path, features, title=pack.title, attribution=pack.attribution)
    return MapTiles(path)


READERS: Readers = {
    RuleKind.TARIFF: parse_tariff,
    RuleKind.PAY_FLOOR: parse_pay_floors,
    RuleKind.LEVY: parse_levy,
    RuleKind.BOOKING_POLICY: parse_booking_policy,
    RuleKind.MATCHING_POLICY: parse_policy,
    RuleKind.ALLOCATION_POLICY: parse_allocation_policy,
    RuleKind.BYLAWS: parse_bylaws,
}
"""Who reads a rule of each kind: the room that will act on it."""


def read_charter(pack: CityPack) -> Charter:
    """The founding charter of a city, read by every room that acts on it.

    Raises
    ------
    rulebook.errors.CharterInvalid
    """
    return parse_charter(pack.charter_folder, readers=READERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A service, and what its loops turn."""

    settings: Settings
    services: Services
    relay: Relay
    dispatcher: Dispatcher
    adviser: Adviser
    timings: Timings
    teller: Teller

    async def dispose(self) -> None:
        """Close every connection to the database."""
        await self.services.database.dispose()
        await self.services.office_database.dispose()
        if isinstance(self.services.providers.cards, StripeProvider):
            await self.services.providers.cards.close()


async def build(settings: Settings) -> Running:
    """Open the city and the database, and join everything.

    Raises
    ------
    storage.engine.DatabaseUnavailable
        If the database cannot be reached.
    TablesMissing, DatabaseRefuses
        If its tables were never made, or are not for this user.
    registry.errors.VaultKeyWrong
        If the vault's secret is not the one this database was sealed with.
    SettingsUnusable, papers.errors.SigningKeyUnusable, papers.errors.ReceiptKeyRetired
        If the supplier's file or the key of receipts cannot be used.
    """
    letterhead = letterhead_of(settings)
    city = open_city(settings.city, settings.cache)
    providers = _providers(settings)
    database = Database(settings.database_url, pool_size=settings.pool_size)
    office_database = Database(settings.database_url, role="khan_office", pool_size=2)
    vault = Vault.from_secret(settings.vault_secret.get_secret_value().encode())
    policy = await _check(database, vault, letterhead)
    clock = await database.clock()
    board = PositionBoard()
    hub, fleet = Hub(everybody=TOLD_TO_EVERYBODY), Fleet(board, currency=city.pack.currency)
    hub.listen_to_all(fleet.hear)
    sender = _sender(settings)
    services = Services(
        database=database,
        office_database=office_database,
        city=city,
        hub=hub,
        fleet=fleet,
        clock=clock,
        vault=vault,
        sessions=SessionCache(lambda: stopwatch_ms() / 1000),
        codes=CodeMessages(sender),
        relying_party=_relying_party(settings, city.pack.title),
        limiter=Limiter(rate=settings.requests_a_second, burst=4 * settings.requests_a_second),
        sign_in_limiter=Limiter(
            rate=settings.sign_ins_a_minute / 60, burst=settings.sign_ins_a_minute
        ),
        rounds=RoundLog(),
        fairness=FairnessLog(board),
        advice=AdviceBoard(),
        readers=READERS,
        clients=shipped("clients"),
        ballot_places=_ballot_places(settings),
        grace_seconds=settings.grace_seconds,
        providers=providers,
        payouts=payout_terms(settings),
        letterhead=letterhead,
        is_demonstration=clock.rate != 1 or clock.service_origin != clock.wall_origin,
    )
    dispatcher, adviser = _deciders(services, stale_seconds=policy.position_stale_s)
    return Running(
        settings=settings,
        services=services,
        relay=Relay(database, hub),
        dispatcher=dispatcher,
        adviser=adviser,
        timings=Timings(),
        teller=Teller(database, vault, sender, city.pack.zone_info),
    )


def _deciders(services: Services, *, stale_seconds: int) -> tuple[Dispatcher, Adviser]:
    """What decides rounds, and what advises; they share the board and the streets."""
    city, rate = services.city, services.clock.rate
    dispatcher = Dispatcher(
        services.database,
        roads=city.roads,
        network_digest=city.pack.network.digest,
        board=services.board,
        stale_seconds=stale_seconds,
        advice=services.advice,
        answer_seconds_min=ceil(SHORTEST_ANSWER_SECONDS * rate) if rate > 1 else 0,
    )
    adviser = Adviser(
        services.database,
        services.advice,
        pack=city.pack,
        roads=city.roads,
        board=services.board,
        stale_seconds=stale_seconds,
    )
    return dispatcher, adviser


async def _check(database: Database, vault: Vault, letterhead: Letterhead) -> BookingPolicy:
    """Whether this is a founded city's database, sealed with this vault; its booking policy.

    The key that signs receipts is published before anything is signed with it.
    """
    try:
        with our_tables():
            async with database.work() as work:
                await check_vault(work, vault)
                if letterhead.signer is not None:
                    await publish_key(work, letterhead.signer)
                return await booking_policy(work, work.now)
    except Refusal:
        await database.dispose()
        raise


def _sender(settings: Settings) -> ConsoleSender:
    if settings.messages_file is not None:
        return ConsoleSender.to_file(settings.messages_file)
    return ConsoleSender(sys.stdout)


def _ballot_places(settings: Settings) -> BallotPlaces:
    """Where secret ballots are signed and put in.

    Raises
    ------
    SettingsUnusable
    """
    desks = tuple(one.strip().rstrip("/") for one in settings.desks.split(",") if one.strip())
    box = settings.box.strip().rstrip("/")
    if len(desks) not in (0, 2):
        raise SettingsUnusable("KHAN_DESKS", "it names two addresses with a comma between")
    for name, address in (*(("KHAN_DESKS", one) for one in desks), ("KHAN_BOX", box)):
        parts = urlsplit(address)
        if address and (parts.scheme not in ("http", "https") or not parts.netloc):
            raise SettingsUnusable(name, f"{address!r} is no web address")
    return BallotPlaces(desks=desks, box=box)


def _providers(settings: Settings) -> Providers:
    """Who moves money: cards go by Stripe if both its secrets are there.

    Raises
    ------
    SettingsUnusable
    """
    key, webhook = settings.stripe_secret_key, settings.stripe_webhook_secret
    if (key is None) != (webhook is None):
        name = "KHAN_STRIPE_SECRET_KEY" if key is None else "KHAN_STRIPE_WEBHOOK_SECRET"
        raise SettingsUnusable(name, "one of the two secrets of Stripe is missing")
    if key is None or webhook is None:
        return Providers(desk=DeskProvider())
    cards = StripeProvider(
        secret_key=key.get_secret_value(),
        webhook_secret=webhook.get_secret_value(),
        publishable_key=settings.stripe_publishable_key,
        address=settings.stripe_address,
    )
    return Providers(desk=DeskProvider(), cards=cards)


def payout_terms(settings: Settings) -> PayoutTerms:
    """From which account drivers are paid, and how.

    Raises
    ------
    SettingsUnusable
        If the account is named in part, or its check digits do not fit.
    """
    names = ("name", "iban", "bic", "routing_number", "account_number")
    given = {name: getattr(settings, f"payer_{name}").strip() for name in names}
    payer = None
    if any(given.values()):
        try:
            payer = BankAccount.of({"holder": given.pop("name"), **given})
        except BankAccountWrong as wrong:
            field = {"holder": "name"}.get(wrong.field, wrong.field)
            raise SettingsUnusable(
                f"KHAN_PAYER_{field.upper()}", f"it is not {wrong.wanted}"
            ) from None
    return PayoutTerms(
        payer=payer,
        least_minor=settings.payout_least_minor,
        on_request=settings.payouts_on_request,
    )


def _relying_party(settings: Settings, title: str) -> RelyingParty:
    host = settings.origin.split("://", 1)[-1].split("/", 1)[0].rsplit(":", 1)[0]
    return RelyingParty(rp_id=host, name=f"Khan Cars {title}", origins=(settings.origin,))
