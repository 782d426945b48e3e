"""A year of a city's money, without its streets: who rode with whom when, and what became of it.

Owns the plan of such a year and its writing through the real quotes, fares and books. The trips
are identifiers only: no dispatcher saw them, and no trip stands behind a charge.
"""
