"""What people see of members, motions and votes: one statement or a few for each look, however many
members there are."""
