"""The entrance without sign-in: the city live, the rules in force, share links, signing in.

Shows nobody's name, plate or trip, and no position finer than docs/reference/live_public.md
says. A share link shows one trip to whoever holds it.
"""
