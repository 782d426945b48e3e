"""Terms and results as JSON: what is hashed, published and voted, and read back to the same values.

Fractions are text ("2/5"), days and instants ISO 8601, money whole minor units with a currency.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from fractions import Fraction
from typing import Any, TypeVar

from foundation.errors import Invalid
from foundation.identifiers import UUID
from foundation.money import Currency, Money
from governance.commons.budget import BudgetTerms
from governance.commons.offers import Form, OfferTerms
from governance.commons.pact import Duty, PactTerms, Party, Payment
from governance.commons.purchasing import Criterion, PurchaseTerms

Body = Mapping[str, Any]
_T = TypeVar("_T")


class TermsInvalid(Invalid):
    """A document of terms lacks a field or has one that makes no sense; which, is said."""

    code = "commons_terms_invalid"

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"The terms' {field} {reason}.", field=field, reason=reason)


def plain(value: object) -> Any:
    """A value of this package as JSON can hold it; the same for the same value."""
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, tuple | list):
        return [plain(one) for one in value]
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Enum | Fraction | UUID):
        return str(value)  # the enumerations here are words
    assert value is None or isinstance(value, str | int), f"{type(value).__name__} is not plain"
    return value


def pact_terms_of(body: Body) -> PactTerms:
    """A pact's terms from their document.

    Raises
    ------
    TermsInvalid
        If a field is missing or has the wrong form.
    PactInvalid
        If the terms do not fit together.
    """
    return PactTerms(
        title=_of(body, "title", _text), aim=_of(body, "aim", _text),
        duties=tuple(
            Duty(
                number=_of(one, "number", _whole), party=_of(one, "party", Party),
                what=_of(one, "what", _text), due_on=_of(one, "due_on", date.fromisoformat),
            )
            for one in _of(body, "duties", _list)
        ),
        payments=tuple(
            Payment(
                number=_of(one, "number", _whole), payer=_of(one, "payer", Party),
                payee=_of(one, "payee", Party), amount=_of(one, "amount", _money),
                due_on=_of(one, "due_on", date.fromisoformat),
            )
            for one in _of(body, "payments", _list)
        ),
        starts_on=_of(body, "starts_on", date.fromisoformat),
        ends_on=_of(body, "ends_on", date.fromisoformat),
        review_on=_of(body, "review_on", date.fromisoformat),
    )  # fmt: skip


def budget_terms_of(body: Body) -> BudgetTerms:
    """A fund's terms from their document.

    Raises
    ------
    TermsInvalid
        If a field is missing or has the wrong form.
    BudgetInvalid
        If the terms make no sense.
    """
    ticks = body.get("ticks_max")
    return BudgetTerms(
        title=_of(body, "title", _text), pot=_of(body, "pot", _money),
        cost_min_minor=_of(body, "cost_min_minor", _whole),
        cost_max_minor=_of(body, "cost_max_minor", _whole),
        supporters_min=_of(body, "supporters_min", _whole),
        ticks_max=None if ticks is None else _of(body, "ticks_max", _whole),
        lodge_by=_of(body, "lodge_by", date.fromisoformat),
        vote_by=_of(body, "vote_by", date.fromisoformat),
    )  # fmt: skip


def offer_terms_of(body: Body) -> OfferTerms:
    """A matched offer's terms from their document.

    Raises
    ------
    TermsInvalid
        If a field is missing or has the wrong form.
    OfferInvalid
        If the terms make no sense.
    """
    return OfferTerms(
        title=_of(body, "title", _text), currency=_of(body, "currency", _currency),
        target_minor=_of(body, "target_minor", _whole), threshold=_of(body, "threshold", _fraction),
        opens_at=_of(body, "opens_at", _instant), closes_at=_of(body, "closes_at", _instant),
        ratio=_of(body, "ratio", _fraction), cap_minor=_of(body, "cap_minor", _whole),
        form=_of(body, "form", Form), pledge_min_minor=_of(body, "pledge_min_minor", _whole),
        person_max_minor=_of(body, "person_max_minor", _whole),
        one_person_at_most=_of(body, "one_person_at_most", _fraction),
    )  # fmt: skip


def purchase_terms_of(body: Body) -> PurchaseTerms:
    """A purchase's terms from their document.

    Raises
    ------
    TermsInvalid
        If a field is missing or has the wrong form.
    PurchaseInvalid
        If the terms make no sense.
    """
    weights = _of(body, "weights", _object)
    return PurchaseTerms(
        title=_of(body, "title", _text), currency=_of(body, "currency", _currency),
        weights={Criterion(one): _of(weights, one, _fraction) for one in Criterion},
        ceiling_minor=_of(body, "ceiling_minor", _whole),
        quality_min=_of(body, "quality_min", _whole),
    )  # fmt: skip


def _of(body: Body, field: str, read: Callable[[Any], _T]) -> _T:
    if field not in body:
        raise TermsInvalid(field, "is missing")
    try:
        return read(body[field])
    except (TypeError, ValueError, KeyError, ZeroDivisionError, AttributeError):
        raise TermsInvalid(field, f"has the wrong form: {body[field]!r}"[:200]) from None


def _text(given: Any) -> str:
    if not isinstance(given, str):
        raise TypeError
    given.encode()  # half a character is no text: a ValueError
    return given


def _whole(given: Any) -> int:
    if type(given) is not int:
        raise TypeError
    return given


def _fraction(given: Any) -> Fraction:
    return Fraction(_text(given))


def _instant(given: Any) -> datetime:
    instant = datetime.fromisoformat(_text(given))
    if instant.tzinfo is None:
        raise ValueError
    return instant


def _currency(given: Any) -> Currency:
    return Money(0, Currency(_text(given))).currency


def _money(given: Any) -> Money:
    return Money(_whole(given["minor"]), _currency(given["currency"]))


def _list(given: Any) -> list[Body]:
    if not (isinstance(given, list) and all(isinstance(one, dict) for one in given)):
        raise TypeError
    return given


def _object(given: Any) -> Body:
    if not isinstance(given, dict):
        raise TypeError
    return given
