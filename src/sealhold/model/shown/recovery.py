"""Shares of a recovery secret, as faces show them.

Source: docs/spec/54-recovery-by-people.md sections 3 to 6.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class HolderView:
    """Somebody who was given a share."""

    id: str  # root id in hex digits
    name: str  # as the owner calls them; empty: no contact any more
    is_sent: bool  # the letter left this device


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareSetView:
    """The newest set of shares."""

    needed: int  # shares that give the secret
    at: int  # milliseconds since 1970
    holders: tuple[HolderView, ...]
    window: int  # milliseconds for which holders hold a share back
    heir: str  # who is, as the owner calls them; empty: nobody
    waiting: int  # milliseconds for which the heir waits since a use of a device


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryView:
    """A recovery of somebody for whom a share is held here."""

    id: str  # 32 hex digits
    course: str  # `held`, `prevails`, `ended` or `unopened`
    by_heir: bool
    is_opened: bool  # by who holds the share here; else it was only heard of
    is_told: bool  # the owner was, or is taken to be out of reach: the window runs
    notices: int  # of holders, this one included
    until: int | None  # when the share is handed out as things stand; ms since 1970
    vetoed_by: str  # what the device calls itself whose veto counts; empty: none


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnRecoveryView:
    """A recovery of this vault's own secret, as its owner's devices have heard of it."""

    id: str  # 32 hex digits
    course: str  # `held`, `prevails` or `ended`: as judged by what was heard here
    by_heir: bool
    heard: int  # ms since 1970
    until: int | None  # when holders hand shares out as things stand; None: too few opened it
    by: tuple[str, ...]  # holders who opened it, as the owner calls them
    needed: int
    vetoed_by: str  # the owner's device; empty: none did


@dataclass(frozen=True, slots=True, kw_only=True)
class VetoView:
    """What a veto came to."""

    recovery: OwnRecoveryView
    is_new: bool  # False: a device had vetoed it before, and nothing changed
    holders: int  # to whom a letter goes; 0 if it is not new


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningView:
    """What opening a recovery does, or did."""

    owner: str
    recovery: str  # 32 hex digits
    by_heir: bool
    is_new: bool  # False: it was opened here before
    notices: int  # of holders, this one included
    needed: int
    window: int  # milliseconds
    text: str  # the notices, to be carried to the next holder; empty in a preview


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldView:
    """A share that is held here for somebody, without its words."""

    id: str  # root id in hex digits
    name: str
    standing: str  # `verified`, `unverified`, or `unknown` if it is no contact any more
    needed: int
    count: int  # shares of the set
    place: int  # of this one, from 1
    at: int  # milliseconds since 1970
    window: int  # milliseconds for which it is held back once a recovery was opened; 0: not at all
    is_heir: bool  # who holds it here is the heir
    recoveries: tuple[RecoveryView, ...]
