"""What a face shows of proxies before rented databases: users, policies, how one does.

Source: docs/spec/59-proxy-in-a-vault.md section 6.
"""

from dataclasses import dataclass

from sealhold.model.quantities import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyUserView:
    """Somebody who may log in at a proxy."""

    name: str
    rights: tuple[str, ...]
    tables: tuple[str, ...]  # empty: all


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
class ProxyStatus:
    """How the proxies of a vault are set up."""

    policies: tuple[ProxyPolicyView, ...]
    datasets: tuple[ProxyDatasetView, ...]
    users: tuple[ProxyUserView, ...]
    secrets: tuple[str, ...]  # names
    missing: tuple[str, ...]  # secrets of the vault that a policy names and nobody set


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
