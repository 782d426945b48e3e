"""Telephone numbers as the world writes them down: E.164. Pure.

Refuses anything but an international number; it does not ask a carrier whether the number exists.
"""

import re
from typing import NewType

from registry.errors import PhoneInvalid

Phone = NewType("Phone", str)
"""A number in E.164 form: a plus sign, then 8 to 15 digits, the first of them not zero."""

_DECORATION = re.compile(r"[\s().\-/]+")
_E164 = re.compile(r"\+[1-9][0-9]{7,14}")


def parse_phone(written: str) -> Phone:
    """The number a person wrote, in E.164 form (ITU-T E.164 (11/2010), section 6.2).

    Spaces, brackets, dots, hyphens and slashes are dropped; a leading 00 stands for the plus.

    Raises
    ------
    PhoneInvalid
        If what is left is not a whole international number. The refusal never repeats the number.
    """
    if len(written) > 40:
        raise PhoneInvalid
    number = _DECORATION.sub("", written)
    if number.startswith("00"):
        number = "+" + number[2:]
    if not _E164.fullmatch(number):
        raise PhoneInvalid
    return Phone(number)
