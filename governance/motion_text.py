"""The wording of a motion: what can be put to members, and how a rule's body is laid out."""

import json
from collections.abc import Mapping
from typing import Any

from governance.errors import MotionTextInvalid

TITLE_LENGTH_MAX = 200
TEXT_LENGTH_MAX = 400_000


def rule_text(body: Mapping[str, Any]) -> str:
    """A rule's body laid out for reading and comparing: a field a line, in alphabetical order."""
    return json.dumps(body, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)


def check_text(title: str, text: str, *, rule_kind: str | None) -> None:
    """Whether a title and a text can be put to members.

    Raises
    ------
    MotionTextInvalid
        If one is empty or too long, or a rule's text is not a JSON object laid out by `rule_text`.
    """
    if not 1 <= len(title.strip()) <= TITLE_LENGTH_MAX:
        raise MotionTextInvalid(f"needs a title of 1 to {TITLE_LENGTH_MAX} characters")
    if not 1 <= len(text.strip()) <= TEXT_LENGTH_MAX:
        raise MotionTextInvalid(f"must have 1 to {TEXT_LENGTH_MAX} characters")
    if "\0" in title + text:
        raise MotionTextInvalid("holds a NUL character")
    if rule_kind is not None:
        try:
            body = json.loads(text)
        except ValueError:
            raise MotionTextInvalid(f"is a {rule_kind}, and is not JSON") from None
        if not isinstance(body, dict) or rule_text(body) != text:
            raise MotionTextInvalid(f"is a {rule_kind}, and is not laid out as one")
