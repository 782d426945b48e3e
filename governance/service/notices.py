"""What a notice needs beside the motion: bounds, candidates, projects; and the polls that it calls."""

from datetime import timedelta

from foundation.identifiers import PersonId
from foundation.money import minor_digits
from governance.asked import DivisionAsked, ElectionAsked, NumberAsked
from governance.bylaws import Bylaws
from governance.commons import store as commons
from governance.commons.budget import faults_of
from governance.electoral_roll import ElectoralRoll
from governance.errors import MatterCooling, QuestionUnfit, TooEarly
from governance.matter import Matter
from governance.motion import Motion
from governance.number_terms import NumberTerms, number_terms
from governance.poll_question import (
    BallotProject,
    DivisionTerms,
    Particulars,
    electorates,
    question_of,
)
from governance.store import members as member_store
from governance.store import polls as poll_store
from governance.store import votes as store
from governance.store.polls import Poll
from rulebook.rule import RuleKind
from rulebook.service import list_rules
from storage.work import UnitOfWork


async def check_time(work: UnitOfWork, motion: Motion, matter: Matter, bylaws: Bylaws) -> None:
    """Whether a vote may be called now: the last decision is long ago, nominations have run.

    Raises
    ------
    MatterCooling, TooEarly
        With the instant from which on it may.
    """
    decided_at = await store.last_decided_at(work, matter.code)
    if matter.cooling_days and decided_at is not None:
        first = bylaws.calendar.day_of(decided_at) + timedelta(days=matter.cooling_days)
        until = bylaws.calendar.start_of(first)
        if work.now < until:
            raise MatterCooling(matter.code, until.isoformat())
    if isinstance(motion.asks, ElectionAsked) and motion.seconded_at is not None:
        last = bylaws.calendar.day_of(motion.seconded_at) + timedelta(days=matter.nominations_days)
        until = bylaws.calendar.end_of(last)
        if matter.nominations_days and work.now < until:
            raise TooEarly("Nominations are open; the vote can be called", until.isoformat())


async def particulars_of(
    work: UnitOfWork, motion: Motion, matter: Matter, roll: ElectoralRoll
) -> Particulars:
    """What the question takes from beside the motion.

    Raises
    ------
    QuestionUnfit
        If the board has published no bounds, or the rule or the fund is not as the motion says.
    """
    match motion.asks:
        case NumberAsked() as asked:
            bounds = await store.find_bounds(work, motion.motion_id)
            if bounds is None:
                raise QuestionUnfit("the board has not published its bounds")
            rules = await list_rules(work, RuleKind(str(motion.rule_kind)))
            if not rules:
                raise QuestionUnfit(f"there is no {motion.rule_kind} in which it could stand")
            return number_terms(asked, rules[-1], bounds, matter)
        case DivisionAsked() as asked:
            return await _division(work, asked, roll)
    return None


async def _division(work: UnitOfWork, asked: DivisionAsked, roll: ElectoralRoll) -> DivisionTerms:
    terms = await commons.get_budget(work, asked.budget_id)
    if await commons.is_divided_or_voted_on(work, asked.budget_id):
        raise QuestionUnfit("the fund is divided already, or another vote divides it")
    people = await persons_of(work, roll)
    fit = [
        one
        for one in await commons.list_projects(work, asked.budget_id, terms)
        if not faults_of(one, terms, people)
    ]
    if terms.ticks_max is not None and terms.ticks_max < len(fit):
        raise QuestionUnfit("the fund allows fewer ticks than there are projects")
    return DivisionTerms(
        budget=terms.pot.minor,
        unit=10 ** minor_digits(terms.pot.currency),
        projects=tuple(
            BallotProject(project_id=one.project_id, title=one.terms.title, cost=one.cost.minor)
            for one in sorted(fit, key=lambda one: one.project_id)
        ),
    )


async def persons_of(work: UnitOfWork, roll: ElectoralRoll) -> frozenset[PersonId]:
    """Whoever is on a roll, as persons."""
    return await member_store.persons_of(work, [one.member_id for one in roll.entries])


async def call_polls(
    work: UnitOfWork, motion: Motion, matter: Matter, *, quorum: int, particulars: Particulars
) -> None:
    """Write what is asked, of whom: a poll for everybody, or one for each class that must pass it.

    Raises
    ------
    NobodyStands, QuestionUnfit
        If there is nothing to choose from.
    """
    if isinstance(particulars, NumberTerms):
        await store.insert_number_terms(
            work, motion.motion_id, particulars, change_at_most=matter.change_at_most
        )
    if isinstance(particulars, DivisionTerms):
        projects = [one.project_id for one in particulars.projects]
        await poll_store.insert_ballot_projects(work, motion.motion_id, projects)
    called = electorates(matter)
    question = question_of(
        motion, matter, quorum=quorum if len(called) == 1 else 0, particulars=particulars
    )
    for one in called:
        poll = Poll(
            poll_id=work.new_id(),
            motion_id=motion.motion_id,
            member_class=one,
            tier=matter.tier,
            question=question,
        )
        await poll_store.insert_poll(work, poll)
