"""How the members decide: rolls, motions, ballots and counts.

Owns what is voted on, by whom and how it came out. Refuses to know how anyone voted: the roll and
the ballot box are kept apart in code, in the database and between people. It never meets
`dispatch`: what members decide reaches it as a rule in the rulebook.
"""
