"""Who should serve whom: a snapshot in, a plan with its reasons out.

Owns the decision of a round and nothing of what happens around it. Pure: no database, no clock,
no chance, no waiting. It knows foundation, NumPy and OR-Tools, and refuses to know the rest of
dispatch, so that the live service, a replay and a study of a policy run the very same lines.

    snapshot = Snapshot.of(at_ms=..., trips=..., drivers=..., policy=..., network_digest=...)
    pairs = candidate_pairs(snapshot)
    pickup_ms = ...                               # road times of these pairs, from the road engine
    round_input = RoundInput.of(snapshot, pairs, pickup_ms)      # stored: round_input.encode()
    plan = decide(round_input)                                   # stored: plan.encode()

README.md beside this file tells the model.
"""

from dispatch.matching.candidates import candidate_pairs
from dispatch.matching.cost import CostTerms
from dispatch.matching.errors import PolicyInvalid, RoundUnreadable
from dispatch.matching.explanation import Reason, sentence, why_not_me, why_open, why_this_offer
from dispatch.matching.fairness import Fairness, fairness_of, gini
from dispatch.matching.plan import (
    Alternative,
    Lost,
    Method,
    OpenBecause,
    OpenStill,
    Pairing,
    Plan,
)
from dispatch.matching.policy import Caps, Policy, Weights, parse_policy
from dispatch.matching.ready import prepare
from dispatch.matching.round_input import RoundInput
from dispatch.matching.snapshot import UNREACHABLE, FreeDriver, OpenTrip, Snapshot
from dispatch.matching.solo import decide

__all__ = [
    "UNREACHABLE",
    "Alternative",
    "Caps",
    "CostTerms",
    "Fairness",
    "FreeDriver",
    "Lost",
    "Method",
    "OpenBecause",
    "OpenStill",
    "OpenTrip",
    "Pairing",
    "Plan",
    "Policy",
    "PolicyInvalid",
    "Reason",
    "RoundInput",
    "RoundUnreadable",
    "Snapshot",
    "Weights",
    "candidate_pairs",
    "decide",
    "fairness_of",
    "gini",
    "parse_policy",
    "prepare",
    "sentence",
    "why_not_me",
    "why_open",
    "why_this_offer",
]
