"""The levy: what each trip brings the city beside its share, read as a change of the tariff.

Nothing here is arithmetic of its own. A levy that riders bear is one more surcharge, whole to the
city; one that the co-operative bears moves basis points of the divided fare from its share to the
city's. So a fare under a levy is computed by the very lines of `fares.price`.

Quotes do not add a levy yet: a city that has one writes it into its tariff. An impact statement
says what it would do (docs/decisions/0431-a-levy-changes-the-tariff.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from fares.errors import LevyInvalid
from fares.hours import Window
from fares.tariff import BPS, GoesTo, Surcharge, Tariff
from foundation.money import Currency

CODE = "levy"
"""Of the line on a fare: `surcharge.levy`."""

AMOUNT_MAX = 1_000_000_000
_FIELDS = frozenset({"name", "currency", "borne_by", "bps", "amount_minor"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Levy:
    """What the city gets of each trip.

    Attributes
    ----------
    borne_by
        `COOP`: out of its share of the divided fare. `SPLIT`: by the rider, on top of the fare.
    bps, amount_minor
        Basis points, or minor units a trip; one of the two. Of the rider's metered fare, or of
        the divided fare where the co-operative bears it, which takes basis points only.
    """

    name: str
    currency: Currency
    borne_by: GoesTo
    bps: int | None
    amount_minor: int | None


def parse_levy(body: Mapping[str, Any]) -> Levy:
    """The levy that a rule's body states (docs/reference/levy.md).

    Raises
    ------
    LevyInvalid
        Naming the field that is missing, unknown or out of range.
    """
    if not isinstance(body, Mapping):
        raise LevyInvalid("the document", "must be a JSON object")
    for field in sorted(set(body) - _FIELDS, key=str):
        raise LevyInvalid(str(field), "is not a field of a levy")
    for field in ("name", "currency", "borne_by"):
        if not isinstance(body.get(field), str) or not 1 <= len(body[field]) <= 200:
            raise LevyInvalid(field, "must be a text of 1 to 200 characters")
    if body["borne_by"] not in ("rider", "coop"):
        raise LevyInvalid("borne_by", 'must be "rider" or "coop"')
    bps = _whole(body, "bps", BPS)
    amount_minor = _whole(body, "amount_minor", AMOUNT_MAX)
    if (bps is None) == (amount_minor is None):
        raise LevyInvalid("bps", "or amount_minor must be given, and not both")
    if body["borne_by"] == "coop" and bps is None:
        raise LevyInvalid("amount_minor", "is for riders; the co-operative bears basis points")
    return Levy(
        name=body["name"],
        currency=Currency(body["currency"]),
        borne_by=GoesTo.SPLIT if body["borne_by"] == "rider" else GoesTo.COOP,
        bps=bps,
        amount_minor=amount_minor,
    )


def with_levy(tariff: Tariff, levy: Levy) -> Tariff:
    """The tariff under which every trip brings the city the levy, too.

    Raises
    ------
    LevyInvalid
        If it is in another currency, more than the co-operative's share, or there already.
    """
    if levy.currency != tariff.currency:
        raise LevyInvalid("currency", f"is {levy.currency}, the tariff's {tariff.currency}")
    if levy.borne_by is GoesTo.COOP:
        assert levy.bps is not None, "parse_levy asks for it"
        share = tariff.share
        if levy.bps > share.coop_bps:
            raise LevyInvalid("bps", f"must be at most the co-operative's share, {share.coop_bps}")
        moved = replace(
            share, coop_bps=share.coop_bps - levy.bps, city_bps=share.city_bps + levy.bps
        )
        return replace(tariff, share=moved)
    for rule in tariff.rules:
        if any(surcharge.code == CODE for surcharge in rule.surcharges):
            raise LevyInvalid("the document", f"is beside a {CODE!r} that the tariff has already")
    surcharge = Surcharge(
        code=CODE, amount_minor=levy.amount_minor, bps=levy.bps, window=Window(), zone_end=None,
        zones=frozenset(), goes_to=GoesTo.CITY,
    )  # fmt: skip
    rules = tuple(replace(rule, surcharges=(*rule.surcharges, surcharge)) for rule in tariff.rules)
    return replace(tariff, rules=rules)


def _whole(body: Mapping[str, Any], field: str, most: int) -> int | None:
    value = body.get(field)
    if value is None:
        return None
    if type(value) is not int or not 0 <= value <= most:
        raise LevyInvalid(field, f"must be a whole number from 0 to {most}")
    return value
