"""What OpenStreetMap's tags say to a car: may it drive here, which way, how fast.

Owns the reading of tags and the table of speeds. Pure. Refuses a way by answering `None`: not
for cars, or private, or a direction that nobody can know beforehand.

Keys and values: the OpenStreetMap wiki's pages Key:highway, Key:access, Key:oneway,
Key:maxspeed, Key:barrier and Relation:restriction.
"""

from collections.abc import Mapping
from dataclasses import dataclass

Tags = Mapping[str, str]

KMH_BY_HIGHWAY = {
    # Our own figures: mean speed of free traffic on streets without a posted limit, guessed once
    # and meant to be replaced by what our own cars observe.
    "motorway": 95.0,
    "trunk": 75.0,
    "primary": 50.0,
    "secondary": 45.0,
    "tertiary": 38.0,
    "unclassified": 32.0,
    "residential": 24.0,
    "motorway_link": 48.0,
    "trunk_link": 42.0,
    "primary_link": 36.0,
    "secondary_link": 32.0,
    "tertiary_link": 28.0,
    "road": 25.0,
    "service": 12.0,
    "living_street": 9.0,
}
"""Highway values a car may use, with the mean speed where no limit is posted, km/h."""

SHARE_OF_LIMIT = 0.8
"""A car's mean speed on a street, as a share of the posted limit."""

KMH_SLOWEST, KMH_FASTEST = 5.0, 130.0
KMH_PER_MPH = 1.609344
KMH_WALKING = 7.0

_LIMIT_WORDS = {"none": KMH_FASTEST / SHARE_OF_LIMIT, "walk": KMH_WALKING}
_LIMIT_ZONES = {
    # The last part of values such as "DE:urban": a typical national limit, km/h.
    "living_street": 10.0,
    "bicycle_road": 30.0,
    "zone20": 20.0,
    "zone30": 30.0,
    "urban": 50.0,
    "rural": 90.0,
    "trunk": 110.0,
    "motorway": 120.0,
}

_SHUT = frozenset(
    {"no", "private", "permit", "delivery", "military", "emergency", "official", "use_sidepath"}
    | {"agricultural", "forestry", "agricultural;forestry", "resident", "residents"}
    | {"psv", "bus", "hgv", "bicycle", "foot", "staff", "employees"}
)
_OPEN = frozenset({"yes", "designated", "permissive", "destination", "customers", "public"})
_ACCESS_KEYS = ("motorcar", "motor_vehicle", "vehicle", "access")  # the most particular first
_BARRIERS_FOR_CARS = frozenset(
    {"bollard", "block", "jersey_barrier", "planter", "log", "debris", "chain", "spikes"}
    | {"cycle_barrier", "motorcycle_barrier", "stile", "turnstile", "kissing_gate"}
    | {"bus_trap", "sump_buster"}
)
_RESTRICTIONS = frozenset(
    {"no_left_turn", "no_right_turn", "no_straight_on", "no_u_turn", "no_entry", "no_exit"}
    | {"only_left_turn", "only_right_turn", "only_straight_on", "only_u_turn"}
)
_FOR_OTHERS = frozenset({"emergency_access", "busway"})


@dataclass(frozen=True, slots=True, kw_only=True)
class DrivableWay:
    """How a car may use a way, in the order its nodes are drawn (forward) and against it."""

    kmh_forward: float
    """0 where the way may not be driven forward."""
    kmh_backward: float
    name: str


def drivable(tags: Tags) -> DrivableWay | None:
    """What a car may do on a way, or `None` if nothing.

    A way of reversible direction (`oneway=reversible`) is left out: its direction depends on
    the hour, and a route against traffic is worse than a detour.
    """
    highway = tags.get("highway", "")
    if highway not in KMH_BY_HIGHWAY or tags.get("area") == "yes":
        return None
    if tags.get("service") in _FOR_OTHERS or not _is_open(tags, default=True):
        return None
    forward, backward = _directions(tags)
    if not (forward or backward):
        return None
    usual = KMH_BY_HIGHWAY[highway]
    return DrivableWay(
        kmh_forward=_kmh(tags, "forward", usual) if forward else 0.0,
        kmh_backward=_kmh(tags, "backward", usual) if backward else 0.0,
        name=(tags.get("name") or tags.get("ref") or "").strip(),
    )


def blocks_cars(tags: Tags) -> bool:
    """Whether a node on a street is a barrier that no car passes."""
    kind = tags.get("barrier")
    if kind is None:
        return False
    return not _is_open(tags, default=kind not in _BARRIERS_FOR_CARS)


def is_signal(tags: Tags) -> bool:
    """Whether a node has traffic signals (not merely a crossing with its own)."""
    return tags.get("highway") == "traffic_signals"


def restriction_kind(tags: Tags) -> tuple[str | None, str]:
    """What a restriction relation forbids a car.

    Returns
    -------
    tuple of kind and reason
        ``("no_left_turn", "")`` and the like; or ``(None, reason)`` why it does not count.
    """
    excepted = {word.strip() for word in tags.get("except", "").split(";")}
    if excepted & {"motorcar", "motor_vehicle"}:
        return None, "except_motorcar"
    for key in ("restriction:motorcar", "restriction:motor_vehicle", "restriction"):
        if key in tags:
            kind = tags[key].strip()
            return (kind, "") if kind in _RESTRICTIONS else (None, "unknown_kind")
    if any(key.endswith(":conditional") for key in tags):
        return None, "conditional"
    return None, "other_vehicles"


def _is_open(tags: Tags, *, default: bool) -> bool:
    for key in _ACCESS_KEYS:
        value = tags.get(key)
        if value in _SHUT:
            return False
        if value in _OPEN:
            return True
    return default


def _directions(tags: Tags) -> tuple[bool, bool]:
    oneway = tags.get("oneway:motor_vehicle") or tags.get("oneway")
    if oneway in ("yes", "true", "1"):
        return True, False
    if oneway in ("-1", "reverse"):
        return False, True
    if oneway == "reversible":
        return False, False
    if oneway in ("no", "false", "0", "alternating"):
        return True, True
    implied = tags.get("junction") in ("roundabout", "circular")
    implied = implied or tags.get("highway") == "motorway"
    return True, not implied


def _kmh(tags: Tags, direction: str, usual: float) -> float:
    limit = None
    for key in (f"maxspeed:{direction}", "maxspeed"):
        limit = limit_kmh(tags[key]) if limit is None and key in tags else limit
    kmh = usual if limit is None else SHARE_OF_LIMIT * limit
    return min(max(kmh, KMH_SLOWEST), KMH_FASTEST)


def limit_kmh(text: str) -> float | None:
    """A posted limit in km/h from a `maxspeed` value; `None` if it says none we understand.

    Of several values ("50;30") the first counts.
    """
    word = text.partition(";")[0].strip().lower()
    if word in _LIMIT_WORDS:
        return _LIMIT_WORDS[word]
    zone = word.rpartition(":")[2]
    if zone in _LIMIT_ZONES:
        return _LIMIT_ZONES[zone]
    if ":zone" in f":{word}" and zone.isdecimal():
        return float(zone)
    per_mph = KMH_PER_MPH if word.endswith("mph") else 1.0
    digits = word.removesuffix("mph").removesuffix("km/h").removesuffix("kmh").strip()
    if not digits.isascii() or not digits.replace(".", "", 1).isdigit():
        return None
    kmh = float(digits) * per_mph
    return kmh if 0 < kmh <= 2 * KMH_FASTEST else None
