"""What programs push: rows in JSON, taken in as one job, by a token that opens one source.

- An answer names the job and what is no row by its form. What was new, changed or known already
  goes to the owner alone: else whoever may only write could ask what is there.
- Under an `Idempotency-Key` the same body is answered the same for a day, another one is refused.
- Rate and bytes are counted in memory: a restart begins both anew.

Source: docs/spec/37-live.md section 7.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from typing import ClassVar

import msgspec

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.connectors.pulling import Health, Piece, Where
from sealhold.connectors.sources.jsonlines import JsonLines
from sealhold.crypto.digest import equal
from sealhold.model.errors import (
    BusyError,
    ConflictError,
    DeniedError,
    ExhaustedError,
    InvalidError,
    OtherBodyError,
    TooFastError,
)
from sealhold.model.ids import Id16, JobId, SourceId
from sealhold.model.quantities import DAY, MINUTE, Instant
from sealhold.model.shown.pushes import Pushed
from sealhold.stores.spec import Delete, Op, Put
from sealhold.vault.catalogue import Catalogue, JobRow, SourceRow, job_name
from sealhold.vault.core import Core
from sealhold.vault.index import Index
from sealhold.vault.objects import Objects
from sealhold.vault.pulling import Cell, Looking, declared
from sealhold.vault.pushers import PUSHED, Pusher, Pushers
from sealhold.vault.sourcestates import PAUSED, PUSH, reached
from sealhold.vault.taking import Taking
from sealhold.vault.telling import Teller
from sealhold.vault.writer import Work

LINES, JSON = "application/x-ndjson", "application/json"
SWEPT = 10  # older answers that a new one takes out at most
PATIENCE = 30.0  # seconds that a push waits for an import to end


@dataclass(slots=True)
class _Spent:
    """What one token used of its bounds."""

    minute: int = 0
    calls: int = 0
    day: int = 0
    bytes: int = 0


class Pushing:
    """Takes in what is pushed; several threads may call."""

    def __init__(self, core: Core, index: Index, objects: Objects, cell: Cell, turn: Lock) -> None:
        self._core = core
        self._index = index
        self._objects = objects
        self._cell = cell
        self._turn = turn  # that of imports
        self._pushers = Pushers(core)
        self._catalogue = Catalogue(core.store, core.papers, core.owner)
        self._teller = Teller(core.keys)
        self._spent: dict[Id16, _Spent] = {}
        self._counting = Lock()

    def push(self, token: str, dataset: str, body: bytes, media: str, key: str = "") -> Pushed:
        """Take in rows of a dataset.

        Raises:
            DeniedError: the token opens no source of that dataset.
            ConflictError: the source is paused.
            TooFastError: more calls than it may make in a minute.
            ExhaustedError: more bytes than it may send in a day.
            InvalidError: the body is no JSON, or another one came under the same key.
            BusyError: an import takes long.
        """
        pusher = self._pushers.held(token)
        source = self._source(pusher.source)
        told = declared(source)
        # THREAT T404: a token opens one dataset of one source, and all else looks the same
        if told is None or told.name != dataset:
            raise DeniedError("denied")
        self._spend(pusher, len(body))
        if source.state == PAUSED:
            raise ConflictError("the owner does not take anything in from here at the moment")
        lines = lines_of(body, media)
        if not self._turn.acquire(timeout=PATIENCE):
            raise BusyError("an import is under way")
        try:
            return self._once(source, lines, key)
        finally:
            self._turn.release()

    def _source(self, id_: SourceId) -> SourceRow:
        for each in self._catalogue.sources():
            if each.id == id_ and each.kind == PUSH:
                return each
        raise DeniedError("denied")

    def _spend(self, pusher: Pusher, count: int) -> None:
        """Count a call and its bytes.

        Raises:
            TooFastError: too many calls.
            ExhaustedError: too many bytes.
        """
        now = self._core.clock()
        with self._counting:
            spent = self._spent.setdefault(pusher.id, _Spent())
            if spent.minute != now // MINUTE:
                spent.minute, spent.calls = now // MINUTE, 0
            if spent.day != now // DAY:
                spent.day, spent.bytes = now // DAY, 0
            if spent.calls >= pusher.rate:
                raise TooFastError(f"at most {pusher.rate} calls a minute")
            spent.calls += 1
            if spent.bytes + count > pusher.bytes:
                raise ExhaustedError(f"at most {pusher.bytes} bytes a day")
            spent.bytes += count

    def _once(self, source: SourceRow, lines: bytes, key: str) -> Pushed:
        keyed = self._core.keys.identities.after(b"pushed", source.id)
        name, tag = keyed.mac16(b"key", key.encode()), keyed.mac16(b"body", lines)
        found = self._core.store.get(PUSHED.name, [(name,)])[0] if key else None
        if found is not None and found.row[2] > self._core.clock() - DAY:
            if not equal(found.row[4], tag):
                raise OtherBodyError("another request came with this `Idempotency-Key`")
            return _told(self._catalogue.job(JobId(Id16(found.row[3]))))
        job = self._take(source, lines)
        if key:
            row = Put(PUSHED.name, (name, source.id, self._core.clock(), job.id, tag))
            self._commit(job, row, *self._over(name))
        return _told(job)

    def _take(self, source: SourceRow, lines: bytes) -> JobRow:
        handle = os.memfd_create("pushed", os.MFD_CLOEXEC)
        try:
            with os.fdopen(os.dup(handle), "wb") as file:
                file.write(lines)
            looking = Looking(self._core, self._cell, lambda _: _Handed(handle), lambda _: False)
            # THREAT T404: that rows are not like those before would tell what those were
            bare = replace(source, shape=None)
            taken = Taking(self._core, self._index, self._objects, looking, bare).since()
        finally:
            os.close(handle)
        if taken.broken or taken.job is None:
            raise InvalidError("the body is no JSON, one object a line")
        after = reached(self._source(source.id), self._core.clock())
        job = self._catalogue.job(taken.job)
        self._commit(job, self._catalogue.put_source(after))
        return job

    def _over(self, but: bytes) -> list[Op]:
        since = Instant(self._core.clock() - DAY + 1)
        page = self._core.store.scan(PUSHED.name, "at", (0,), (since,), limit=SWEPT)
        return [Delete(PUSHED.name, (each.row[0],)) for each in page.rows if each.row[0] != but]

    def _commit(self, job: JobRow, *ops: Op) -> None:
        event = Event(
            kind=EventKind.JOB,
            actor=Actor.OWNER,
            subject=self._teller.subject,
            job=job.id,
            source=job.source,
            reason=PUSH,
        )
        self._core.writer.commit(Work(ops, (self._teller.entry(event),)))


class _Handed:
    """Gives the one piece that was pushed."""

    kind: ClassVar[str] = PUSH
    about: ClassVar[str] = "What was pushed."
    place: ClassVar[str] = ""
    options: ClassVar[Mapping[str, str]] = {}
    is_local: ClassVar[bool] = True
    is_whole: ClassVar[bool] = False
    can_stay: ClassVar[bool] = False

    def __init__(self, handle: int) -> None:
        self._handle = handle

    def check(self, where: Where) -> Health:
        """Return what is known."""
        return Health(sentence="it comes by itself", settings=where.settings)

    def pull(self, where: Where, cursor: str | None) -> Iterator[Piece]:
        """Yield it."""
        del where, cursor
        path = Path(f"/proc/self/fd/{self._handle}")
        yield Piece(path=path, name="pushed", known=(JsonLines.name, JsonLines.version))


def lines_of(body: bytes, media: str) -> bytes:
    """Return rows as JSON lines: as they came, or from one document.

    Raises:
        InvalidError: the body is empty, or not of its media type.
    """
    if not body.strip():
        raise InvalidError("there is nothing in the body")
    if media == LINES:
        return body
    if media != JSON:
        raise InvalidError(f"send `{LINES}` or `{JSON}`")
    try:
        if body.lstrip()[:1] == b"[":
            rows = msgspec.json.decode(body, type=list[msgspec.Raw])
        else:
            rows = [msgspec.json.decode(body, type=msgspec.Raw)]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as err:
        raise InvalidError("the body is not JSON") from err
    # in JSON the end of a line stands between things only, never inside a text
    return b"".join(bytes(each).translate(_SPACES) + b"\n" for each in rows)


_SPACES = bytes(32 if each in b"\r\n" else each for each in range(256))


def _told(job: JobRow) -> Pushed:
    return Pushed(job=job_name(job), rejected=job.rejected, rejects=job.rejects)
