"""Who supplies: what a receipt or an invoice must say of the co-operative itself. Pure.

Council Directive 2006/112/EC, article 226 (3) and (5): the supplier's VAT number, name and address.
"""

from dataclasses import dataclass

from foundation.strict_json import read_json
from papers.errors import SupplierInvalid

NAME_MAX, LINES_MAX = 200, 6
_FIELDS = ("name", "address", "vat_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Supplier:
    """The co-operative in law.

    Attributes
    ----------
    name
        As registered.
    address
        One to six lines, as on an envelope.
    vat_id
        The tax number that papers must show, as it is written; None where there is none.
    """

    name: str
    address: tuple[str, ...]
    vat_id: str | None = None

    def __post_init__(self) -> None:
        _check("name", self.name)
        if not 1 <= len(self.address) <= LINES_MAX:
            raise SupplierInvalid("address", f"has 1 to {LINES_MAX} lines")
        for line in self.address:
            _check("address", line)
        if self.vat_id is not None:
            _check("vat_id", self.vat_id)

    def as_json(self) -> dict[str, object]:
        """As papers say it."""
        return {"name": self.name, "address": list(self.address), "vat_id": self.vat_id}


def parse_supplier(text: str) -> Supplier:
    """The supplier in a JSON file: `{"name": ..., "address": [...], "vat_id": ...}`.

    Raises
    ------
    SupplierInvalid
        Naming the field.
    """
    try:
        said = read_json(text)
    except (ValueError, RecursionError):
        raise SupplierInvalid("file", "is not JSON") from None
    if not isinstance(said, dict):
        raise SupplierInvalid("file", "is not a JSON object")
    if unknown := sorted(set(said) - set(_FIELDS)):
        raise SupplierInvalid(unknown[0], "is not known here")
    address = said.get("address")
    if not isinstance(address, list):
        raise SupplierInvalid("address", "must be a list of lines")
    return Supplier(name=said.get("name", ""), address=tuple(address), vat_id=said.get("vat_id"))


def _check(field: str, said: object) -> None:
    if not isinstance(said, str) or not said.strip():
        raise SupplierInvalid(field, "must be a text that is not empty")
    if len(said) > NAME_MAX or not said.isprintable():
        raise SupplierInvalid(field, f"must be one line of at most {NAME_MAX} letters")
