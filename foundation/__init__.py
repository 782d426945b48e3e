"""Values that belong to no room: identifiers, money, measures, clock, chance, events, errors.

Owns nothing that is stored and refuses every import but the standard library's.
"""
