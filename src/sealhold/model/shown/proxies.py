"""What a face shows of proxies before rented databases: users, policies, how one does.

Source: docs/spec/59-proxy-in-a-vault.md section 6.
"""

from dataclasses import dataclass

from sealhold.model.quantities import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyRoleView:
    """The role that a user has under a policy in force."""

    policy: str
    role: str
    masks: int  # columns of which they are shown less


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyUserView:
    """Somebody who may log in at a proxy."""

    name: str
    rights: tuple[str, ...]
    tables: tuple[str, ...]  # empty: all
    roles: tuple[ProxyRoleView, ...] = ()  # one at most of each policy; none: shown all
    is_decoy: bool = False  # lets nobody in: who tries is an alarm


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyPolicyView:
    """One version of a policy that is, or was, in force."""

    name: str
    version: int
    digest: str
    at: Instant
    tables: int
    protected: int  # columns
    providers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyWarning:
    """What is doubtful about a policy, and where it stands."""

    line: int
    key: str
    message: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyActivation:
    """A policy that was put in force."""

    policy: ProxyPolicyView
    warnings: tuple[ProxyWarning, ...]
    is_new: bool  # no: it was in force already


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyDatasetView:
    """A dataset that a policy protects, and whether its key is there."""

    name: str
    has_key: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyHeld:
    """Something that a proxy holds back until its owner lets go of it."""

    proxy: str
    kind: str  # table, user, provider, rotation
    name: str
    cause: str
    at: Instant
    undo: str  # the command that lets go of it


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyAlarm:
    """Something that a proxy found, or heard of a provider."""

    proxy: str
    at: Instant
    cause: str
    place: str  # table or provider
    user: str
    held: tuple[str, ...]  # kinds of what followed


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyStatus:
    """How the proxies of a vault are set up."""

    policies: tuple[ProxyPolicyView, ...]
    datasets: tuple[ProxyDatasetView, ...]
    users: tuple[ProxyUserView, ...]
    secrets: tuple[str, ...]  # names
    missing: tuple[str, ...]  # secrets of the vault that a policy names and nobody set
    held: tuple[ProxyHeld, ...] = ()
    alarms: tuple[ProxyAlarm, ...] = ()  # the newest


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyMigrationPreview:
    """What a migration of a table would do."""

    table: str
    rows: int  # by the provider's estimate
    bytes: int  # of the table and its indexes now
    adds: int  # bytes until the form that was is dropped and the table is written anew, about
    columns: tuple[str, ...]  # that are protected then
    keys: tuple[str, ...]  # keys and indexes that move to terms
    lost: tuple[str, ...]  # those that no term holds: they are dropped
    in_the_way: tuple[str, ...]
    still: tuple[str, ...]  # for each column, what the provider still does with it


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyTurning:
    """What drawing the keys of a column anew is about."""

    column: str
    keys: tuple[str, ...]  # techniques, and the versions that their keys get
    tables: tuple[str, ...]  # that are made anew under them
    is_begun: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyMigration:
    """How far the migration of a table is."""

    table: str
    phase: str  # empty: none; filling, switching, switched, finished
    is_back: bool = False
    is_turn: bool = False  # under other keys, or by other techniques
    left: int = 0  # rows that are not done
    filled: int = 0  # rows of this run
    compared: int = 0
    per_second: int = 0  # rows that were filled
    lost: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyFinding:
    """A row at a provider that is not as it was written."""

    table: str
    row: int  # the number that the proxy gave it
    what: str  # changed, replayed, deleted, invented, doubled, missing


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyAuditedColumn:
    """How one column is protected."""

    name: str
    protect: tuple[str, ...]
    key_version: int = 0  # 0: in the clear


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyAuditedTable:
    """What an audit saw of one table."""

    table: str
    integrity: str
    columns: tuple[ProxyAuditedColumn, ...]
    bytes: int = 0  # at the provider, as it says
    rows: int = 0  # that were compared
    parts: int = 0  # of 1,024 row numbers each
    of_parts: int = 0
    settled: int = 0  # rows of which two versions were taken before
    found: int = 0
    findings: tuple[ProxyFinding, ...] = ()  # the first thousand


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyAudit:
    """What an audit of a provider saw."""

    policy: str
    version: int
    since: Instant  # when that version was put in force
    provider: str
    head: str  # hexadecimal; stands for all rows under `integrity = "table"`
    tables: tuple[ProxyAuditedTable, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyFold:
    """What a fold of one column did."""

    column: str
    blocks: int  # that were put at its agent
    rows: int  # in those blocks
    quarantined: bool = False  # its agent gave too many wrong sums to be asked any more
