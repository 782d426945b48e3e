"""Whether options and parameters are what the rule of a vote asks for."""

import re

from verifier.encoding import NUMBER_MAX, Reader
from verifier.fault import Fault
from verifier.shares import FRACTION, REQUIRED

PARAMETERS = {
    "for_against": ("required", "quorum"),
    "lower_median": ("lowest", "highest", "step", "today", "phantom_share"),
    "scottish_stv": ("seats", "ranks_max"),
    "schulze": ("status_quo", "required"),
    "equal_shares": ("budget", "costs", "unit"),
}
_WITHOUT_OPTIONS = ("for_against", "lower_median")


def require_fitting(rule: Reader, options: int) -> None:
    """Check what reading and counting a ballot by this rule needs; of an unknown one nothing.

    Raises
    ------
    Fault
        `document_malformed`.
    """
    rule.only("name", "parameters")
    name, parameters = rule.text("name"), rule.inner("parameters")
    if name not in PARAMETERS:
        return
    parameters.only(*PARAMETERS[name])
    if (name in _WITHOUT_OPTIONS) != (options == 0):
        raise Fault("document_malformed", f"{name} asks for options, or for none.")
    match name:
        case "for_against":
            parameters.number("quorum")
            _require_share(parameters)
        case "lower_median":
            _require_bounds(parameters)
        case "schulze":
            _require_share(parameters)
            has_one = parameters.fields["status_quo"] is not None
            if has_one and parameters.number("status_quo", 1) > options:
                raise Fault("document_malformed", "The status quo is none of the options.")
        case "equal_shares":
            parameters.number("budget", 1)
            parameters.number("unit", 1)
            costs = parameters.array("costs")
            if len(costs) != options or any(type(one) is not int or one < 1 for one in costs):
                raise Fault("document_malformed", "The options do not have a cost each.")
        case "scottish_stv":
            parameters.number("seats", 1)
            parameters.number("ranks_max", 1)


def _require_share(parameters: Reader) -> None:
    if not re.fullmatch(REQUIRED, parameters.text("required")):
        raise Fault("document_malformed", "The share required is none like >1/2 or >=3/4.")


def _require_bounds(parameters: Reader) -> None:
    step = parameters.number("step", 1)
    low, high = (parameters.number(name, -NUMBER_MAX) for name in ("lowest", "highest"))
    parameters.number("today", -NUMBER_MAX)
    if not re.fullmatch(FRACTION, parameters.text("phantom_share")):
        raise Fault("document_malformed", "The share of phantoms is none like 1/10.")
    if low > high or (high - low) % step:
        raise Fault("document_malformed", "Bounds and step of the value do not fit.")
