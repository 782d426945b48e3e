"""What our texts say, in English, Spanish and Catalan. Pure.

A code's text names who sends it and warns against passing it on: most stolen accounts were opened
with a code read out over the telephone to somebody who said they were support.
"""

from collections.abc import Mapping

FALLBACK = "en"

TEXTS: Mapping[str, Mapping[str, str]] = {
    "sign_in_code": {
        "en": "{code} is your Khan Cars code. It works once, for five minutes. "
        "We never call to ask for it.",
        "es": "{code} es tu código de Khan Cars. Sirve una sola vez, durante cinco minutos. "
        "Nunca llamamos para pedirlo.",
        "ca": "{code} és el teu codi de Khan Cars. Serveix una sola vegada, durant cinc minuts. "
        "No truquem mai per demanar-lo.",
    },
}
"""Texts by kind, then language. Each kind has every language; names in braces are filled in."""

LANGUAGES = tuple(sorted(TEXTS["sign_in_code"]))
"""The languages we write in, ISO 639."""


def write(kind: str, language: str, **values: str) -> str:
    """The text of this kind, in this language where we have it, else in English."""
    texts = TEXTS[kind]
    return texts.get(language, texts[FALLBACK]).format(**values)
