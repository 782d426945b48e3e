"""The schema of the bank's file, taken from the package that ships it."""

from functools import lru_cache
from importlib.resources import files

import xmlschema

from ledger.pain001 import SCHEMA


def faults_of(document: bytes) -> list[str]:
    """Where the document departs from the schema of ISO 20022; empty when it is good."""
    return [f"{error.path}: {error.reason}" for error in _schema().iter_errors(document.decode())]


@lru_cache(maxsize=1)
def _schema() -> xmlschema.XMLSchema:
    # `sepaxml` ships the schema as ISO 20022 published it; its own writer knows only SEPA, two
    # decimals, and its own clock.
    return xmlschema.XMLSchema(str(files("sepaxml") / "schemas" / f"{SCHEMA}.xsd"))
