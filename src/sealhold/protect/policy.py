"""What a protection policy says, as values. `policyfile.py` reads it, `policycheck.py` judges it.

- `line` is where a part stands in its file, for messages; it is no part of what the policy says.

Source: docs/spec/16-protection-policy.md section 2.
"""

from dataclasses import dataclass, field
from enum import Enum, unique
from typing import Final

KEEPS_THE_VALUE: Final = frozenset(
    {"sealed", "deterministic", "fpe", "token", "split", "anonymise", "redact", "private-lookup"}
)
"""Techniques that `sealed` is not implied by: what they store stands for the value itself."""
OTHERS: Final = "*"  # among the users of a role: all who are in no other
HASHED: Final = "hash"  # what a mask shows that needs a key


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
    replica_of: str = ""  # the provider whose rows it has too, to be read while that is away


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
    line: int = field(default=0, compare=False)

    @property
    def is_clear(self) -> bool:
        """Whether the provider reads it."""
        return self.protect == ("clear",)

    @property
    def techniques(self) -> tuple[str, ...]:
        """Each technique that is used, `sealed` first where it is implied; none if it is clear."""
        if self.is_clear:
            return ()
        if KEEPS_THE_VALUE.isdisjoint(self.protect):
            return ("sealed", *self.protect)
        return self.protect


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
    bait: int = 0  # rows of a table that is a decoy as a whole
    reactions: tuple[str, ...] = ("notify",)
    line: int = field(default=0, compare=False)

    @property
    def is_protected(self) -> bool:
        """Whether any column of it is hidden from the provider."""
        return any(not column.is_clear for column in self.columns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Anonymise:
    """What a release of a table must keep."""

    table: str
    quasi: tuple[str, ...]  # columns by which people could be found
    sensitive: tuple[str, ...] = ()
    k: int = 5
    l: int = 1  # noqa: E741  # reason: l-diversity is called so
    t: float = 1.0  # t-closeness; 1 asks for nothing
    suppress_max: float = 0.0  # share of the rows that may be left out
    method: str = "mondrian"
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """How an object is cut: any `k` of `n` shares restore it."""

    k: int
    n: int
    csps: tuple[str, ...]  # one for each share


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectPolicy:
    """Objects of one bucket under one prefix."""

    bucket: str
    prefix: str = ""
    split: Shares | None = None
    names: str = "sealed"
    segment: int = 65_536  # bytes
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mask:
    """What users of one role are shown of one column, in place of its values."""

    column: str  # table.column
    show: str  # as `masks.py` lists
    writes: bool = False  # they may write values, which they are not shown then
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """Users who get less than all."""

    name: str
    users: tuple[str, ...]  # "*": whoever is in no other role
    may: tuple[str, ...] = ()  # read, write, define; empty: what each user may
    tables: tuple[str, ...] = ()  # of the policy; empty: those of each user
    masks: tuple[Mask, ...] = ()
    line: int = field(default=0, compare=False)


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
    never_together: tuple[tuple[str, ...], ...] = ()  # of table.column
    anonymise: tuple[Anonymise, ...] = ()
    objects: tuple[ObjectPolicy, ...] = ()
    roles: tuple[Role, ...] = ()
    digest: str = ""  # sha256:HEX of this version's bytes

    def role_of(self, user: str) -> Role | None:
        """Return the role that a user has, if any."""
        named = next((each for each in self.roles if user in each.users), None)
        return named or next((each for each in self.roles if OTHERS in each.users), None)

    @property
    def keyed(self) -> frozenset[str]:
        """The datasets that need a key: with a protected column, or one that is shown hashed."""
        hashed = {
            each.column.rpartition(".")[0]
            for role in self.roles
            for each in role.masks
            if each.show == HASHED
        }
        return frozenset(
            table.dataset
            for table in self.tables
            if table.is_protected or hashed & {table.name, f"{table.schema}.{table.name}"}
        )
