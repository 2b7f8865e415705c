"""Tables that the faces show: what the owner's own SQL gave.

Source: docs/spec/20-faces.md.
"""

from dataclasses import dataclass

from sealhold.model.encoding import Plain


@dataclass(frozen=True, slots=True, kw_only=True)
class TableResult:
    """What the owner's SQL gave."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Plain, ...], ...]
    truncated: bool
    seconds: float
