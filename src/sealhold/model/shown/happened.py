"""What is shown of the log and the vault as a whole, and what a verification found.

Source: docs/spec/20-faces.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sealhold.model.ids import Collection, ReceiptId
from sealhold.model.quantities import Instant, MicroBits

COUNTED = 100_000  # rows of one kind: some ten milliseconds; what is more is not told apart


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerLine:
    """One entry of the log, readable by the owner."""

    seq: int
    at: Instant
    kind: str
    actor: str
    purpose: str
    what: str  # a sentence
    outcome: str  # done | denied
    reason: str
    rows_read: int
    bytes_out: int
    cost: MicroBits
    left: MicroBits | None  # of the yearly budget of all askers, after this entry, if it cost
    leaf: str  # 64 hex digits: the entry's leaf hash in the tree
    receipt: ReceiptId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogState:
    """The log as a whole."""

    size: int
    root: str  # 64 hex digits
    at: Instant
    key_digest: str
    checkpoint: str  # the signed note
    whole: bool | None  # None until it was verified in this process
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How the vault is."""

    version: str
    home: str
    headless: bool
    root: str  # what opens the vault: `passphrase`, `keyfile` or `environment`
    root_strength: str  # what destroying a key of this root is worth
    slots: str = "home"  # where the keys of epochs lie: `home`, `tpm2` or `pkcs11`
    recovery: bool = False  # a recovery secret opens it, too
    items: int
    by_collection: Mapping[Collection, int]
    log: LogState
    isolation: str
    rollback_note: str  # what is not detected, in a sentence
    warnings: tuple[str, ...]
    elsewhere: Mapping[str, str] = field(default_factory=dict)  # rows, packs: where, if not at home
    epoch: int = 1  # of the keys
    close_by: Instant | None = None  # when it must be closed, if something was erased in it
    apps: int = 0
    people: int = 0  # of apps; these two are `COUNTED` if there are so many, or more
    records: int = 0  # of people, in their newest versions
    holds: int = 0  # duties to keep
    held: int = 0  # erased people of whom something is held under one


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One line of a verification."""

    name: str
    held: bool
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a verification found; `exit_code` is 0, 3 (below the policy), 5 (no proof) or 6."""

    checks: tuple[Check, ...]
    exit_code: int
    sentence: str
