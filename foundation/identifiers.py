"""Identifiers as types, and the one door to new ones.

Every identifier is a UUID. New ones sort by the time they were made (RFC 9562, version 7), so
that an index on them grows at its end.
"""

from datetime import datetime
from typing import NewType
from uuid import UUID as UUID  # noqa: PLC0414 - re-exported: this module is the door

from foundation.chance import Chance

PersonId = NewType("PersonId", UUID)
RiderId = NewType("RiderId", UUID)
DriverId = NewType("DriverId", UUID)
VehicleId = NewType("VehicleId", UUID)
CredentialId = NewType("CredentialId", UUID)
SessionId = NewType("SessionId", UUID)
RuleId = NewType("RuleId", UUID)
QuoteId = NewType("QuoteId", UUID)
TripId = NewType("TripId", UUID)
OfferId = NewType("OfferId", UUID)
ShiftId = NewType("ShiftId", UUID)
RunId = NewType("RunId", UUID)
RoundId = NewType("RoundId", UUID)
AccountId = NewType("AccountId", UUID)
TransferId = NewType("TransferId", UUID)
EventId = NewType("EventId", UUID)


def time_ordered(at: datetime, chance: Chance) -> UUID:
    """A version 7 UUID (RFC 9562, section 5.7).

    Parameters
    ----------
    at
        Aware instant whose Unix milliseconds fill the first 48 bits.
    chance
        Where the 74 random bits come from.
    """
    milliseconds = int(at.timestamp() * 1000)
    value = (milliseconds & 0xFFFF_FFFF_FFFF) << 80
    value |= 0x7 << 76
    value |= chance.bits(12) << 64
    value |= 0b10 << 62
    value |= chance.bits(62)
    return UUID(int=value)
