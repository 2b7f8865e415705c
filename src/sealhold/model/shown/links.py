"""What is told of link shares: what one would show, what is odd about it, and what became of it.

Source: docs/spec/53-link-shares.md.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkFinding:
    """Something odd about a link that is to be made."""

    sign: str  # by which it is answered
    says: str
    fix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkPreview:
    """What a link would show."""

    name: str
    kind: str  # `file` or `record`
    size: int  # bytes
    sender: str
    until: int  # milliseconds since 1970
    most: int  # openings; 0: any number
    asks: bool  # for a passphrase
    host: str
    label: str
    text: str  # of a record: what is shown; else empty
    findings: tuple[LinkFinding, ...]
    digest: str  # of all this: an answer may name it


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkView:
    """A link that was made."""

    id: str  # 32 hex digits
    name: str
    kind: str
    size: int
    sender: str
    host: str
    made: int
    until: int
    most: int
    asks: bool
    state: str  # begun, open, expired, revoked, used, closed, gone
    opened: int
    wrong: int  # tries that were wrong
    times: tuple[int, ...]  # of the openings, the last 500
    heard: bool  # whether the host answered just now
