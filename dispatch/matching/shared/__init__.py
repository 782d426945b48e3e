"""Shared trips: several riders in one car, on one ordered list of stops.

Owns what a run is and may do, the cheapest place of one more trip in it, groups of trips that a run
can serve together, and the choice among them for a whole round. Pure, as all matching: road times
come in as a table; no clock, no chance but a seed. Prices and who saves what are settled elsewhere.
"""
