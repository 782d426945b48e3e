"""Dial-a-ride with every request known beforehand: the hardest small cousin of shared trips.

Owns the search for the cheapest set of routes under time windows, ride caps, route durations and
seats. It is how the pooled core is measured against the literature, and how booked days can be
planned. The choice among routes is the one that rounds of shared trips make (`choice.py`).
"""
