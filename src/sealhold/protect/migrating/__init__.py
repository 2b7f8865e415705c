"""Protecting a table that is in use, and taking its protection back: the parts without I/O."""
