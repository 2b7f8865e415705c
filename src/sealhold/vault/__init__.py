"""The Core: keys, ingest, index, firewall, grants and budgets."""
