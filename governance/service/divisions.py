"""A fund divided by a certified vote: what was bought becomes pacts, in the same commit."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from governance.asked import DivisionAsked
from governance.ballots.choice import Approvals
from governance.certificate import Box, Certificate
from governance.commons.service.fund import divide_budget
from governance.counting.budget import BudgetPaper
from governance.counting.lots import Lot, SeededLots, Ticket
from governance.electoral_roll import ElectoralRoll
from governance.motion import Motion
from governance.service.notices import persons_of
from governance.store import polls as store
from storage.work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class _ByNumber:
    """Lots that are drawn by the options' numbers, as published, for projects by their ids."""

    seed: bytes
    projects: Sequence[str]

    def draw(self, occasion: str, tied: Iterable[str]) -> Lot:
        """Put projects into the order drawn."""
        numbers = [str(self.projects.index(one) + 1) for one in tied]
        drawn = SeededLots(self.seed).draw(occasion, numbers)
        tickets = tuple(
            Ticket(of=self.projects[int(one.of) - 1], drawn=one.drawn) for one in drawn.tickets
        )
        return Lot(occasion=drawn.occasion, tickets=tickets)


async def divide(
    work: UnitOfWork, motion: Motion, certificate: Certificate, *, box: Box, roll: ElectoralRoll
) -> None:
    """Divide the fund that a motion is about, if its vote passed; nothing for any other motion.

    Raises
    ------
    CommonsRefused
        If the fund is divided already.
    """
    if not isinstance(motion.asks, DivisionAsked) or not certificate.has_passed:
        return
    projects = await store.list_ballot_projects(work, motion.motion_id)
    papers = [
        BudgetPaper(projects=tuple(projects[number - 1] for number in one.numbers), count=count)
        for one, count in box.votes
        if isinstance(one, Approvals)
    ]
    count, _ = await divide_budget(
        work,
        budget_id=motion.asks.budget_id,
        papers=papers,
        members=await persons_of(work, roll),
        lots=_ByNumber(seed=box.lot_seed, projects=projects),
        on_ballot=projects,
    )
    assert certificate.result is not None
    bought = [projects.index(one) + 1 for one in count.selected]
    assert bought == certificate.result["selected_numbers"], "two counts of one vote"
