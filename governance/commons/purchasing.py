"""Purchases scored in the open, by weights that members voted.

After Preston, where what public bodies buy is weighed by more than its price so that more of it
stays with local firms, co-operatives and those who pay a living wage (CLES, "How we built community
wealth in Preston", 2019). Price and carbon are scored by the relative method: the best bid's figure
divided by the bid's own. All scores are exact fractions from 0 to 1; the table with its reasons is
published.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from foundation.money import Currency
from governance.commons.errors import PurchaseInvalid
from governance.counting.lots import Lot, Lots

NOTHING = Fraction(0)
WHOLE = Fraction(1)
HALF = Fraction(1, 2)
QUALITY_POINTS = 100


class Tag(StrEnum):
    """What is known of a supplier, each with its evidence."""

    LOCAL = "local"  # its seat is in the city
    REGIONAL = "regional"  # its seat is in the region around the city
    CO_OP = "co_op"  # owned by its members
    LIVING_WAGE = "living_wage"  # pays everybody a living wage


class Criterion(StrEnum):
    """What bids are scored by."""

    PRICE = "price"
    QUALITY = "quality"
    LOCAL = "local"
    SOCIAL = "social"
    CARBON = "carbon"


@dataclass(frozen=True, slots=True, kw_only=True)
class Supplier:
    """Whom the co-operative may buy from, with the tags that hold on the day of scoring."""

    supplier_id: str
    name: str
    tags: frozenset[Tag]

    def __post_init__(self) -> None:
        if {Tag.LOCAL, Tag.REGIONAL} <= self.tags:
            raise PurchaseInvalid(f"{self.name} has its seat in the city or around it, not both")


@dataclass(frozen=True, slots=True, kw_only=True)
class PurchaseTerms:
    """How a purchase is decided.

    Attributes
    ----------
    weights
        Of each criterion; not below zero, one altogether.
    ceiling_minor
        The most that is paid, minor units of `currency`.
    quality_min
        The points, of 100, below which a bid is not considered.
    """

    title: str
    currency: Currency
    weights: Mapping[Criterion, Fraction]
    ceiling_minor: int
    quality_min: int

    def __post_init__(self) -> None:
        if set(self.weights) != set(Criterion) or min(self.weights.values()) < 0:
            raise PurchaseInvalid("each criterion has a weight, not below zero")
        if sum(self.weights.values()) != 1:
            raise PurchaseInvalid(f"the weights sum to {sum(self.weights.values())}, not to 1")
        if self.ceiling_minor <= 0 or not 0 <= self.quality_min <= QUALITY_POINTS:
            raise PurchaseInvalid("the most is above zero, and quality has 0 to 100 points")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bid:
    """What a supplier asks and promises.

    Attributes
    ----------
    price_minor
        Over the whole life of what is bought.
    quality_points
        What the panel gave, 0 to 100.
    carbon_grams
        CO2 equivalent over the whole life, as declared; None: not declared.
    """

    supplier: Supplier
    price_minor: int
    quality_points: int
    carbon_grams: int | None

    def __post_init__(self) -> None:
        if self.price_minor <= 0:
            raise PurchaseInvalid(f"the price of {self.supplier.name} is not above zero")
        if not 0 <= self.quality_points <= QUALITY_POINTS:
            raise PurchaseInvalid(f"the quality of {self.supplier.name} has 0 to 100 points")
        if self.carbon_grams is not None and self.carbon_grams < 0:
            raise PurchaseInvalid(f"the carbon of {self.supplier.name} is below zero")


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One cell of the table: what a bid got for one criterion, and why."""

    criterion: Criterion
    score: Fraction
    weight: Fraction
    why: str

    @property
    def weighted(self) -> Fraction:
        """What it adds to the total."""
        return self.score * self.weight


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreRow:
    """One bid; `rank` counts from 1."""

    rank: int
    supplier_id: str
    name: str
    price_minor: int
    total: Fraction
    scores: tuple[Score, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NotConsidered:
    """A bid that the terms shut out, and why."""

    supplier_id: str
    name: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreTable:
    """What is published.

    Attributes
    ----------
    rows
        The best first; equal totals by the lower price, then by lot.
    lots
        Those that were drawn.
    winner
        The supplier of the first row; None if no bid was considered.
    """

    title: str
    rows: tuple[ScoreRow, ...]
    not_considered: tuple[NotConsidered, ...]
    lots: tuple[Lot, ...]

    @property
    def winner(self) -> str | None:
        """The supplier of the first row, if there is one."""
        return self.rows[0].supplier_id if self.rows else None


def score(terms: PurchaseTerms, bids: Sequence[Bid], lots: Lots) -> ScoreTable:
    """Score the bids and put them in order; the order in which they came does not matter.

    Raises
    ------
    PurchaseInvalid
        If a supplier bids twice.
    """
    by_supplier = sorted(bids, key=lambda bid: bid.supplier.supplier_id)
    if len({bid.supplier.supplier_id for bid in bids}) < len(bids):
        raise PurchaseInvalid("a supplier bids twice")
    faults = [(bid, _shut_out(terms, bid)) for bid in by_supplier]
    considered = [bid for bid, fault in faults if fault is None]
    scored = [(bid, _scores(terms, bid, considered)) for bid in considered]
    totals = {
        bid.supplier.supplier_id: sum((one.weighted for one in scores), NOTHING)
        for bid, scores in scored
    }
    places, drawn = _order(considered, totals, lots)
    scored.sort(key=lambda one: places[one[0].supplier.supplier_id])
    return ScoreTable(
        title=terms.title,
        rows=tuple(
            ScoreRow(
                rank=rank, supplier_id=bid.supplier.supplier_id, name=bid.supplier.name,
                price_minor=bid.price_minor, total=totals[bid.supplier.supplier_id], scores=scores,
            )
            for rank, (bid, scores) in enumerate(scored, start=1)
        ),
        not_considered=tuple(
            NotConsidered(supplier_id=bid.supplier.supplier_id, name=bid.supplier.name, why=fault)
            for bid, fault in faults
            if fault is not None
        ),
        lots=drawn,
    )  # fmt: skip


def _shut_out(terms: PurchaseTerms, bid: Bid) -> str | None:
    if bid.price_minor > terms.ceiling_minor:
        return f"Its price {bid.price_minor} is above the ceiling {terms.ceiling_minor}."
    if bid.quality_points < terms.quality_min:
        return f"Its quality {bid.quality_points} is below the least {terms.quality_min}."
    return None


def _scores(terms: PurchaseTerms, bid: Bid, considered: Sequence[Bid]) -> tuple[Score, ...]:
    declared = [one.carbon_grams for one in considered if one.carbon_grams is not None]
    found: Mapping[Criterion, tuple[Fraction, str]] = {
        Criterion.PRICE: _relative(min(one.price_minor for one in considered), bid.price_minor),
        Criterion.QUALITY: (
            Fraction(bid.quality_points, QUALITY_POINTS),
            f"The panel gave {bid.quality_points} of {QUALITY_POINTS} points.",
        ),
        Criterion.LOCAL: _local(bid.supplier.tags),
        Criterion.SOCIAL: _social(bid.supplier.tags),
        Criterion.CARBON: (NOTHING, "Nothing is declared.")
        if bid.carbon_grams is None
        else _relative(min(declared), bid.carbon_grams),
    }
    return tuple(
        Score(criterion=one, score=found[one][0], weight=terms.weights[one], why=found[one][1])
        for one in Criterion
    )


def _relative(least: int, own: int) -> tuple[Fraction, str]:
    """The least figure as a part of one's own; whoever has nothing to show for is the best."""
    if own == 0:
        return WHOLE, "It is zero, and nothing is less."
    return Fraction(least, own), f"The least is {least}, its own is {own}."


def _local(tags: frozenset[Tag]) -> tuple[Fraction, str]:
    if Tag.LOCAL in tags:
        return WHOLE, "Its seat is in the city."
    if Tag.REGIONAL in tags:
        return HALF, "Its seat is in the region."
    return NOTHING, "Its seat is elsewhere, or not shown."


def _social(tags: frozenset[Tag]) -> tuple[Fraction, str]:
    has = [Tag.CO_OP in tags, Tag.LIVING_WAGE in tags]
    owned = "It is owned by its members" if has[0] else "It is not owned by its members"
    pays = "pays a living wage." if has[1] else "no living wage is shown."
    return sum(has) * HALF, f"{owned}; {pays}"


def _order(
    bids: Sequence[Bid], totals: Mapping[str, Fraction], lots: Lots
) -> tuple[Mapping[str, int], tuple[Lot, ...]]:
    """Each supplier's place: the highest total first, the lower price, then lots, and those drawn."""
    groups: dict[tuple[Fraction, int], list[str]] = {}
    for bid in bids:
        supplier = bid.supplier.supplier_id
        groups.setdefault((-totals[supplier], bid.price_minor), []).append(supplier)
    order, drawn = list[str](), list[Lot]()
    for key in sorted(groups):
        tied = groups[key]
        if len(tied) > 1:
            lot = lots.draw(f"place {len(order) + 1}", tied)
            drawn.append(lot)
            tied = [ticket.of for ticket in lot.tickets]
        order += tied
    return {supplier: place for place, supplier in enumerate(order)}, tuple(drawn)
