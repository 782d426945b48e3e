"""What members and their city hold and do together, beside rides: pacts, a fund, offers, purchases.

Owns pacts of collaboration and their review (`pact`), the community fund that members divide by vote
(`budget`), share offers that the city matches (`offers`), and whom the co-operative buys from and
what share of it stays in the city (`purchasing`, `local_spend`). It decides and keeps record; it
moves no money, which is the books' to do, and keeps no ballot beside a name.
"""
