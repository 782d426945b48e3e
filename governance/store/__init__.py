"""The SQL of governance that writes, and what is read to write: members, motions, rolls, ballots."""
