"""Shares in ten-thousandths, nothing where nothing was paid, overdue duties by name."""

from datetime import date
from uuid import UUID

from governance.commons.local_spend import Spend, SpendShares, TagPeriod, spend_shares
from governance.commons.pact import DutyDone, Pact, overdue_duties, report_done, state_of
from governance.commons.purchasing import Tag
from governance.commons.views import PactView
from public_api.commons import pact_out, spend_out
from tests.commons import EUR, pact_terms


def shares(*minor: int) -> SpendShares:
    tags = {"0": [TagPeriod(tag=Tag.LOCAL, since=date(2030, 1, 1))]}
    paid = [
        Spend(supplier_id=str(at), paid_on=date(2030, 2, 1), amount_minor=one)
        for at, one in enumerate(minor)
    ]
    return spend_shares(paid, lambda one: tags.get(one, []), year=2030, currency=EUR)


def test_a_third_is_3333_ten_thousandths() -> None:
    found = spend_out(shares(1, 1, 1))
    assert (found.local_bps, found.regional_bps, found.co_op_bps) == (3333, 3333, 0)


def test_a_year_without_a_payment_has_no_share() -> None:
    found = spend_out(shares())
    assert (found.total_minor, found.local_bps, found.living_wage_bps) == (0, None, None)


def test_a_pact_shows_what_is_overdue_and_how_far_it_is() -> None:
    today = date(2030, 7, 1)
    pact = report_done(Pact(terms=pact_terms()), DutyDone(number=1, done_on=date(2030, 5, 1)))
    seen = pact_out(
        PactView(
            pact_id=UUID(int=1), title="Benches", aim="To sit.", state=state_of(pact, today),
            progress=pact.progress, overdue=overdue_duties(pact, today),
            review_on=pact.review_on, ends_on=pact.ends_on,
        )
    )  # fmt: skip
    assert (seen.state, seen.duties_done_bps) == ("in_force", 5000)
    assert [(one.number, one.party) for one in seen.overdue] == [(2, "proposers")]
