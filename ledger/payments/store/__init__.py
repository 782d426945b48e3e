"""The only SQL that writes payments."""
