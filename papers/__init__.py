"""What people are given in writing: receipts and invoices, numbered, signed, readable and printable.

Owns receipt numbers and the public halves of the signing keys. It keeps no amount of its own: what a
paper says of money comes from the books, of rules from the rulebook, of votes from governance. It
refuses to change what it has issued; a paper that is no longer true is followed by another.
"""
