"""A period's surplus: what the policy in force makes of it, and what members decided to carry out.

Owns the allocation policy's meaning, the document and the lines of each allocation, each member's
statement, and what follows: payments of cash parts, retained parts that fall due, money that nobody
claimed. Refuses an allocation that no passed motion on that period asks for, a second one, and one
that any other policy than that of the period's end gives. What moves, moves in `ledger`.
"""
