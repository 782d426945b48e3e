"""The commons of a demonstration city: a pact at work, a fund that is being voted on and one that was
divided, an offer that the city matches, a purchase, a year's spend.

Written by the rooms' own verbs, on the days on which it would have happened; amounts are whole units
of the city's currency.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from foundation.chance import SeededChance
from foundation.identifiers import UUID, PersonId
from foundation.money import Currency, Money, minor_digits
from governance.commons import views
from governance.commons.budget import BudgetTerms, ProjectProposal
from governance.commons.offers import Form, OfferTerms
from governance.commons.pact import Answer, Duty, DutyDone, PactTerms, Party, Payment
from governance.commons.purchasing import Criterion, PurchaseTerms, Tag
from governance.commons.service import fund, offers, pacts, purchases
from governance.counting.budget import BudgetPaper
from governance.counting.lots import SeededLots
from roads.pack import CityPack
from rulebook.rule import RuleKind
from rulebook.service import in_force
from storage.engine import Database
from storage.work import UnitOfWork

ANSWER_DAYS = 30
PEOPLE_MIN = 10
"""Proposers and supporters of the fund's projects."""
_PROJECTS = (
    ("water", "Water and a toilet at the night rank", 4_000, 5),
    ("spanish", "Spanish for drivers, English for riders' helpers", 2_500, 4),
    ("ramps", "Two folding ramps to lend", 3_500, 6),
    ("bicycles", "A pump and a stand for whoever arrives by bicycle", 1_500, 2),
)
"""Id, title, cost in whole units, tenths of the voters who tick it."""
_SUPPLIERS = (
    ("Harlem River Tyres", (Tag.LOCAL, Tag.CO_OP, Tag.LIVING_WAGE), 41_500, 72, 310_000),
    ("Hudson Fleet Supply", (Tag.REGIONAL, Tag.LIVING_WAGE), 38_900, 70, 330_000),
    ("National Rubber", (), 36_200, 64, None),
)
"""Name, tags, price in whole units, points of the panel, grams of carbon a tyre."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Where and among whom it happens.

    Attributes
    ----------
    people
        Members, ten at least; the first few lodge, the others support and vote.
    adoption_id
        What adopted the terms of fund, offer and purchase.
    today
        The day on which the demonstration begins, in the city.
    """

    people: Sequence[PersonId]
    office: PersonId
    adoption_id: UUID
    currency: Currency
    today: date

    def money(self, units: int) -> Money:
        """So many whole units."""
        return Money(units * 10 ** minor_digits(self.currency), self.currency)

    def day(self, days: int) -> date:
        """So many days after today, or before."""
        return self.today + timedelta(days=days)


async def enliven(
    database: Database, pack: CityPack, people: Sequence[PersonId], *, office: PersonId
) -> bool:
    """Let a founded city have commons, unless it has some or too few people for them.

    Returns
    -------
    bool
        Whether there are commons now.
    """
    if len(people) < PEOPLE_MIN:
        return False
    async with database.work() as work:
        today = work.now.astimezone(pack.zone_info).date()
        if await views.list_pacts(work, today):
            return True
        rule = await in_force(work, RuleKind.TARIFF, work.now)
        scene = Scene(
            people=people, office=office, adoption_id=rule.adoption_id,
            currency=Currency(pack.currency), today=today,
        )  # fmt: skip
        await use_the_commons(work, scene)
    return True


async def use_the_commons(work: UnitOfWork, scene: Scene) -> None:
    """Write all of it for a founded city with members."""
    assert len(scene.people) >= PEOPLE_MIN, "a fund needs proposers and supporters"
    await _pacts(work, scene)
    await _divided_fund(work, scene)
    await _fund_in_its_vote(work, scene)
    await _offer(work, scene)
    await _purchase(work, scene)


