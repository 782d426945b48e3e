"""What an opened ballot says, or why it is broken."""

from typing import Any

from verifier.encoding import document
from verifier.fault import Fault
from verifier.terms import Terms


class Broken(Exception):
    """A ballot cannot be followed; its one argument is the published reason."""


def unpad(content: bytes, terms: Terms) -> Any:
    """The document in a padded content.

    Raises
    ------
    Broken
        `malformed`.
    """
    length = int.from_bytes(content[:2], "big")
    said, rest = content[2 : 2 + length], content[2 + length :]
    if len(content) != terms.content_bytes or len(said) != length or rest.count(0) != len(rest):
        raise Broken("malformed")
    try:
        return document(said, "a choice")
    except Fault:
        raise Broken("malformed") from None


def check(said: Any, terms: Terms) -> None:
    """Check a choice's document against the question.

    Raises
    ------
    Broken
        With the reason, in the order of docs/reference/ballot_bundle.md.
    """
    if not isinstance(said, dict) or len(said) != 1:
        raise Broken("malformed")
    ((name, value),) = said.items()
    if name == "mark" and terms.rule == "for_against" and isinstance(value, str):
        if value not in ("for", "against", "abstain"):
            raise Broken("malformed")
    elif name == "value" and terms.rule == "lower_median":
        _check_value(value, terms)
    elif name == "ranks" and terms.rule in ("scottish_stv", "schulze") and isinstance(value, list):
        _check_ranks(value, terms)
    elif name == "approved" and terms.rule == "equal_shares" and isinstance(value, list):
        _check_options(value, terms)
        if value != sorted(value):
            raise Broken("malformed")
    else:
        raise Broken("wrong_kind")


def is_blank(said: dict[str, Any]) -> bool:
    """Whether a valid choice chooses nothing."""
    return said in ({"mark": "abstain"}, {"value": None}, {"ranks": []}, {"approved": []})


def _check_value(value: Any, terms: Terms) -> None:
    if value is None:
        return
    if type(value) is not int:
        raise Broken("malformed")
    low, high, step = (terms.parameters[name] for name in ("lowest", "highest", "step"))
    if not low <= value <= high:
        raise Broken("outside_bounds")
    if (value - low) % step:
        raise Broken("off_step")


def _check_ranks(groups: list[Any], terms: Terms) -> None:
    if any(not isinstance(group, list) or not group for group in groups):
        raise Broken("malformed")
    _check_options([number for group in groups for number in group], terms)
    if any(group != sorted(group) for group in groups):
        raise Broken("malformed")
    if terms.rule == "scottish_stv":
        if any(len(group) != 1 for group in groups):
            raise Broken("equal_ranks")
        if len(groups) > terms.parameters["ranks_max"]:
            raise Broken("too_many_ranks")


def _check_options(numbers: list[Any], terms: Terms) -> None:
    if any(type(number) is not int for number in numbers):
        raise Broken("malformed")
    if any(not 1 <= number <= len(terms.options) for number in numbers):
        raise Broken("unknown_option")
    if len(set(numbers)) < len(numbers):
        raise Broken("option_twice")
