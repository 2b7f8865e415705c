"""Every way in which sealhold says no: one tree, a module for each kind.

- A class is one situation. It has a kind, from which exit code and HTTP status follow, and its
  docstring ends in the remedy that the reader is shown.
- A message names ids and counts, never personal data, never a secret.
- An outsider sees DENIED for all that is absent, forbidden, exhausted or away.
- All are imported from here.

Source: docs/spec/01-encoding.md section 5.
"""

from sealhold.model.errors.base import (
    ErrorKind,
    SealholdError,
    UsageError,
)
from sealhold.model.errors.conflict import (
    ConflictError,
    FenceLostError,
    TakenError,
)
from sealhold.model.errors.denied import (
    BadTokenError,
    DeniedError,
    LockedError,
    NoKeyError,
    VerificationNeededError,
    WrongKeyFileError,
    WrongPassphraseError,
    WrongPinError,
)
from sealhold.model.errors.exhausted import (
    ExhaustedError,
    GrantExhaustedError,
    LeakExhaustedError,
    NoiseExhaustedError,
    QuestionsExhaustedError,
)
from sealhold.model.errors.invalid import (
    CapTooHighError,
    InvalidEncodingError,
    InvalidError,
    InvalidFilterError,
    InvalidGrantError,
    InvalidIdError,
    InvalidManifestError,
    InvalidQueryError,
    InvalidSettingsError,
    NotAProgramError,
    NotAProofError,
    UnknownPurposeError,
    UnreadableSourceError,
    WeakPassphraseError,
    WeakRootError,
)
from sealhold.model.errors.notfound import (
    NoFileError,
    NoHomeError,
    NotFoundError,
    ObjectNotFoundError,
)
from sealhold.model.errors.tampered import (
    BadChainError,
    BadProofError,
    BadSignatureError,
    InsecureHomeError,
    PlaintextStoreError,
    RolledBackError,
    SealBrokenError,
    TamperedError,
)
from sealhold.model.errors.unavailable import (
    AuditUnavailableError,
    BrokerLostError,
    BusyError,
    EvidenceUnavailableError,
    ExtraMissingError,
    IsolationUnavailableError,
    MachineChangedError,
    NotFetchedError,
    RootAwayError,
    StoppedError,
    StoreBusyError,
    StoreFullError,
    StoreUnavailableError,
    UnavailableError,
    UnfitBucketError,
)

__all__ = [
    "AuditUnavailableError",
    "BadChainError",
    "BadProofError",
    "BadSignatureError",
    "BadTokenError",
    "BrokerLostError",
    "BusyError",
    "CapTooHighError",
    "ConflictError",
    "DeniedError",
    "ErrorKind",
    "EvidenceUnavailableError",
    "ExhaustedError",
    "ExtraMissingError",
    "FenceLostError",
    "GrantExhaustedError",
    "InsecureHomeError",
    "InvalidEncodingError",
    "InvalidError",
    "InvalidFilterError",
    "InvalidGrantError",
    "InvalidIdError",
    "InvalidManifestError",
    "InvalidQueryError",
    "InvalidSettingsError",
    "IsolationUnavailableError",
    "LeakExhaustedError",
    "LockedError",
    "MachineChangedError",
    "NoFileError",
    "NoHomeError",
    "NoKeyError",
    "NoiseExhaustedError",
    "NotAProgramError",
    "NotAProofError",
    "NotFetchedError",
    "NotFoundError",
    "ObjectNotFoundError",
    "PlaintextStoreError",
    "QuestionsExhaustedError",
    "RolledBackError",
    "RootAwayError",
    "SealBrokenError",
    "SealholdError",
    "StoppedError",
    "StoreBusyError",
    "StoreFullError",
    "StoreUnavailableError",
    "TakenError",
    "TamperedError",
    "UnavailableError",
    "UnfitBucketError",
    "UnknownPurposeError",
    "UnreadableSourceError",
    "UsageError",
    "VerificationNeededError",
    "WeakPassphraseError",
    "WeakRootError",
    "WrongKeyFileError",
    "WrongPassphraseError",
    "WrongPinError",
]
