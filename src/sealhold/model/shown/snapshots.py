"""Snapshots, as the faces show them.

Source: docs/spec/46-snapshots.md.
"""

from dataclasses import dataclass

from sealhold.model.encoding import Plain
from sealhold.model.quantities import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotView:
    """One snapshot."""

    number: int  # from 1
    id: str  # 64 hex digits
    parent: str  # likewise; empty in the first
    at: Instant
    causes: tuple[str, ...]
    version: str  # of the program that made it
    form: int  # of the rows
    lost: int  # that came before it and are not there any more
    signer: str  # 64 hex digits: SHA-256 of the key of the log that signed it
    areas: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PathView:
    """One path of a snapshot."""

    path: str
    digest: str  # 64 hex digits: keyed, of what stands there
    content: Plain = None  # bytes as hex digits; None where it was not asked for


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeView:
    """A path that differs between two snapshots."""

    path: str
    change: str  # added | removed | changed
    before: Plain  # as in `PathView`; None if there was nothing
    after: Plain


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackView:
    """What going back from an upgrade does, or did."""

    form: int  # to which
    snapshot: int  # the number of the one that was made for that upgrade
    at: Instant  # of the upgrade
    steps: tuple[str, ...]  # what each step that is turned round had brought
    rows: dict[str, int]  # of each table that goes, where it has any
    apps: int  # that are stopped
    consents: int  # that are unknown until they are confirmed
    tokens: int  # that end
    changed: tuple[str, ...]  # paths that were set since, and stay as they are
    done: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingView:
    """One reading of a connector that is to be taken back."""

    job: str
    source: str
    file: str  # or the named source's own name
    at: Instant
    items: int  # whose newest version it brought
    by_itself: bool  # whether it is read again without being handed in


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawalView:
    """What one version of a connector brought."""

    connector: str
    version: str
    readings: tuple[ReadingView, ...]  # the newest first
    items: int
    done: bool
