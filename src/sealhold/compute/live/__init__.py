"""Places on a server: read by a process that has no key, whose every word is bounded.

Source: docs/spec/37-live.md.
"""
