"""The share of spend that stays: how much of a year's payments went to whom.

The measure of CLES, as used in Preston: of all that was paid to suppliers in a year, the share paid
to those with their seat in the city, and in the region around it (Preston 5 % in 2012/13 and 18.2 %
in 2016/17; with the rest of Lancashire 39 % and 79.2 %). Beside it here, the shares of co-operatives
and of those who pay a living wage. A supplier without a shown seat counts as elsewhere.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from foundation.money import Currency
from governance.commons.errors import SpendInvalid
from governance.commons.purchasing import Tag


@dataclass(frozen=True, slots=True, kw_only=True)
class TagPeriod:
    """A tag of a supplier from one day on; `until` is the first day without it, None: open."""

    tag: Tag
    since: date
    until: date | None = None

    def holds_on(self, day: date) -> bool:
        """Whether the supplier has the tag on that day."""
        return self.since <= day and (self.until is None or day < self.until)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spend:
    """A payment to a supplier; below zero, one that came back."""

    supplier_id: str
    paid_on: date
    amount_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendShares:
    """A year's spend and its shares.

    Attributes
    ----------
    total_minor
        All of it, minor units.
    in_city_minor, in_region_minor, elsewhere_minor
        By the supplier's seat on the day of each payment; they sum to the total. `in_region_minor`
        is outside the city.
    co_op_minor, living_wage_minor
        Of the total, wherever the seat is; the two overlap.
    """

    year: int
    currency: Currency
    total_minor: int
    in_city_minor: int
    in_region_minor: int
    elsewhere_minor: int
    co_op_minor: int
    living_wage_minor: int

    @property
    def local_share(self) -> Fraction | None:
        """The share paid in the city; None if nothing was paid."""
        return self._share(self.in_city_minor)

    @property
    def regional_share(self) -> Fraction | None:
        """The share paid in the city and the region together; None if nothing was paid."""
        return self._share(self.in_city_minor + self.in_region_minor)

    @property
    def co_op_share(self) -> Fraction | None:
        """The share paid to co-operatives; None if nothing was paid."""
        return self._share(self.co_op_minor)

    @property
    def living_wage_share(self) -> Fraction | None:
        """The share paid to those who pay a living wage; None if nothing was paid."""
        return self._share(self.living_wage_minor)

    def _share(self, part: int) -> Fraction | None:
        return Fraction(part, self.total_minor) if self.total_minor > 0 else None


def spend_shares(
    spends: Sequence[Spend],
    tags_of: Callable[[str], Sequence[TagPeriod]],
    *,
    year: int,
    currency: Currency,
) -> SpendShares:
    """What was paid in a calendar year, by seat, ownership and wages.

    Parameters
    ----------
    spends
        Payments of any years, in `currency`.
    tags_of
        A supplier's tags with their days: each payment goes by the tags of its own day.

    Raises
    ------
    SpendInvalid
        If a supplier has its seat in the city and in the region around it on one day.
    """
    by_seat = {Tag.LOCAL: 0, Tag.REGIONAL: 0, None: 0}
    co_op = living_wage = 0
    for one in spends:
        if one.paid_on.year != year:
            continue
        tags = {held.tag for held in tags_of(one.supplier_id) if held.holds_on(one.paid_on)}
        if {Tag.LOCAL, Tag.REGIONAL} <= tags:
            raise SpendInvalid(f"supplier {one.supplier_id} has two seats on {one.paid_on}")
        seat = next((tag for tag in (Tag.LOCAL, Tag.REGIONAL) if tag in tags), None)
        by_seat[seat] += one.amount_minor
        co_op += one.amount_minor * (Tag.CO_OP in tags)
        living_wage += one.amount_minor * (Tag.LIVING_WAGE in tags)
    return SpendShares(
        year=year, currency=currency, total_minor=sum(by_seat.values()),
        in_city_minor=by_seat[Tag.LOCAL], in_region_minor=by_seat[Tag.REGIONAL],
        elsewhere_minor=by_seat[None], co_op_minor=co_op, living_wage_minor=living_wage,
    )  # fmt: skip
