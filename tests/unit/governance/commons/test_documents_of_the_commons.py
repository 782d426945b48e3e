"""Terms as JSON: read back to the same values, and a wrong field is named."""

import json
from typing import Any

import pytest

from governance.commons.documents import (
    TermsInvalid,
    budget_terms_of,
    offer_terms_of,
    pact_terms_of,
    plain,
    purchase_terms_of,
)
from rulebook.rule import canonical
from tests.commons import budget_terms, offer_terms, pact_terms, purchase_terms

ALL = [
    (pact_terms(), pact_terms_of),
    (budget_terms(), budget_terms_of),
    (budget_terms(ticks_max=3), budget_terms_of),
    (offer_terms(), offer_terms_of),
    (purchase_terms(), purchase_terms_of),
]


@pytest.mark.parametrize(("terms", "read"), ALL)
def test_terms_come_back_as_they_were(terms: Any, read: Any) -> None:
    assert read(json.loads(canonical(plain(terms)))) == terms


@pytest.mark.parametrize(("terms", "read"), ALL)
def test_each_field_that_is_missing_or_nonsense_is_named(terms: Any, read: Any) -> None:
    body = plain(terms)
    for field in body:
        if field != "ticks_max":
            with pytest.raises(TermsInvalid, match=f"{field} is missing"):
                read({name: one for name, one in body.items() if name != field})
        with pytest.raises(TermsInvalid, match=f"{field} has the wrong form"):
            read(body | {field: 1.5})


def test_a_fraction_is_text_and_never_a_floating_point() -> None:
    assert plain(offer_terms())["threshold"] == "2/5"
    with pytest.raises(TermsInvalid, match="ratio has the wrong form"):
        offer_terms_of(plain(offer_terms()) | {"ratio": "1/0"})
    with pytest.raises(TermsInvalid, match="opens_at has the wrong form"):
        offer_terms_of(plain(offer_terms()) | {"opens_at": "2030-03-01T00:00:00"})
