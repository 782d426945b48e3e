"""What members decide, and how: members, meetings, motions, ballots and counts.

Owns the road from a proposal to a certified result, and the books' division of a surplus. A motion
that passes is written into the rulebook, and dispatch, fares and ledger read it there: this room
never calls them to change what they do, and refuses to know how a trip is dispatched.
"""
