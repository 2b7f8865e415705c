"""A client of a vault, for apps that keep the data of their people there and nothing of their own.

- A call is a value, made by a function of `people`, `logins`, `records`, `attachments`,
  `processings`, `choices` or `rights`. A `Vault` sends it; an `AsyncVault` sends the same value with `await`.
- Nothing of the vault is imported: this runs in the process of an app.

Source: docs/spec/31-client.md.
"""

from sealhold.client import attachments, choices, logins, people, processings, records, rights
from sealhold.client.course import Patience
from sealhold.client.errors import (
    ConflictError,
    DeniedError,
    ExhaustedError,
    InvalidError,
    NotFoundError,
    NoTokenError,
    StaleError,
    TamperedError,
    UnavailableError,
    UnsureError,
    UntrustedError,
    UsageError,
    VaultError,
)
from sealhold.client.tokens import Token
from sealhold.client.vault import AsyncVault, Vault

__all__ = [
    "AsyncVault",
    "ConflictError",
    "DeniedError",
    "ExhaustedError",
    "InvalidError",
    "NoTokenError",
    "NotFoundError",
    "Patience",
    "StaleError",
    "TamperedError",
    "Token",
    "UnavailableError",
    "UnsureError",
    "UntrustedError",
    "UsageError",
    "Vault",
    "VaultError",
    "attachments",
    "choices",
    "logins",
    "people",
    "processings",
    "records",
    "rights",
]
