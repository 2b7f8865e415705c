"""The way to an engine for the owner's SQL, which is loaded by the first query that it can answer.

- Only kinds that are files of this machine; a server is read as always.

Source: docs/spec/38-in-place.md section 7.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from sealhold.vault.pushdown import There, Told

if TYPE_CHECKING:
    from sealhold.compute.engine.pushdown import EnginePushdown

KINDS: Final = frozenset({"sqlite", "table"})


class FilePushdown:
    """Answers the owner's SQL where the tables lie."""

    def __init__(self) -> None:
        self._engine: EnginePushdown | None = None

    def __call__(self, sql: str, places: Sequence[There]) -> Told | None:
        """Return what a query gives, or None if it is to be answered in the ordinary way."""
        if any(each.source.kind not in KINDS for each in places):
            return None
        if self._engine is None:
            from sealhold.compute.engine.pushdown import (  # noqa: PLC0415  # reason: see above
                EnginePushdown,
            )

            self._engine = EnginePushdown()
        return self._engine(sql, places)

    def close(self) -> None:
        """Let go of the engine, should there be one."""
        if self._engine is not None:
            self._engine.close()
