"""Third parties' files for programs: fetched when they are due, kept sealed, bound by digest.

- Two phases that never overlap. What is due is fetched at approval and by the clock, by a process
  that has no key; a run takes what is kept, and asks nobody.
- When a file is due depends on the manifest, the clock and what was fetched before, never on data.
- A version is checked before it is kept: its digest or signature, its size, its number. A broken
  try changes nothing but the note of it; packs are durable before the row that names them.
- A new tuple of versions is bound in an entry of the log, before anything runs on it.

Source: docs/spec/08-task-manifest.md section 9.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from threading import Lock
from typing import Protocol

from sealhold.audit.event import Actor, Event, EventKind, Outcome
from sealhold.compute.manifest import Resource
from sealhold.compute.resources import (
    NONE,
    Bound,
    Version,
    check_later,
    has_room,
    host_and_path,
    largest_reply,
    next_tuple,
    open_version,
)
from sealhold.compute.task import Scope, Task, function_id
from sealhold.crypto.digest import sha256
from sealhold.model.errors import NotFetchedError, TamperedError
from sealhold.model.ids import FunctionId
from sealhold.model.quantities import HOUR, SECOND, Instant
from sealhold.model.shown import ResourceView
from sealhold.policy.names import visible
from sealhold.stores.spec import Op
from sealhold.vault.core import Core
from sealhold.vault.objects import Objects
from sealhold.vault.resources import Kept, ResourceRows, Try
from sealhold.vault.telling import Teller
from sealhold.vault.writer import Work

RETRY = HOUR  # milliseconds after a try that failed

Tell = Callable[[Resource, int], None]  # a file, and how many bytes of it came so far


class Fetch(Protocol):
    """Gets bytes from a server; `net.fetch.fetch` is the only one of the product."""

    def __call__(
        self, host: str, path: str, most: int, tell: Callable[[int], None] | None = None
    ) -> bytes:
        """Return at most `most` bytes, unchecked.

        Raises:
            NotFetchedError: they do not come.
        """
        ...


def is_due(
    resource: Resource,
    newest: Kept | None,
    last: Try | None,
    now: Instant,
    *,
    room: bool,
    forced: bool = False,
) -> bool:
    """Return whether `resource` is to be asked for now.

    Args:
        resource: the file.
        newest: its newest version that is kept.
        last: the last try.
        now: the time.
        room: a program could still get a further version of it.
        forced: the owner asks for it, so that no term is waited for.
    """
    if newest is not None and not (room and resource.refresh_s):
        return False
    if forced or last is None:
        return True
    wait = RETRY if last.why or newest is None else resource.refresh_s * SECOND
    return now - last.at >= wait


class Retrieval:
    """The files of third parties in one vault."""

    def __init__(self, core: Core, objects: Objects, fetch: Fetch) -> None:
        self._core = core
        self._objects = objects
        self._fetch = fetch
        self._rows = ResourceRows(core.deciding, core.papers, core.keys)
        self._teller = Teller(core.keys)
        self._turn = Lock()  # one file is fetched at a time

    def refresh(
        self, scopes: Sequence[Scope], *, forced: bool = False, tell: Tell | None = None
    ) -> list[NotFetchedError]:
        """Fetch what is due for programs, and bind what came; return what did not come.

        Raises:
            AuditUnavailableError: the log cannot be written.
            ConflictError: another process bound a tuple at this moment.
        """
        failed: list[NotFetchedError] = []
        asked: set[bytes] = set()
        scopes = [scope for scope in scopes if scope.task.resources]
        if not scopes:  # who reads no file waits for no server
            return failed
        with self._turn:
            for scope, resource in self._due(scopes, forced=forced):
                place = self._place(resource)
                if place in asked:
                    continue
                asked.add(place)
                try:
                    self._get(scope.task, resource, tell or _silent)
                except NotFetchedError as err:
                    failed.append(err)
            for scope in scopes:
                self._bind(scope)
        return failed

    def bound(self, scope: Scope, turn: int | None = None) -> Bound:
        """Return the files that a program gets: those of one turn, else of the newest.

        Raises:
            NotFetchedError: they have not come yet.
            TamperedError: what is kept is not what was fetched.
        """
        if not scope.task.resources:
            return NONE
        digests = self.digests(scope, turn)
        contents = {each.id: self._content(each, digests[each.id]) for each in scope.task.resources}
        return Bound(digests=digests, contents=contents)

    def digests(self, scope: Scope, turn: int | None = None) -> Mapping[str, bytes]:
        """Return the digests of the files that `bound` gives, by their ids.

        Raises:
            NotFetchedError: they have not come yet.
        """
        if not scope.task.resources:
            return {}
        self.require(scope)  # THREAT T184: what an app asks for never makes the vault fetch
        history = self._rows.turns(series_of(scope))
        return history[-1 if turn is None else turn]

    def is_ready(self, scope: Scope) -> bool:
        """Return whether all files of a program are here."""
        return not scope.task.resources or bool(self._rows.turns(series_of(scope)))

    def require(self, scope: Scope) -> None:
        """Make sure that a program's files are here, before it is charged.

        Raises:
            NotFetchedError: they have not come yet.
        """
        if not self.is_ready(scope):
            raise NotFetchedError("a file that the program reads was not fetched yet")

    def turn(self, scope: Scope) -> int:
        """Return the place of the newest tuple of a program; 0 if there is none yet."""
        if not scope.task.resources:
            return 0
        return max(0, len(self._rows.turns(series_of(scope))) - 1)

    def views(self, scope: Scope) -> tuple[ResourceView, ...]:
        """Return each file that a program reads, as it is shown."""
        if not scope.task.resources:
            return ()
        history = self._rows.turns(series_of(scope))
        found = []
        for each in scope.task.resources:
            newest, last = self._newest(each), self._rows.last_try(self._place(each))
            found.append(
                ResourceView(
                    task=visible(scope.task.name),
                    id=each.id,
                    url=each.url,
                    sha256=each.sha256,
                    signer=each.signer,
                    max_bytes=each.max_bytes,
                    max_versions=each.max_versions,
                    versions=len({past[each.id] for past in history}),
                    size=newest.size if newest else None,
                    digest=newest.digest.hex() if newest else None,
                    fetched_at=newest.at if newest else None,
                    tried_at=last.at if last else None,
                    why=last.why if last else "",
                )
            )
        return tuple(found)

    def _due(self, scopes: Sequence[Scope], *, forced: bool) -> Iterator[tuple[Scope, Resource]]:
        for scope in scopes:
            history = self._rows.turns(series_of(scope))
            for each in scope.task.resources:
                newest, last = self._newest(each), self._rows.last_try(self._place(each))
                room = has_room(each, scope.task.resources, history)
                now = self._core.clock()
                if is_due(each, newest, last, now, room=room, forced=forced):
                    yield scope, each

    def _get(self, task: Task, resource: Resource, tell: Tell) -> None:
        """Fetch one file, check it, keep it.

        Raises:
            NotFetchedError: it did not come, or is not what the task names; that is noted.
        """
        place, newest = self._place(resource), self._newest(resource)
        host, path = host_and_path(resource.url)
        try:
            reply = self._fetch(
                host, path, largest_reply(resource), lambda count: tell(resource, count)
            )
            version = open_version(resource, reply)
            is_new = newest is None or check_later(version, newest.serial, newest.digest)
        except NotFetchedError as err:
            now = self._core.clock()
            noted = self._rows.tried(place, Try(at=now, why=str(err)))
            self._commit(task, (noted,), err.reason, Outcome.FAILED)
            raise
        noted = self._rows.tried(place, Try(at=self._core.clock(), why=""))
        # THREAT T185: one commit, behind packs that are durable: a kill leaves all of it or none
        ops = (noted, *self._keep(place, version)) if is_new else (noted,)
        self._commit(task, ops, "fetched" if is_new else "unchanged", digest=version.digest)

    def _keep(self, place: bytes, version: Version) -> list[Op]:
        # THREAT T186: it lies sealed in packs and is opened for a run alone
        packer = self._objects.packer()
        chunks = packer.keep(version.content)
        kept = Kept(
            place=place,
            serial=version.serial,
            digest=version.digest,
            size=len(version.content),
            at=self._core.clock(),
            chunks=chunks,
        )
        return [*packer.finish(), self._rows.keep(kept)]

    def _bind(self, scope: Scope) -> None:
        task = scope.task
        newest = {each.id: self._newest(each) for each in task.resources}
        digests = {name: kept.digest for name, kept in newest.items() if kept is not None}
        if not digests or len(digests) < len(newest):
            return
        history = self._rows.turns(series_of(scope))
        wanted = next_tuple(task.resources, history, digests)
        if wanted is not None:
            op = self._rows.turn(series_of(scope), history, wanted)
            self._commit(task, (op,), "bound")

    def _content(self, resource: Resource, digest: bytes) -> bytes:
        for kept in self._rows.versions(self._place(resource)):
            if kept.digest == digest:
                content = self._objects.fetch(kept.chunks)
                if sha256(content) != digest:
                    raise TamperedError(f"resource `{resource.id}` is not what was fetched")
                return content
        raise NotFetchedError(f"resource `{resource.id}` was not fetched yet")

    def _newest(self, resource: Resource) -> Kept | None:
        versions = self._rows.versions(self._place(resource))
        return versions[-1] if versions else None

    def _place(self, resource: Resource) -> bytes:
        pin = bytes.fromhex(resource.sha256 or resource.signer or "")
        return self._rows.place(resource.url, pin, resource.max_bytes)

    def _commit(
        self,
        task: Task,
        ops: tuple[Op, ...],
        reason: str,
        outcome: Outcome = Outcome.DONE,
        *,
        digest: bytes | None = None,
    ) -> None:
        event = Event(
            kind=EventKind.FETCH,
            actor=Actor.VAULT,
            outcome=outcome,
            subject=self._teller.subject,
            task=task.digest,
            reason=reason,
            digest=digest,
        )
        self._core.writer.commit(Work(ops, (self._teller.entry(event),)))


def series_of(scope: Scope) -> FunctionId:
    """Return what a program's function is under all versions of its files."""
    return function_id(scope.task, scope.params[0], scope.fields)


def _silent(_resource: Resource, _count: int) -> None:
    """Tell nobody how far it is."""
