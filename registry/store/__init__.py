"""The registry's SQL, and nobody else's: named statements, one module for each group of tables.

Takes and returns the room's own values. Decides nothing but what only the database can decide: who
was first, and whether a deadline is over by its clock.
"""
