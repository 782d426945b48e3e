"""The only SQL that changes dispatch's tables, by what it is about.

The order of locks is always trip, then its offers, then shift, then run, before its stops and seats
(design: isolation). Each change of
a trip is one statement that writes the row and its event together.
"""
