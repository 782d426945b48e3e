"""Money of the co-operative itself: what it spends, what it is given, what it pays on to the city.

Each act is named by an identifier that comes from whoever asks, so that asking again changes
nothing. Money comes and goes through the bank's account.
"""

from foundation.identifiers import UUID
from foundation.money import Money
from ledger.account import Account, Role
from ledger.errors import AmountNotPositive
from ledger.events import HousePosted
from ledger.store import transfers as store
from ledger.transfer import Entry, Kind, Transfer
from storage.work import UnitOfWork

OTHER_SIDE = {
    Kind.EXPENSE: (Role.EXPENSE, 1),
    Kind.LEVY_PAID: (Role.CITY, 1),
    Kind.TAX_PAID: (Role.TAX, 1),
    Kind.INCOME: (Role.OTHER_INCOME, -1),
}
"""Of the bank's: the account, and whether it is debited (1) or credited (-1)."""


def house_transfer(
    kind: Kind, subject_id: UUID, amount: Money, *, code: str, made_by: UUID | None = None
) -> Transfer:
    """Move `amount` between the bank and the account that the kind names.

    Parameters
    ----------
    code
        What it is for, like `expense.insurance`; the open books add up by it.
    """
    assert amount.minor > 0
    role, sign = OTHER_SIDE[kind]
    other = Account(role=role, currency=amount.currency)
    bank = Account(role=Role.BANK, currency=amount.currency)
    return Transfer(
        kind=kind,
        subject_id=subject_id,
        currency=amount.currency,
        entries=(
            Entry(account=other, amount_minor=sign * amount.minor, code=code),
            Entry(account=bank, amount_minor=-sign * amount.minor, code=code),
        ),
        made_by=made_by,
    )


async def post_house(work: UnitOfWork, transfer: Transfer) -> bool:
    """Post an expense, an income, levy or tax; whether it was not there yet.

    Raises
    ------
    AmountNotPositive
        If it moves nothing.
    """
    assert transfer.kind in OTHER_SIDE
    amount = Money(max(entry.amount_minor for entry in transfer.entries), transfer.currency)
    if amount.minor <= 0:
        raise AmountNotPositive(amount)
    if not await store.insert_transfer(work, transfer):
        return False
    work.announce(
        HousePosted(
            event_id=work.new_id(),
            occurred_at=work.now,
            transfer_id=transfer.transfer_id,
            currency=transfer.currency,
            what=transfer.kind.value,
            code=transfer.entries[0].code,
            amount_minor=amount.minor,
        )
    )
    return True
