"""The books: who owes whom, double entry, nothing ever rubbed out.

Owns accounts, transfers (pending, posted, voided) and their entries, what each trip was charged,
and the record of work done. Refuses a transfer that does not sum to zero, a second fare for a
trip, shares that do not follow the adopted split, and any change of what was written. What a trip
costs is decided in `fares`; here it becomes a fact.
"""
