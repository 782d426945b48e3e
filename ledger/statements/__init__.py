"""What a driver is told of their money: by trip, shift and week, and what an hour and a kilometre brought.

Owns no table: it reads entries, charges, the rules they were paid by, the work record and the driver's
own costs, and refuses nothing but what is not theirs. `statement` computes, `check` holds it against
the books, `words` says it in four languages, `document`, `table` and `paper` write it.
"""
