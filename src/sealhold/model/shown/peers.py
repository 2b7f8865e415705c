"""What a face shows of query grants between proxies, and of their answers.

Source: docs/spec/67-proxy-to-proxy.md section 1.
"""

from dataclasses import dataclass

from sealhold.model.quantities import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryGrantView:
    """What another proxy may ask."""

    id: str  # 32 hex digits
    owner: str  # 64 hex digits
    requester: str
    dataset: str
    purpose: str
    rows_per_day: int
    made: Instant
    not_after: Instant
    covers: tuple[str, ...]  # tables, a grid, or statements
    is_over: bool  # revoked, or past its time


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerAnswer:
    """What the proxy of another vault answered, by a receipt that was checked and kept."""

    grant: str
    at: Instant  # of the data, as the owner signed
    columns: tuple[str, ...]
    rows: tuple[tuple[str | None, ...], ...]
