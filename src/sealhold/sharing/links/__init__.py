"""Copies of one object for people who have no vault: links that a page opens."""
