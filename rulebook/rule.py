"""A rule in force: its kind, its body, its dates, and what adopted it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from foundation.identifiers import UUID, RuleId


class RuleKind(StrEnum):
    """What the members decide by rule."""

    TARIFF = "tariff"
    PAY_FLOOR = "pay_floor"
    LEVY = "levy"
    MATCHING_POLICY = "matching_policy"
    BOOKING_POLICY = "booking_policy"
    PRIVACY_PURPOSES = "privacy_purposes"
    ALLOCATION_POLICY = "allocation_policy"
    BYLAWS = "bylaws"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One version of one kind; never edited, only followed by the next.

    Attributes
    ----------
    version
        1 for the charter's, then one more with each adoption of the kind.
    valid_from, valid_to
        Aware UTC; the end is when the next version begins and is left out, None is open.
    followed_at
        When that next version was adopted: before, nobody could know of the end.
    published_at
        When people could first read it; the notice runs from here.
    adopted_by
        The charter or certificate in words: "charter: Founding charter of ...".
    digest
        SHA-256 of the body as canonical JSON, in hexadecimal.
    """

    rule_id: RuleId
    kind: RuleKind
    version: int
    body: Mapping[str, Any]
    valid_from: datetime
    valid_to: datetime | None
    published_at: datetime
    adoption_id: UUID
    adopted_by: str
    digest: str
    followed_at: datetime | None = None

    def known_end(self, at: datetime) -> datetime | None:
        """The end as it was known at `at`; None if none was."""
        return None if self.followed_at is None or at <= self.followed_at else self.valid_to


def canonical(body: object) -> bytes:
    """A JSON value as the one text that is signed and hashed.

    Keys sorted, no spaces, UTF-8. Money is whole and fractions are text; where a body does hold a
    binary float (a weight of the matching policy), it is written as Python prints it, which is the
    shortest text that reads back as the same number.

    Raises
    ------
    ValueError
        If the value holds NaN, an infinity, or what JSON cannot say.
    """
    return json.dumps(
        body, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def digest_of(body: object) -> str:
    """SHA-256 of the canonical text, in hexadecimal."""
    return hashlib.sha256(canonical(body)).hexdigest()
