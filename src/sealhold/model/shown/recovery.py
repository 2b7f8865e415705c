"""Shares of a recovery secret, as faces show them.

Source: docs/spec/54-recovery-by-people.md section 3.
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
