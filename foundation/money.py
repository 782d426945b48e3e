"""Money as whole minor units with a currency. No binary float ever touches it.

The decimals of a currency are those of ISO 4217 (list one): 0 (JPY), 2 (EUR, USD), 3 (BHD).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NewType

from foundation.errors import Invalid

Currency = NewType("Currency", str)

_DIGITS_OTHER_THAN_TWO: Mapping[str, int] = {
    **dict.fromkeys(
        ["BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI",
         "VND", "VUV", "XAF", "XOF", "XPF"], 0),
    **dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3),
}  # fmt: skip


class CurrencyUnknown(Invalid):
    """The code is not three capital letters."""

    code = "currency_unknown"

    def __init__(self, currency: str) -> None:
        super().__init__(f"{currency!r} is not an ISO 4217 currency code.", currency=currency)


class CurrenciesMixed(AssertionError):
    """Two currencies met in one sum: a mistake of the programmer, never of a user."""


def minor_digits(currency: Currency) -> int:
    """How many decimals the currency has: 0, 2 or 3 (ISO 4217)."""
    return _DIGITS_OTHER_THAN_TWO.get(currency, 2)


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An amount in minor units (cents, fils, yen) of one currency; may be negative."""

    minor: int
    currency: Currency

    def __post_init__(self) -> None:
        assert type(self.minor) is int, "money is whole minor units"
        if not (len(self.currency) == 3 and self.currency.isascii() and self.currency.isupper()):
            raise CurrencyUnknown(self.currency)

    def __add__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.minor - other.minor, self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.currency)

    def __str__(self) -> str:
        digits = minor_digits(self.currency)
        sign = "-" if self.minor < 0 else ""
        whole, part = divmod(abs(self.minor), 10**digits)
        return f"{sign}{whole}{f'.{part:0{digits}d}' if digits else ''} {self.currency}"

    def _same(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise CurrenciesMixed(f"{self.currency} and {other.currency}")


def round_half_up(numerator: int, denominator: int) -> int:
    """numerator / denominator to the nearest whole number, halves away from zero.

    The one rounding of a money line (design/money.md, rule 2). `denominator` is positive.
    """
    assert denominator > 0
    sign = -1 if numerator < 0 else 1
    return sign * ((2 * abs(numerator) + denominator) // (2 * denominator))


def split_by_largest_remainder(total: int, weights: Sequence[int]) -> list[int]:
    """Split `total` minor units in proportion to `weights`, so that the parts sum exactly.

    Hamilton's method: each part gets its quota cut down; the units left go to the largest
    remainders, ties to the part named first. A negative total is split as its mirror image.

    Raises
    ------
    AssertionError
        If there are no weights, one is negative, or all are zero.
    """
    assert weights
    assert min(weights) >= 0
    assert sum(weights) > 0
    if total < 0:
        return [-part for part in split_by_largest_remainder(-total, weights)]
    whole = sum(weights)
    parts = [total * weight // whole for weight in weights]
    left = total - sum(parts)
    by_remainder = sorted(
        range(len(weights)), key=lambda index: (-(total * weights[index] % whole), index)
    )
    for index in by_remainder[:left]:
        parts[index] += 1
    return parts