def _terms(scene: Scene, title: str, aim: str, *, cost: int, starts: int) -> PactTerms:
    """A pact of half a year in which the proposers do the work and the co-operative pays."""
    return PactTerms(
        title=title, aim=aim,
        duties=(
            Duty(number=1, party=Party.CITY, what="Give leave to use the place.",
                 due_on=scene.day(starts + 10)),
            Duty(number=2, party=Party.PROPOSERS, what="Set it up and tell everybody.",
                 due_on=scene.day(starts + 28)),
            Duty(number=3, party=Party.PROPOSERS, what="Look after it and report each quarter.",
                 due_on=scene.day(starts + 120)),
        ),
        payments=(
            Payment(number=1, payer=Party.COOPERATIVE, payee=Party.PROPOSERS,
                    amount=scene.money(cost), due_on=scene.day(starts + 14)),
        ),
        starts_on=scene.day(starts), ends_on=scene.day(starts + 182),
        review_on=scene.day(starts + 150),
    )  # fmt: skip


async def _pacts(work: UnitOfWork, scene: Scene) -> None:
    """One in force with a duty done and one overdue, and a proposal that waits for its answer."""
    mover = scene.people[0]
    proposal_id, pact_id = work.new_id(), work.new_id()
    await pacts.lodge_proposal(
        work, proposal_id=proposal_id, proposer_id=mover, title="A warm room at 125th Street",
        body="Drivers wait in running cars all winter, and riders at the kerb.",
        today=scene.day(-80), answer_days=ANSWER_DAYS,
    )  # fmt: skip
    answer = Answer(
        accepted=True, reasons="The library has a room that stands empty after six.",
        answered_on=scene.day(-60),
    )  # fmt: skip
    await pacts.answer_proposal(work, proposal_id=proposal_id, by=scene.office, answer=answer)
    await pacts.agree_pact(
        work, pact_id=pact_id, proposal_id=proposal_id,
        terms=_terms(scene, "A warm room at 125th Street", "Nobody waits in a running car.",
                     cost=1_800, starts=-45),
    )  # fmt: skip
    await pacts.report_duty(
        work, pact_id=pact_id, by=scene.office, done=DutyDone(number=1, done_on=scene.day(-38))
    )
    await pacts.lodge_proposal(
        work, proposal_id=work.new_id(), proposer_id=scene.people[1],
        title="A bench and a light at the ferry", body="Riders with luggage wait in the dark.",
        today=scene.day(-6), answer_days=ANSWER_DAYS,
    )  # fmt: skip


def _budget(scene: Scene, title: str, *, pot: int, lodge_by: int, vote_by: int) -> BudgetTerms:
    return BudgetTerms(
        title=title, pot=scene.money(pot), cost_min_minor=scene.money(500).minor,
        cost_max_minor=scene.money(5_000).minor, supporters_min=3, ticks_max=3,
        lodge_by=scene.day(lodge_by), vote_by=scene.day(vote_by),
    )  # fmt: skip


async def _lodged(
    work: UnitOfWork, scene: Scene, terms: BudgetTerms, *, lodged: int, starts: int
) -> UUID:
    """A fund with every project lodged and supported."""
    budget_id = work.new_id()
    await fund.open_budget(work, budget_id=budget_id, adoption_id=scene.adoption_id, terms=terms)
    members = frozenset(scene.people)
    for number, (project_id, title, cost, _) in enumerate(_PROJECTS):
        project = ProjectProposal(
            project_id=project_id, proposer_id=scene.people[number], cost=scene.money(cost),
            lodged_on=scene.day(lodged), supporters=frozenset(),
            terms=_terms(scene, title, "What members asked for.", cost=cost, starts=starts),
        )  # fmt: skip
        await fund.lodge_project(work, budget_id=budget_id, project=project, members=members)
        for person_id in scene.people[len(_PROJECTS) : len(_PROJECTS) + 5]:
            await fund.support_project(
                work, budget_id=budget_id, project_id=project_id, person_id=person_id
            )
    return budget_id


