"""Query grants: what another proxy may ask of what this one protects, and what it is told.

Source: docs/spec/67-proxy-to-proxy.md.
"""
