"""What is told of shares: what a change would show to whom, what there is, what was used.

Source: docs/spec/49-sharing.md; docs/spec/52-share-spaces.md.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LineView:
    """One clause in words, and what makes it hold."""

    says: str
    holds: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingView:
    """Something odd about a share, before it holds."""

    sign: str
    fix: str
    objects: tuple[str, ...]  # names


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectView:
    """What a change does for one person at one tier: names of objects."""

    person: str
    tier: str
    appears: tuple[str, ...]
    goes: tuple[str, ...]
    changed: tuple[str, ...]
    unchanged: int
    types: tuple[tuple[str, int], ...]  # of what appears


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewView:
    """A share as it would be."""

    label: str  # of its tier
    lines: tuple[LineView, ...]
    effects: tuple[EffectView, ...]
    findings: tuple[FindingView, ...]
    would_add: tuple[tuple[int, int], ...]  # days back, objects that a rule would have added
    digest: str  # to be given back with a yes


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareView:
    """A share that was given."""

    id: str
    name: str
    people: tuple[str, ...]
    label: str
    standing: str  # in force, not begun, over, used up or taken back
    lines: tuple[LineView, ...]
    objects: int
    uses: int
    most: int | None
    receipts: int
    odd: tuple[str, ...]  # what does not fit among the receipts
    silent: tuple[str, ...]  # uses that were released more than a day ago and have no receipt
    unconfirmed: tuple[str, ...]  # own devices that may still answer from a lease


@dataclass(frozen=True, slots=True, kw_only=True)
class UseView:
    """A use of a share."""

    number: int | None
    at: int  # ms since 1970
    person: str
    action: str
    purpose: str
    object: str
    permitted: bool
    signed: str  # by both, by their device, or not yet


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokedView:
    """What a revocation does, in the four lines that are true of it."""

    stops: str
    given: str
    asked: str
    unknown: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedView:
    """A share by another person."""

    id: str
    name: str
    owner: str
    label: str
    standing: str
    lines: tuple[LineView, ...]
    objects: tuple[str, ...]  # names with their folders
    waiting: int  # asks without an answer yet