async def _divided_fund(work: UnitOfWork, scene: Scene) -> None:
    """Last half-year's, whose ballots bought what they could."""
    terms = _budget(
        scene, "Community fund, the half-year before", pot=8_000, lodge_by=-75, vote_by=-61
    )
    budget_id = await _lodged(work, scene, terms, lodged=-80, starts=-50)
    chance = SeededChance("ballots of the community fund")
    papers = []
    for _ in scene.people:
        ticks = tuple(name for name, _, _, tenths in _PROJECTS if chance.below(10) < tenths)[:3]
        papers.append(BudgetPaper(projects=ticks, count=1))
    seed = chance.bits(256).to_bytes(32, "big")
    await fund.divide_budget(
        work, budget_id=budget_id, papers=papers, members=frozenset(scene.people),
        lots=SeededLots(seed),
    )  # fmt: skip


async def _fund_in_its_vote(work: UnitOfWork, scene: Scene) -> None:
    terms = _budget(scene, "Community fund, this half-year", pot=6_000, lodge_by=-3, vote_by=11)
    await _lodged(work, scene, terms, lodged=-9, starts=20)


async def _offer(work: UnitOfWork, scene: Scene) -> None:
    """Half-way through, the crowd's part not there yet; the city matches pound for pound."""
    terms = OfferTerms(
        title="Ten electric cars, owned together", currency=scene.currency,
        target_minor=scene.money(300_000).minor, threshold=Fraction(2, 5),
        opens_at=work.now - timedelta(days=20), closes_at=work.now + timedelta(days=25),
        ratio=Fraction(1), cap_minor=scene.money(150_000).minor, form=Form.EQUITY,
        pledge_min_minor=scene.money(25).minor, person_max_minor=scene.money(10_000).minor,
        one_person_at_most=Fraction(1, 20),
    )  # fmt: skip
    offer_id = work.new_id()
    await offers.open_offer(work, offer_id=offer_id, adoption_id=scene.adoption_id, terms=terms)
    chance = SeededChance("pledges")
    for person_id in scene.people:
        if chance.below(2):
            await offers.make_pledge(
                work, offer_id=offer_id, pledge_id=work.new_id(), person_id=person_id,
                amount_minor=scene.money(25 * (1 + chance.below(40))).minor,
                resident=chance.below(8) > 0,
            )  # fmt: skip


async def _purchase(work: UnitOfWork, scene: Scene) -> None:
    """Tyres for a year, by voted weights, and what was paid so far to whom."""
    weights = {
        Criterion.PRICE: Fraction(2, 5), Criterion.QUALITY: Fraction(1, 5),
        Criterion.LOCAL: Fraction(3, 20), Criterion.SOCIAL: Fraction(3, 20),
        Criterion.CARBON: Fraction(1, 10),
    }  # fmt: skip
    purchase_id = work.new_id()
    await purchases.open_purchase(
        work, purchase_id=purchase_id, adoption_id=scene.adoption_id,
        terms=PurchaseTerms(
            title="Tyres for a year", currency=scene.currency, weights=weights,
            ceiling_minor=scene.money(45_000).minor, quality_min=50,
        ),
    )  # fmt: skip
    suppliers = [work.new_id() for _ in _SUPPLIERS]
    for supplier_id, (name, tags, price, points, carbon) in zip(suppliers, _SUPPLIERS, strict=True):
        await purchases.add_supplier(work, supplier_id=supplier_id, name=name)
        for tag in tags:
            await purchases.tag_supplier(
                work, supplier_id=supplier_id, tag=tag, since=scene.day(-90), until=scene.day(270),
                evidence="Shown to the office: register of companies, payroll letter.",
            )  # fmt: skip
        await purchases.record_bid(
            work, purchase_id=purchase_id, supplier_id=supplier_id,
            price_minor=scene.money(price).minor, quality_points=points, carbon_grams=carbon,
        )  # fmt: skip
    lots = SeededLots(SeededChance("purchase").bits(256).to_bytes(32, "big"))
    await purchases.award_purchase(work, purchase_id=purchase_id, today=scene.today, lots=lots)
    for number, (supplier_id, units) in enumerate(
        zip(suppliers, (10_400, 3_300, 1_250), strict=True)
    ):
        await purchases.record_spend(
            work, reference=f"{scene.today.year}-{number + 1:04d}", supplier_id=supplier_id,
            paid_on=scene.day(-5), amount=scene.money(units),
        )  # fmt: skip
