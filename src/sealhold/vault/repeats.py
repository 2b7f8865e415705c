"""Requests under an `Idempotency-Key`: carried out once, and answered the same each time.

- The answer is kept in the commit that carries the request out: there is none without the other.
- It lies sealed under the keys of the person that it is about, and goes with them. A row is named
  by a keyed tag of the app, so that no key that somebody chose is written down.
- After a day an answer counts no more. Each new one takes out some that are older.

Source: docs/spec/25-records-of-people.md section 10.
"""

from collections.abc import Sequence
from threading import Lock
from typing import Any

from sealhold.crypto.digest import Keyed, equal
from sealhold.model.errors import (
    DeniedError,
    NotFoundError,
    OtherBodyError,
    StillRunningError,
)
from sealhold.model.ids import AppId, SubjectId
from sealhold.model.quantities import DAY, Instant
from sealhold.model.repeats import Claim, Once
from sealhold.stores.spec import ColumnKind, Delete, Expect, Found, Op, Put, TableSpec
from sealhold.vault.core import Core
from sealhold.vault.keyring import SubjectKeys
from sealhold.vault.papers import Papers

REPEATS = TableSpec(
    name="repeat",
    columns={
        "name": ColumnKind.TAG16,
        "subject": ColumnKind.ID16,
        "at": ColumnKind.I64,  # milliseconds since 1970
        "paper": ColumnKind.SEALED,
    },
    key=("name",),
    indexes={"subject": ("subject",), "at": ("at",)},
)
KEPT = DAY
SWEPT = 10  # older answers that a new one takes out at most


class Repeats:
    """The answers of one vault that may be asked for again; several threads may call."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._turn = Lock()
        self._running: set[bytes] = set()

    def claim(self, app: AppId, once: Once) -> Claim:
        """Return the right to carry out a request of an app, or what was answered to it.

        Raises:
            DeniedError: the app may keep nobody.
            StillRunningError: the same request is being carried out.
            OtherBodyError: another request came with this key.
            SealBrokenError: the answer is not as it was written.
        """
        tags = self._tags(app)
        name = tags.after(b"name").mac16(once.route.encode(), once.key.encode())
        body = tags.after(b"body").digest(once.body)
        with self._turn:
            if name in self._running:
                raise StillRunningError("the same request is being carried out")
            self._running.add(name)
        try:
            answer = self._answered(name, body)
        except BaseException:
            self._release(name)
            raise

        def also(keys: SubjectKeys, came: Any) -> Sequence[Op]:  # noqa: ANN401  # reason: a route's
            return self._ops(name, keys, [body, once.told(came)])

        return Claim(answer=answer, also=also, release=lambda: self._release(name))

    def _tags(self, app: AppId) -> Keyed:
        try:
            return self._core.keyring.app(app).repeats
        except NotFoundError as err:
            raise DeniedError("denied") from err

    def _answered(self, name: bytes, body: bytes) -> bytes | None:
        found = self._row(name)
        if found is None or found.row[2] <= self._core.clock() - KEPT:
            return None
        _, subject, at, sealed = found.row
        try:
            keys = self._core.keyring.subject(SubjectId(subject))
        except NotFoundError:  # erased in this very moment
            return None
        # THREAT T247: an answer is given under the key, to the app and for the body it was kept for
        kept, answer = Papers(keys, self._core.entropy).open(
            REPEATS.name, (name, subject, at), sealed
        )
        if not equal(kept, body):
            raise OtherBodyError("another request came with this `Idempotency-Key`")
        return bytes(answer)

    def _ops(self, name: bytes, keys: SubjectKeys, paper: list[bytes]) -> list[Op]:
        now = self._core.clock()
        clear = (name, keys.subject, now)
        sealed = Papers(keys, self._core.entropy).seal(REPEATS.name, clear, paper)
        found = self._row(name)
        row = Put(REPEATS.name, (*clear, sealed), found.v if found else Expect.ABSENT)
        return [row, *self._over(now, name)]

    def _over(self, now: Instant, but: bytes) -> list[Op]:
        page = self._core.store.scan(REPEATS.name, "at", (0,), (now - KEPT + 1,), limit=SWEPT)
        names = (found.row[0] for found in page.rows)
        return [Delete(REPEATS.name, (name,)) for name in names if name != but]

    def _row(self, name: bytes) -> Found | None:
        return self._core.store.get(REPEATS.name, [(name,)])[0]

    def _release(self, name: bytes) -> None:
        with self._turn:
            self._running.discard(name)
