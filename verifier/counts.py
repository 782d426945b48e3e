"""Counting again, apart from the service's counters: small, in whole numbers and fractions.

Votes come as the documents of what ballots say, with how often each is there. Every record is in
the form that docs/reference/ballot_bundle.md publishes.
"""

from collections.abc import Sequence
from fractions import Fraction
from math import ceil
from typing import Any, TypeAlias

from verifier import equal_shares, schulze, stv
from verifier.fault import Fault
from verifier.shares import reaches
from verifier.terms import Terms

Votes: TypeAlias = Sequence[tuple[dict[str, Any], int]]


def recount(terms: Terms, votes: Votes, lot_seed: bytes) -> dict[str, Any]:
    """The record of the count.

    Raises
    ------
    Fault
        `unknown_rule`.
    """
    match terms.rule:
        case "for_against":
            return for_against(votes, terms.parameters)
        case "lower_median":
            return lower_median(votes, terms.parameters)
        case "scottish_stv":
            rankings = [([group[0] for group in one["ranks"]], n) for one, n in votes]
            return stv.count(rankings, len(terms.options), terms.parameters["seats"], lot_seed)
        case "schulze":
            ballots = [(one["ranks"], n) for one, n in votes]
            return schulze.count(ballots, len(terms.options), terms.parameters, lot_seed)
        case "equal_shares":
            approvals = [(one["approved"], n) for one, n in votes]
            return equal_shares.count(approvals, terms.parameters, lot_seed)
    raise Fault("unknown_rule", f"This verifier has no counter for {terms.rule!r}.")


def for_against(votes: Votes, parameters: dict[str, Any]) -> dict[str, Any]:
    """For and against; `required` is a share of both together, such as ">1/2" or ">=3/4".

    Abstentions count for the quorum alone; as many for as against is lost whatever is required.
    """
    said = dict.fromkeys(("for", "against", "abstain"), 0)
    for one, times in votes:
        said[one["mark"]] += times
    enough = reaches(parameters["required"], said["for"], said["against"])
    if sum(said.values()) < parameters["quorum"]:
        outcome = "no_quorum"
    elif said["for"] == said["against"]:
        outcome = "tie"
    else:
        outcome = "passed" if enough else "not_enough"
    return {"rule": "for_against", **said, "outcome": outcome}


def lower_median(votes: Votes, parameters: dict[str, Any]) -> dict[str, Any]:
    """The lower median of all values, with phantoms at today's value.

    `phantom_share` is a share of the values given, rounded up to a whole number of ballots.
    """
    tally: dict[int, int] = {}
    abstained = 0
    for one, times in votes:
        if one["value"] is None:
            abstained += times
        else:
            tally[one["value"]] = tally.get(one["value"], 0) + times
    phantoms = ceil(sum(tally.values()) * Fraction(parameters["phantom_share"]))
    weighed = dict(tally)
    if phantoms:
        weighed[parameters["today"]] = weighed.get(parameters["today"], 0) + phantoms
    left = (sum(weighed.values()) + 1) // 2
    decided = None
    for value in sorted(weighed):
        left -= weighed[value]
        if left <= 0:
            decided = value
            break
    return {
        "rule": "lower_median",
        "values": [[value, tally[value]] for value in sorted(tally)],
        "abstained": abstained,
        "phantoms": phantoms,
        "value": decided,
    }
