"""People: their roles, and the little that is kept to reach them. Pure.

Whoever rides, drives, works in the office, inspects for the city, or is a machine, is one person
with roles; a person may have several.
"""

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from foundation.identifiers import PersonId
from registry.errors import DetailInvalid
from registry.phone import Phone


class Role(StrEnum):
    """What a person may act as."""

    RIDER = "rider"
    DRIVER = "driver"
    OFFICE = "office"  # the co-operative's staff
    REGULATOR = "regulator"  # the city's officers
    MACHINE = "machine"  # a program of ours or of a partner
    AUDITOR = "auditor"  # whoever examines the books for the members


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """Who somebody is and how to reach them: never logged, stored only sealed.

    `language` is an ISO 639 code, and says in which language to write to them.
    """

    name: str = field(repr=False)
    phone: Phone = field(repr=False)
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonView:
    """What a person sees of themselves. `name` may be empty: a rider need not give one."""

    person_id: PersonId
    name: str = field(repr=False)
    phone: str = field(repr=False)
    language: str
    roles: tuple[Role, ...]
    passkeys: int
    joined_at: datetime


_LANGUAGE = re.compile(r"[a-z]{2,3}")
_FORMAT_CONTROLS = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def clean_line(value: str, *, field: str, longest: int, shortest: int = 1) -> str:
    """One line of text as people meant it: NFC, no control signs, single spaces.

    Raises
    ------
    DetailInvalid
        If it is too short, too long (characters), or holds control signs.
    """
    if len(value) > 4 * longest:
        raise DetailInvalid(field, f"must have at most {longest} characters")
    line = " ".join(unicodedata.normalize("NFC", value).split())
    if any(unicodedata.category(sign) in _FORMAT_CONTROLS for sign in line):
        raise DetailInvalid(field, "must not hold control characters")
    if len(line) < shortest:
        raise DetailInvalid(field, "must not be empty")
    if len(line) > longest:
        raise DetailInvalid(field, f"must have at most {longest} characters")
    return line


def clean_name(name: str) -> str:
    """A person's name as they write it; may be empty. 80 characters at most."""
    return clean_line(name, field="name", longest=80, shortest=0)


def clean_language(language: str) -> str:
    """An ISO 639 language code of two or three small letters."""
    if not _LANGUAGE.fullmatch(language):
        raise DetailInvalid("language", "must be a code like en, es or ca")
    return language


def first_name(name: str) -> str:
    """What one stranger may call another at the kerb: the name up to its first space."""
    return name.split(" ", 1)[0]
