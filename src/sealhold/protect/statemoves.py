"""How far the migration of each table is, in a proxy's state.

- A phase is durable before the provider is told to commit what it stands for, and it is believed
  over anything that the provider's catalogue says.

Source: docs/spec/61-protecting-a-live-table.md section 4; docs/spec/59 section 2.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Final

from sealhold.protect.migrating.forms import Phase, Way
from sealhold.protect.state import State

_ALL: Final = "SELECT place, name, phase, is_back FROM migration"
_PUT: Final = (
    "INSERT INTO migration VALUES (?, ?, ?, ?)"
    " ON CONFLICT (place, name) DO UPDATE SET phase = excluded.phase, is_back = excluded.is_back"
)
_DROP: Final = "DELETE FROM migration WHERE place = ? AND name = ?"

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Noted:
    """What is known of one table."""

    phase: Phase
    way: Way = Way.IN

    @property
    def is_back(self) -> bool:
        """Whether its protection is taken away."""
        return self.way is Way.BACK


class Notes:
    """What a state knows of migrations; several threads may ask. `turn` counts its changes."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._turn = Lock()
        self.turn = 0
        with state.reading() as connection:
            rows = connection.execute(_ALL).fetchall()
        self._known: dict[Key, Noted] = {
            (schema, name): Noted(Phase(phase), Way(way)) for schema, name, phase, way in rows
        }

    @property
    def all(self) -> Mapping[Key, Noted]:
        """Return what is known of each table."""
        return dict(self._known)

    def of(self, table: Key) -> Noted | None:
        """Return what is known of a table; None if it was never migrated."""
        return self._known.get(table)

    def put(self, table: Key, noted: Noted) -> None:
        """Note how far a migration is, durably.

        Raises:
            StoreFullError: no room.
            StoreUnavailableError: the disk refuses.
        """
        with self._turn, self._state.changing() as connection:
            connection.execute(_PUT, (*table, noted.phase.value, noted.way.value))
        self._known[table] = noted
        self.turn += 1

    def drop(self, table: Key) -> None:
        """Forget a table: it is as if it had never been migrated.

        Raises:
            StoreUnavailableError: the disk refuses.
        """
        with self._turn, self._state.changing() as connection:
            connection.execute(_DROP, table)
        self._known.pop(table, None)
        self.turn += 1

    def touch(self) -> None:
        """Note that the provider committed what was noted: names are to be read anew."""
        self.turn += 1
