"""`khan verify`: checks the published bundle of a vote, offline, and counts again.

Stands apart: it shares no line with the service that ran the vote, and needs the standard library,
`cryptography` and `rfc8785` alone. What it expects is docs/reference/ballot_bundle.md, from which
anybody can write another. It names the first thing that is wrong (`fault.Fault`) or nothing.
"""
