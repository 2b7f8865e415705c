"""A store of objects as a carrier: a bucket, a plain folder or stick, a folder of a backup.

- The store learns what any carrier learns: names, sizes and times.
- It tells nobody that something came, so who waits looks again and again.
- A name that is taken is compared with what was to be put, so a put that is repeated is told from
  one that comes too late.

Source: docs/spec/14-relay.md section 1.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from sealhold.crypto.digest import fingerprint
from sealhold.model.errors import (
    CarrierAwayError,
    CarrierFullError,
    InvalidError,
    ObjectNotFoundError,
    StoreFullError,
    StoreUnavailableError,
)
from sealhold.model.ids import ObjectName, SealedBytes
from sealhold.net.spec import Abilities, Heads, Listed, Putting
from sealhold.stores.spec import Kept, ObjectStore

EVERY: Final = 1.0  # seconds between two looks
RUN_BYTES: Final = 4_194_304
SORTS: Final = ("key/", "log/", "member/")  # of which a mailbox tells what came


class StoreCarrier:
    """Carries through `objects`. Methods block; several threads may call at once."""

    def __init__(
        self,
        objects: ObjectStore,
        *,
        every: float = EVERY,
        seconds: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self.abilities = Abilities(ranges=True, pushes=False, deletes=True)
        self._objects = objects
        self._every = every
        self._seconds = seconds
        self._pause = pause
        self._is_closed = False

    def put_new(self, name: ObjectName, data: bytes) -> Putting:
        with self._answering():
            if self._objects.put(name, SealedBytes(bytes(data))) is Kept.CREATED:
                return Putting.CREATED
            try:
                is_same = self._objects.get(name) == data
            except ObjectNotFoundError as err:  # deleted meanwhile
                raise CarrierAwayError(f"object `{name}` came and went") from err
            return Putting.EXISTS if is_same else Putting.TAKEN

    def get(self, name: ObjectName, offset: int = 0, length: int | None = None) -> bytes:
        with self._answering():
            return self._objects.get(name, offset, length)

    def list_after(self, prefix: str, after: str = "") -> Iterator[Listed]:
        for name in self._names(prefix):
            if name > after and (listed := self._listed(name)) is not None:
                yield listed

    def delete(self, name: ObjectName) -> None:
        with self._answering():
            self._objects.delete(name)

    def heads(self, box: str, cursor: str = "", seconds: float = 0.0) -> Heads:
        ends = self._seconds() + seconds
        while True:
            names = [name for sort in SORTS for name in self._names(f"{box}{sort}")]
            now = fingerprint("\n".join(names).encode()).hex()
            if now != cursor:
                listed = [self._listed(name) for name in _newest(names)]
                return Heads(now, tuple(each for each in listed if each is not None), begins=True)
            if not self._goes_on(ends):
                return Heads(now, ())

    def entries(self, log: str, first: int) -> list[bytes]:
        if not log.endswith("/"):
            raise InvalidError(f"`{log[:40]}` names no log")
        found: list[bytes] = []
        size = 0
        while size < RUN_BYTES:
            try:
                data = self.get(ObjectName(f"{log}{first + len(found):016x}"))
            except ObjectNotFoundError:
                break
            size += len(data)
            if found and size > RUN_BYTES:
                break
            found.append(data)
        return found

    def wait(self, prefix: str, after: str, seconds: float) -> bool:
        ends = self._seconds() + seconds
        while not any(name > after for name in self._names(prefix)):
            if not self._goes_on(ends):
                return False
        return True

    def close(self) -> None:
        self._is_closed = True

    def _names(self, prefix: str) -> list[ObjectName]:
        with self._answering():
            return list(self._objects.names(prefix))

    def _listed(self, name: ObjectName) -> Listed | None:
        with self._answering():
            try:
                return Listed(name, self._objects.head(name))
            except ObjectNotFoundError:  # deleted meanwhile
                return None

    def _goes_on(self, ends: float) -> bool:
        left = ends - self._seconds()
        if left > 0:
            self._pause(min(self._every, left))
        return left > 0

    @contextmanager
    def _answering(self) -> Iterator[None]:
        if self._is_closed:
            raise CarrierAwayError("this carrier is closed")
        try:
            yield
        except StoreFullError as err:
            raise CarrierFullError(str(err)) from err
        except StoreUnavailableError as err:
            raise CarrierAwayError(str(err)) from err


def _newest(names: list[ObjectName]) -> Iterator[ObjectName]:
    """Yield all names, and of each log the last alone."""
    after = [*names[1:], ObjectName("")][: len(names)]
    for name, following in zip(names, after, strict=True):
        folder, _, _ = name.rpartition("/")
        is_entry = folder.rpartition("/")[0].endswith("/log")
        if not (is_entry and following.startswith(f"{folder}/")):
            yield name
