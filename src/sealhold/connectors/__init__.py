"""Reading where data already lies: the contract in `spec`, one source per file."""
