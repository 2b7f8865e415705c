"""A made-up year of a person, as the files that a person would bring: one module per kind of file.

- Everything follows from one seed, so each start makes the same files to the byte.
- Places are in and around a town that is nowhere: its streets lie in the open sea.
"""
