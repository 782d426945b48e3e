"""Small worlds of the commons: a pact for a bus stop, a fund, an offer, a purchase."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any
from uuid import UUID, uuid5

from foundation.identifiers import PersonId
from foundation.money import Currency, Money
from governance.commons.budget import BudgetTerms, ProjectProposal
from governance.commons.offers import Form, OfferTerms, Pledge
from governance.commons.pact import Duty, PactTerms, Party, Payment
from governance.commons.purchasing import Bid, Criterion, PurchaseTerms, Supplier, Tag
from governance.counting.lots import SeededLots

EUR = Currency("EUR")
LOTS = SeededLots(bytes(range(32)))
START = date(2030, 4, 1)
OPENS = datetime(2030, 3, 1, tzinfo=UTC)
CLOSES = OPENS + timedelta(days=50)


def person(name: str) -> PersonId:
    """A person of these tests."""
    return PersonId(uuid5(UUID(int=0xC0), name))


MEMBERS = frozenset(person(name) for name in ("ada", "bo", "cem", "dee", "eve"))


def money(minor: int) -> Money:
    """Cents of a euro."""
    return Money(minor, EUR)


def pact_terms(cost_minor: int = 50_00, **changes: Any) -> PactTerms:
    """Two benches: the proposers build, the city gives the place, the co-operative pays."""
    terms = PactTerms(
        title="Two benches at the rank", aim="Drivers and riders wait sitting.",
        duties=(
            Duty(number=1, party=Party.CITY, what="Mark the place.", due_on=date(2030, 4, 15)),
            Duty(number=2, party=Party.PROPOSERS, what="Build them.", due_on=date(2030, 6, 1)),
        ),
        payments=(
            Payment(
                number=1, payer=Party.COOPERATIVE, payee=Party.PROPOSERS,
                amount=money(cost_minor), due_on=date(2030, 5, 1),
            ),
        ),
        starts_on=START, ends_on=date(2031, 3, 31), review_on=date(2030, 10, 1),
    )  # fmt: skip
    return replace(terms, **changes)


def budget_terms(**changes: Any) -> BudgetTerms:
    """A fund of 100 euros."""
    terms = BudgetTerms(
        title="Fund of 2030", pot=money(100_00), cost_min_minor=1, cost_max_minor=100_00,
        supporters_min=0, ticks_max=None, lodge_by=date(2030, 2, 1), vote_by=date(2030, 3, 1),
    )  # fmt: skip
    return replace(terms, **changes)


def project(project_id: str, cost_minor: int, **changes: Any) -> ProjectProposal:
    """A project of Ada's that costs so much."""
    proposal = ProjectProposal(
        project_id=project_id, proposer_id=person("ada"), cost=money(cost_minor),
        lodged_on=date(2030, 1, 15), supporters=frozenset(),
        terms=pact_terms(max(cost_minor, 1), title=f"Project {project_id}"),
    )  # fmt: skip
    return replace(proposal, **changes)


def offer_terms(**changes: Any) -> OfferTerms:
    """As in Milan in 2020, small: 40 % from the crowd, the city one and a half times that."""
    terms = OfferTerms(
        title="A workshop for electric cabs", currency=EUR, target_minor=1000_00,
        threshold=Fraction(2, 5), opens_at=OPENS, closes_at=CLOSES, ratio=Fraction(3, 2),
        cap_minor=600_00, form=Form.EQUITY, pledge_min_minor=1, person_max_minor=1000_00,
        one_person_at_most=Fraction(1, 1),
    )  # fmt: skip
    return replace(terms, **changes)


def pledge(name: str, amount_minor: int, *, number: int = 1, **changes: Any) -> Pledge:
    """A resident's pledge, made when the offer opened."""
    made = Pledge(
        pledge_id=uuid5(person(name), str(number)), person_id=person(name),
        amount_minor=amount_minor, made_at=OPENS, resident=True,
    )  # fmt: skip
    return replace(made, **changes)


def purchase_terms(**changes: Any) -> PurchaseTerms:
    """Half for the price, the rest in eighths."""
    weights = dict.fromkeys(Criterion, Fraction(1, 8)) | {Criterion.PRICE: Fraction(1, 2)}
    terms = PurchaseTerms(
        title="Tyres", currency=EUR, weights=weights, ceiling_minor=1000_00, quality_min=40
    )
    return replace(terms, **changes)


def bid(supplier: str, price_minor: int, *tags: Tag, **changes: Any) -> Bid:
    """A bid of middling quality with a kilogram of carbon."""
    made = Bid(
        supplier=Supplier(supplier_id=supplier, name=supplier.title(), tags=frozenset(tags)),
        price_minor=price_minor, quality_points=50, carbon_grams=1000,
    )  # fmt: skip
    return replace(made, **changes)
