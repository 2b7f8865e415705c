"""SQLCipher's binding has the API of the standard library's `sqlite3` and ships no types."""
