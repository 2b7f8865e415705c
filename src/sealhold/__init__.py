"""sealhold: a personal data vault. Your data stays, answers leave.

Source: docs/architecture.md.
"""

__version__ = "0.1.0"
