"""What a protection policy says, as values. `policyfile.py` reads it, `policycheck.py` judges it.

Source: docs/spec/16-protection-policy.md.
"""

from dataclasses import dataclass, field
from enum import Enum, unique


@unique
class Unlisted(Enum):
    """What becomes of a table or column that the policy does not name."""

    REFUSE = "refuse"
    CLEAR = "clear"


@unique
class Integrity(Enum):
    """What is noticed when a provider changes what it keeps."""

    NONE = "none"
    CELL = "cell"
    ROW = "row"
    TABLE = "table"


@unique
class Bind(Enum):
    """Where a cell belongs: to its row, or to its column alone."""

    ROW = "row"
    COLUMN = "column"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much one statement may bring to the proxy."""

    fetch_rows: int = 100_000
    fetch_bytes: int = 256 * 2**20
    pending: int = 4096  # messages of a client that wait


@dataclass(frozen=True, slots=True, kw_only=True)
class Csp:
    """One provider."""

    id: str
    kind: str  # postgres, s3, agent
    url: str
    secret: str = ""  # env:NAME or vault:NAME
    group: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnPolicy:
    """What one column is, and how it is protected."""

    name: str
    type: str  # as PostgreSQL names it: text, numeric(10,2), timestamp with time zone
    class_: str = "confidential"
    kind: str = "categoric"
    usages: tuple[str, ...] = ("storage",)
    protect: tuple[str, ...] = ("sealed",)  # names of techniques; ("clear",) for none
    domain: str = ""  # equal domain, equal key: joinable
    pad: int = 0
    audit: str = "none"
    fold: str = "none"
    tokens: str = "unicode"
    bits: int = 0
    scale: int | None = None
    range: tuple[int, int] | None = None
    buckets: int = 256
    alphabet: str = "digits"
    null: str = "clear"
    line: int = 0  # of the file, for messages

    @property
    def is_clear(self) -> bool:
        """Whether the provider reads it."""
        return self.protect == ("clear",)


@dataclass(frozen=True, slots=True, kw_only=True)
class TablePolicy:
    """One table: where it lies, and its columns in order."""

    dataset: str
    name: str
    columns: tuple[ColumnPolicy, ...]
    schema: str = "public"
    key: tuple[str, ...] = ()
    csps: tuple[str, ...] = ()
    bind: Bind = Bind.ROW
    integrity: Integrity = Integrity.CELL
    rows_per_minute: int = 0  # 0: no limit
    distinct_per_hour: int = 0
    decoys: int = 0
    reactions: tuple[str, ...] = ("notify",)
    line: int = 0

    @property
    def is_protected(self) -> bool:
        """Whether any column of it is hidden from the provider."""
        return any(not column.is_clear for column in self.columns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One version of a protection policy."""

    name: str
    version: int
    previous: str = ""  # sha256:HEX of the version before
    names: str = "clear"
    default: Unlisted = Unlisted.REFUSE
    limits: Limits = field(default_factory=Limits)
    csps: tuple[Csp, ...] = ()
    tables: tuple[TablePolicy, ...] = ()
    never_together: tuple[tuple[str, ...], ...] = ()
    digest: str = ""  # sha256:HEX of this version's bytes
