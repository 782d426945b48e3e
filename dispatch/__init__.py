"""Trips, offers, shifts, positions and rounds: who is served by whom, and what happened.

Owns the life of a trip from the request to its end, the offers made for it, drivers' shifts, and
the rounds that decide. Refuses to change a trip but by `trip.advance`, to announce what is not
committed, and to keep a position of anybody off shift.
"""
