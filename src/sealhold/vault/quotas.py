"""How many lookups an app may make in a day, so that none tries out who is there.

- Each lookup counts in the commit that writes its entry, whether somebody was found or not.
- A row that decides says day and count; over the cap an app reads DENIED until the day ends.
- From four fifths of the cap on, `status` names the app.

Source: docs/spec/30-access.md section 5.
"""

from collections.abc import Iterator

from sealhold.model.ids import AppId, Id16
from sealhold.model.principals import LOOKUPS_A_DAY
from sealhold.model.quantities import DAY
from sealhold.stores.spec import Bump, ColumnKind, Expect, Found, Op, Put, TableSpec
from sealhold.vault.core import Core

LOOKED = TableSpec(
    name="lookupcount",
    columns={"app": ColumnKind.ID16, "day": ColumnKind.I64, "used": ColumnKind.I64},
    key=("app",),
    indexes={},
)


class LookupQuota:
    """The lookups of the apps of one vault."""

    def __init__(self, core: Core, most: int = LOOKUPS_A_DAY) -> None:
        self._core = core
        self.most = most

    def is_used_up(self, app: AppId) -> bool:
        """Return whether an app has made all its lookups of today."""
        return self._used(app) >= self.most

    def counted(self, app: AppId) -> Op:
        """Return the operation that counts one more."""
        found, today = self._row(app), self._today()
        # THREAT T295: over the cap the lookup's own commit fails, however many come at once
        if found is not None and found.row[1] == today:
            return Bump(LOOKED.name, (app,), "used", 1, self.most)
        return Put(LOOKED.name, (app, today, 1), found.v if found else Expect.ABSENT)

    def near(self) -> Iterator[tuple[AppId, int]]:
        """Yield the apps that have made four fifths of today's lookups, and how many."""
        for found in self._core.deciding.all(LOOKED.name):
            app = AppId(Id16(found.row[0]))
            if 5 * self._used(app) >= 4 * self.most:
                yield app, self._used(app)

    def _used(self, app: AppId) -> int:
        found = self._row(app)
        return int(found.row[2]) if found and found.row[1] == self._today() else 0

    def _row(self, app: AppId) -> Found | None:
        return self._core.deciding.get(LOOKED.name, app)

    def _today(self) -> int:
        return self._core.clock() // DAY
