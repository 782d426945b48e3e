"""Which matter decides on a rule, and whether its text means something to those who act on it.

Asked when a text is written and again when its vote is called: in between, the bylaws may have changed,
and only then is it known which bodies a vote on a number can write.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from governance.asked import ALLOCATION, AllocationAsked, NumberAsked, TextAsked, TextsAsked
from governance.bylaws import Bylaws, entrenched_by, parse_bylaws
from governance.errors import MatterNotEnough
from governance.motion import Motion
from governance.number_terms import NumberTerms
from governance.poll_question import Particulars
from rulebook.rule import Rule, RuleKind
from rulebook.schema import check_body

Readers = Mapping[RuleKind, Callable[[Mapping[str, Any]], object]]
"""For a kind of rule, the parser of the room that acts on it; it refuses what has no meaning."""


def check_matter(bylaws: Bylaws, kind: str | None, matter: str) -> None:
    """Whether the bylaws let a rule of `kind`, or an allocation, be decided as `matter`; anything
    decides on neither.

    Raises
    ------
    MatterNotEnough
        Naming the matters that do.
    """
    allowed = () if kind is None else bylaws.matters_for(kind)
    if kind is not None and matter not in allowed:
        raise MatterNotEnough(kind, matter, " or ".join(allowed) or "another founding")


def check_rule(
    bylaws_rule: Rule, kind: RuleKind, body: Mapping[str, Any], *, matter: str, readers: Readers
) -> None:
    """Whether a body can become a rule by a matter of the bylaws in `bylaws_rule`.

    Raises
    ------
    BodyInvalid
        If it has not the shape of its kind; and what `readers` refuse.
    MatterNotEnough
        If that matter does not decide on such a rule, or the body touches what is entrenched.
    """
    bylaws = parse_bylaws(bylaws_rule.body)
    check_matter(bylaws, kind, matter)
    check_body(kind, body)
    if kind in readers:
        readers[kind](body)
    if kind is RuleKind.BYLAWS:
        parse_bylaws(body)
        touched = entrenched_by(bylaws_rule.body, body)
        if set(touched) - set(bylaws.get_matter(matter).items):
            raise MatterNotEnough(kind, matter, f"what entrenches {', '.join(touched)}")


def check_called(
    motion: Motion, particulars: Particulars, bylaws_rule: Rule, *, readers: Readers
) -> None:
    """Whether everything that a vote can write may be written by it; raises as `check_rule`.

    Of a number these are the bodies with the lowest and the highest that may be chosen: a field that
    takes both takes what lies between them.
    """
    if isinstance(motion.asks, AllocationAsked):
        check_matter(parse_bylaws(bylaws_rule.body), ALLOCATION, motion.matter)
    if motion.rule_kind is None:
        return
    kind = RuleKind(motion.rule_kind)
    check_matter(parse_bylaws(bylaws_rule.body), kind, motion.matter)
    for text in _texts(motion, particulars):
        check_rule(bylaws_rule, kind, json.loads(text), matter=motion.matter, readers=readers)


def _texts(motion: Motion, particulars: Particulars) -> Iterator[str]:
    match motion.asks:
        case TextAsked():
            yield motion.text
        case TextsAsked(texts=texts):
            yield from (one.text for one in texts)
        case NumberAsked():
            assert isinstance(particulars, NumberTerms), "a number stands in a rule"
            yield from map(particulars.text_with, (particulars.lowest, particulars.highest))
