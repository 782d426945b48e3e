"""What is kept of a motion's impact: one statement for each body that is proposed, and one digest.

A motion on a rule proposes one body. A vote on a number proposes as many as there are numbers: then
members see its bounds' ends and the middle.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from governance.impact.errors import ImpactUnreadable
from rulebook.rule import RuleKind, canonical, digest_of

FORMAT = "khan-motion-impact/1"

KINDS = (RuleKind.TARIFF, RuleKind.PAY_FLOOR, RuleKind.LEVY, RuleKind.MATCHING_POLICY)
"""Kinds of rules whose impact is worked out before members vote on them."""

NO_RULE = "This motion writes no rule, so no figure of a day follows from it."

Body = Mapping[str, Any]
Document = Mapping[str, Any]
RestsOn = Mapping[str, str | None]
"""Digests of the rules that a statement compares with, by name; None where there is none.

By kind those that a day is played by; of a vote on a number also `bylaws`, which say how far it may
move, and `rule_it_stands_in`, the last rule that was adopted of its kind.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """A rule's body that a vote may adopt.

    Attributes
    ----------
    label
        What it is called beside the others.
    value
        Of a vote on a number, the number; else None.
    """

    label: str
    body: Body
    value: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Of which text of which motion: its identifier, version and kind of rule.

    Attributes
    ----------
    rests_on
        What it is held against; empty where nothing is worked out.
    """

    motion_id: str
    version: int
    kind: str | None
    rests_on: RestsOn = field(default_factory=dict)


def ends_and_middle(low: int, high: int, *, step: int = 1) -> tuple[int, ...]:
    """The numbers that a vote from `low` to `high` is shown by: both ends, and between them half-way.

    Half-way is rounded down to a step from `low`, as a ballot would be. Bounds without a number
    between them give two, or one.
    """
    assert low <= high, "bounds in order"
    assert (high - low) % step == 0, "bounds on steps"
    return tuple(sorted({low, low + (high - low) // step // 2 * step, high}))


def has_impact(kind: str | None) -> bool:
    """Whether a motion that writes a rule of this kind carries a statement."""
    return kind in KINDS


def document_of(
    subject: Subject,
    stated: Sequence[tuple[Proposed, Document]],
    *,
    assumptions: Mapping[str, Any],
) -> dict[str, Any]:
    """The document that is kept (docs/reference/impact_statement.md), with its digest.

    Parameters
    ----------
    stated
        Each proposed body with its statement, in the order they are shown.
    assumptions
        By which all of them were worked out.
    """
    proposals = [
        {
            "label": one.label,
            "value": one.value,
            "body_digest": digest_of(one.body),
            "statement": statement,
        }
        for one, statement in stated
    ]
    return _sealed(subject, proposals, assumptions=assumptions, why_none=None)


def document_of_none(
    subject: Subject, why: str, *, assumptions: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The document of a motion whose impact cannot be worked out; `why` is a sentence."""
    return _sealed(subject, [], assumptions=assumptions or {}, why_none=why)


def rules_changed(before: RestsOn, now: RestsOn) -> tuple[str, ...]:
    """The names of the rules that are others now, sorted."""
    return tuple(sorted(name for name in {*before, *now} if before.get(name) != now.get(name)))


def why_no_impact(kind: str | None) -> str:
    """Why a motion that writes a rule of this kind, or none, carries no figures."""
    if kind is None:
        return NO_RULE
    return (
        f"A {kind} changes no fare, no pay and no matching of a recorded day, so nothing is worked "
        f"out for it; for {', '.join(one.value for one in KINDS)} it is."
    )


def read_document(text: str) -> dict[str, Any]:
    """A document as it was kept.

    Raises
    ------
    ImpactUnreadable
        If it is none, or its digest is not its own.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise ImpactUnreadable("it is not JSON") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ImpactUnreadable(f"it is no {FORMAT}")
    rest = {name: value for name, value in document.items() if name != "digest"}
    if digest_of(rest) != document.get("digest"):
        raise ImpactUnreadable("its digest is not its own")
    return document


def text_of(document: Document) -> str:
    """The document as it is kept: canonical JSON."""
    return canonical(dict(document)).decode()


def _sealed(
    subject: Subject,
    proposals: list[dict[str, Any]],
    *,
    assumptions: Mapping[str, Any],
    why_none: str | None,
) -> dict[str, Any]:
    document: dict[str, Any] = {
        "format": FORMAT,
        "motion_id": subject.motion_id,
        "version": subject.version,
        "kind": subject.kind,
        "rests_on": dict(subject.rests_on),
        "assumptions": dict(assumptions),
        "why_none": why_none,
        "proposals": proposals,
    }
    return document | {"digest": digest_of(document)}
