"""Keeping a motion's impact statement, reading it, and asking whether a vote may be called."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from foundation.identifiers import UUID
from governance.asked import NumberAsked, TextsAsked
from governance.bylaws import parse_bylaws
from governance.errors import MotionNotFound, QuestionUnfit
from governance.impact import store
from governance.impact.audit import faults_of
from governance.impact.document import (
    Proposed,
    Subject,
    document_of_none,
    ends_and_middle,
    has_impact,
    read_document,
    rules_changed,
    text_of,
    why_no_impact,
)
from governance.impact.errors import (
    ImpactAwaitsBounds,
    ImpactMissing,
    ImpactPending,
    ImpactStale,
    ImpactUnreadable,
)
from governance.impact.events import ImpactStated
from governance.impact.store import About
from governance.motion import MotionId
from governance.number_terms import NumberTerms, number_terms
from rulebook.rule import RuleKind, canonical, digest_of
from rulebook.service import in_force, list_rules
from storage.work import Reading, UnitOfWork

AS_PROPOSED = "as proposed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """A motion's impact as it is read; `made_at` is None where nothing had to be worked out.

    Attributes
    ----------
    is_stale
        Whether a rule that it rests on has changed, and another statement is being worked out.
    """

    document: Mapping[str, Any]
    made_at: datetime | None
    is_stale: bool = False


async def proposals_of(work: UnitOfWork, motion_id: MotionId) -> tuple[Proposed, ...]:
    """The bodies that a motion on a rule may write.

    The text itself; each of several texts; or of a number the ends of what may be voted, which is
    the board's bounds as far as the bylaws let the number move, and the middle.

    Raises
    ------
    MotionNotFound
        If there is no such motion.
    ImpactAwaitsBounds
        If it is about a number, and the board has published no bounds.
    QuestionUnfit, RuleMissing
        If the rule does not hold that number, or nothing may be chosen.
    """
    about = await get_about(work, motion_id)
    match about.asks:
        case NumberAsked(unit=unit):
            terms = about.called or await _terms_now(work, motion_id, about, about.asks)
            values = ends_and_middle(terms.lowest, terms.highest, step=terms.step)
            return tuple(
                Proposed(
                    label=f"{value} {unit}", body=json.loads(terms.text_with(value)), value=value
                )
                for value in values
            )
        case TextsAsked(texts=texts):
            return tuple(Proposed(label=one.title, body=json.loads(one.text)) for one in texts)
    return (Proposed(label=AS_PROPOSED, body=json.loads(about.text)),)


async def _terms_now(
    work: UnitOfWork, motion_id: MotionId, about: About, asked: NumberAsked
) -> NumberTerms:
    """The terms of a vote on a number if it were called now."""
    if about.bounds is None:
        raise ImpactAwaitsBounds(str(motion_id))
    bylaws = parse_bylaws((await in_force(work, RuleKind.BYLAWS, work.now)).body)
    rules = await list_rules(work, RuleKind(str(about.kind)))
    if not rules:
        raise QuestionUnfit(f"there is no {about.kind} in which it could stand")
    return number_terms(asked, rules[-1], about.bounds, bylaws.get_matter(about.matter))


async def keep_impact(work: UnitOfWork, document: Mapping[str, Any]) -> bool:
    """Keep a motion's impact and announce it; False if its version has one of the same rules.

    Raises
    ------
    ImpactUnreadable
        If it is no such document, or one of its statements contradicts itself.
    """
    said = text_of(document)
    read_document(said)
    for proposal in document["proposals"]:
        faults = faults_of(proposal["statement"])
        if faults:
            raise ImpactUnreadable(faults[0])
    motion_id, version = MotionId(UUID(document["motion_id"])), document["version"]
    kept = await store.insert_impact(
        work, motion_id, version,
        rests_on=document["rests_on"],
        text_and_digest=(said, digest_of(document)),
        seed=document["assumptions"].get("seed", 0),
        assumptions=canonical(document["assumptions"]).decode(),
        has_figures=document["why_none"] is None,
    )  # fmt: skip
    if kept:
        work.announce(
            ImpactStated(
                event_id=work.new_id(),
                occurred_at=work.now,
                motion_id=motion_id,
                version=version,
                digest=document["digest"],
                has_figures=document["why_none"] is None,
            )
        )
    return kept


async def impact_ready(work: Reading, motion_id: MotionId, text_version: int) -> None:
    """Let a vote be called on this text: a statement of it stands, or none is needed.

    For whoever gives notice of a vote, in the same unit of work, once the motion is locked. The
    database looks again in the commit (`no_notice_without_its_impact`).

    Raises
    ------
    MotionNotFound
        If there is no such motion.
    ImpactMissing
        If members would vote without having seen what the rule does.
    ImpactStale
        If what they have seen is how it differs from rules that have changed since.
    """
    about = await get_about(work, motion_id)
    if not has_impact(about.kind):
        return
    kept = await store.find_impact(work, motion_id, text_version)
    if kept is None:
        raise ImpactMissing(str(motion_id), text_version)
    if kept.is_stale:
        changed = rules_changed(kept.rests_on, kept.rules)
        raise ImpactStale(str(motion_id), text_version, changed)


async def get_impact(work: Reading, motion_id: MotionId) -> Stated:
    """The impact of a motion's text as it stands.

    Raises
    ------
    MotionNotFound
        If there is no such motion.
    ImpactAwaitsBounds, ImpactPending
        If it cannot be worked out yet, or is being worked out.
    ImpactUnreadable
        If what is kept was damaged.
    """
    about = await get_about(work, motion_id)
    subject = Subject(motion_id=str(motion_id), version=about.version, kind=about.kind)
    if not has_impact(about.kind):
        return Stated(document=document_of_none(subject, why_no_impact(about.kind)), made_at=None)
    kept = await store.find_impact(work, motion_id, about.version)
    if kept is None and isinstance(about.asks, NumberAsked) and about.bounds is None:
        raise ImpactAwaitsBounds(str(motion_id))
    if kept is None:
        raise ImpactPending(str(motion_id), about.version)
    if digest_of(json.loads(kept.text)) != kept.digest:
        raise ImpactUnreadable("its digest is not the one it was kept with")
    return Stated(document=read_document(kept.text), made_at=kept.made_at, is_stale=kept.is_stale)


async def get_about(work: Reading, motion_id: MotionId) -> About:
    """What a motion is about; raises `MotionNotFound`."""
    about = await store.find_about(work, motion_id)
    if about is None:
        raise MotionNotFound(str(motion_id))
    return about
