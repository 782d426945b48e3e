"""Polls across processes: what two desks and a board keep in the database, each by its own role.

A *poll* is one question of a motion's vote, with a manifest of its own. `governance.ballots` decides,
purely; here stand the tables (`store`), the keys' folders (`keys`), what a desk does (`desk`), what the
box and the board do (`board`), and what the rest of the service reads of it (`records`). A desk's
modules know no ballot, the board's no roll: import-linter holds them apart, and so do the roles.
"""
