"""The entrance for drivers, who are the members: `/driver/v1`.

Shifts, offers with pay and destination known, trips step by step, navigation, earnings, and a
live feed that takes positions. Shows a driver their own work and nobody else's.
"""
