"""The only SQL that writes a desk's or the board's tables."""
