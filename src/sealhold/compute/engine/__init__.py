"""The engine: a process in a jail that reads one table where it lies, or runs SQL over some.

Source: docs/spec/38-in-place.md.
"""
