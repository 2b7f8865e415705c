"""Connections between proxies: TLS 1.3, both ends proved by keys that were exchanged.

Source: docs/spec/67-proxy-to-proxy.md section 4.
"""
