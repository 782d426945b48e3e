"""SQL that writes and reads the books, one module a subject."""
