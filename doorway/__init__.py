"""What the entrances share over HTTP: who calls, one unit of work a request, answers that are
given once, problems in one form, live sockets.

Owns no rule and no table of a room below. Refuses a write without an Idempotency-Key, and a
caller whose session is over.
"""
