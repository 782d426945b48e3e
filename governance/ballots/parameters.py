"""What each counting rule needs to be told, as docs/reference/ballot_bundle.md lists it.

Whatever is missing or besides would only show when the bundle is checked, after the vote.
"""

import re
from collections.abc import Mapping

from governance.ballots.errors import BallotFormUnusable
from governance.ballots.plain import Plain

NUMBER_MAX = 2**53 - 1
NAMES: Mapping[str, frozenset[str]] = {
    "for_against": frozenset({"required", "quorum"}),
    "lower_median": frozenset({"lowest", "highest", "step", "today", "phantom_share"}),
    "scottish_stv": frozenset({"seats", "ranks_max"}),
    "schulze": frozenset({"status_quo", "required"}),
    "equal_shares": frozenset({"budget", "costs", "unit"}),
}
_WITHOUT_OPTIONS = frozenset({"for_against", "lower_median"})
_FRACTION = r"[0-9]{1,18}(/[1-9][0-9]{0,17})?"
_SHARE, _REQUIRED = re.compile(_FRACTION), re.compile(f">=?{_FRACTION}")


def whole_number(
    rule: str, parameters: Mapping[str, Plain], name: str, *, least: int = -NUMBER_MAX
) -> int:
    """A whole-numbered parameter, from `least` on.

    Raises
    ------
    BallotFormUnusable
        If there is none.
    """
    found = parameters.get(name)
    if not isinstance(found, int) or not _is_whole(found, least):
        raise BallotFormUnusable(f"{rule} needs a whole number {name}, from {least} on")
    return found


def require_parameters(rule: str, parameters: Mapping[str, Plain], *, options: int) -> None:
    """Check that options and parameters are what the rule asks for, no more and no less.

    Parameters
    ----------
    options
        How many there are.

    Raises
    ------
    BallotFormUnusable
        The first thing that is not.
    """
    if rule not in NAMES:
        return
    if (rule in _WITHOUT_OPTIONS) == bool(options):
        raise BallotFormUnusable(f"{rule} asks for options, or for none")
    if parameters.keys() != NAMES[rule]:
        raise BallotFormUnusable(f"{rule} has the parameters {', '.join(sorted(NAMES[rule]))}")
    match rule:
        case "for_against":
            _require_text(rule, parameters, "required", _REQUIRED)
            whole_number(rule, parameters, "quorum", least=0)
        case "lower_median":
            _require_values(rule, parameters)
        case "scottish_stv":
            for name in ("seats", "ranks_max"):
                whole_number(rule, parameters, name, least=1)
        case "schulze":
            _require_text(rule, parameters, "required", _REQUIRED)
            status_quo = parameters["status_quo"]
            if status_quo is not None and not _is_whole(status_quo, 1, options):
                raise BallotFormUnusable("the status quo is one of the options, or null")
        case "equal_shares":
            for name in ("budget", "unit"):
                whole_number(rule, parameters, name, least=1)
            _require_costs(parameters["costs"], options)


def _require_values(rule: str, parameters: Mapping[str, Plain]) -> None:
    low, high, step, _ = (
        whole_number(rule, parameters, name) for name in ("lowest", "highest", "step", "today")
    )
    if step < 1 or low > high or (high - low) % step:
        raise BallotFormUnusable("bounds and step of the value do not fit together")
    _require_text(rule, parameters, "phantom_share", _SHARE)


def _require_costs(costs: Plain, options: int) -> None:
    if not isinstance(costs, list | tuple) or len(costs) != options:
        raise BallotFormUnusable("every project has a cost, in the order of the options")
    if not all(_is_whole(cost, 1) for cost in costs):
        raise BallotFormUnusable("every project costs a whole number from 1 on")


def _require_text(
    rule: str, parameters: Mapping[str, Plain], name: str, pattern: re.Pattern[str]
) -> None:
    found = parameters[name]
    if not isinstance(found, str) or pattern.fullmatch(found) is None:
        raise BallotFormUnusable(f"{rule} needs a share {name}, such as 1/2 or >=3/4")


def _is_whole(value: Plain, least: int, most: int = NUMBER_MAX) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most
