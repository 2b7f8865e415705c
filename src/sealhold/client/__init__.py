"""A client of a vault, for apps that keep their people's data there, and for officers.

- A call is a value, made by a function of `people`, `logins`, `records`, `attachments`,
  `processings`, `choices` or `rights`, for officers also of `cases`, `breaches`, `holds` or
  `office`. A `Vault` sends it; an `AsyncVault` sends the same value with `await`.
- Nothing of the vault is imported: this runs in the process of an app.

Source: docs/spec/31-client.md.
"""

from sealhold.client import (
    attachments,
    breaches,
    cases,
    choices,
    holds,
    logins,
    office,
    people,
    processings,
    records,
    rights,
)
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
from sealhold.client.proof import ClientKey
from sealhold.client.tokens import Token
from sealhold.client.vault import AsyncVault, Vault

__all__ = [
    "AsyncVault",
    "ClientKey",
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
    "breaches",
    "cases",
    "choices",
    "holds",
    "logins",
    "office",
    "people",
    "processings",
    "records",
    "rights",
]
