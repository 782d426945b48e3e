"""Ballots that nobody can tie to a voter and everybody can count again: two desks, one board.

A member shows at two *issuing desks* who they are (`roll`, `issuance`, `assertion`) and gets two
blind signatures (`blind_rsa`) on the key of a ballot that neither desk sees. With these the ballot
goes into the *box* (`ballot`, `box`), which asks nobody's name, and onto the *board*, an append-only
log (`merkle`, `checkpoint`, `log`) that witnesses sign. The *trustees* (`trustees`) put the key
together after the close; then everyone can open and count (`choice`, `tally`), and the whole is
published as one file (`bundle`) that `verifier` checks without any of this code.

Three tiers are one code path: *sealed* as said; *detached*, without the desks' signatures, where
the office keeps names and ballots apart; *open*, where names are shown.

Everything here is pure: no clock, no database, no network; chance and keys come in as arguments.
The format is published in docs/reference/ballot_bundle.md.
"""
