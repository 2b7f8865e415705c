"""Functions survive, data is hidden: a rented server keeps, finds and adds up what it cannot read.

Stands below `vault`: who may see what is decided there, and `node` binds that decision in. Nothing
here opens a socket or waits.

Source: docs/spec/16-protection-policy.md, 55-protected-columns.md, 56-postgresql-proxy.md.
"""
