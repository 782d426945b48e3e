"""The entrance for riders: `/rider/v1`.

Quotes, trips, receipts, and a live feed. Shows a rider their own trips and nobody else's; another
person's identifier is answered like one that does not exist.
"""
