"""What takes a transfer back moves all of it, and some kinds stand."""

import pytest

from foundation.identifiers import UUID, TransferId
from ledger.account import Account, Role
from ledger.reversal import NEVER_REVERSED, Written, reversals_of
from ledger.transfer import CHARGES, PENDING, Entry, Kind
from tests.money import USD, numbered

BANK = Account(role=Role.BANK, currency=USD)
INCOME = Account(role=Role.OTHER_INCOME, currency=USD)


def written(number: int, kind: Kind = Kind.INCOME, *, link_id: UUID | None = None) -> Written:
    """5 that came in."""
    return Written(
        transfer_id=TransferId(numbered(number)), kind=kind, currency=USD, link_id=link_id,
        is_reversed=False,
        entries=(
            Entry(account=BANK, amount_minor=5, code="grant"),
            Entry(account=INCOME, amount_minor=-5, code="grant"),
        ),
    )  # fmt: skip


def test_what_is_taken_back_is_all_of_it() -> None:
    (made,) = reversals_of([written(1)], reason="entered twice", made_by=numbered(77))
    assert [(one.account.role, one.amount_minor) for one in made.entries] == [
        (Role.BANK, -5), (Role.OTHER_INCOME, 5),
    ]  # fmt: skip
    assert (made.reverses, made.reason, made.made_by) == (
        numbered(1),
        "entered twice",
        numbered(77),
    )
    assert made.link is None


def test_what_came_together_is_taken_back_together() -> None:
    both = [written(number, link_id=numbered(9)) for number in (1, 2)]
    first, second = reversals_of(both, reason="by mistake", made_by=numbered(77))
    assert first.link is not None
    assert first.link == second.link
    assert first.link.count == 2
    assert first.link.link_id != numbered(9)


@pytest.mark.parametrize("kind", sorted(NEVER_REVERSED))
def test_a_kind_that_stands_is_never_taken_back(kind: Kind) -> None:
    with pytest.raises(AssertionError):
        reversals_of([written(1, kind)], reason="a try", made_by=numbered(77))


def test_of_each_kind_that_stands_it_is_said_why() -> None:
    assert NEVER_REVERSED.keys() >= CHARGES | PENDING
    assert all(NEVER_REVERSED.values())
    assert NEVER_REVERSED[Kind.HOLD] == "nothing has moved yet, so it is voided"
