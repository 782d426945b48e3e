"""The books as a file for somebody else's program: beancount, hledger, CSV, Parquet.

Owns the names that accounts have there, what stands in place of a person, and the four formats.
Reads one moment of the books and never all of them at once. Refuses to leave half a file, and to
write over one that is there.
"""
