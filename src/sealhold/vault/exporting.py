"""A person's export as a stream: a ZIP of files that are made while it is sent.

- Whether it may be had is decided and logged before the first byte. At its end the log says how
  much left and the digest of the manifest; if it was cut off, that it was.
- Nothing is put down on a disk, and no more than a few pages of rows are in memory. A short file
  is packed as it is, a longer one deflated.
- The manifest comes last, signed. An export that was cut off has none, nor the list at the end by
  which a ZIP is read.

Source: docs/spec/27-rights.md section 8.
"""

import io
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain

from msgspec import structs

from sealhold.audit.event import Actor, EventKind, Outcome
from sealhold.audit.exported import MANIFEST, Manifest, Packed, sign_manifest
from sealhold.audit.log import Entry, Head, read_head
from sealhold.crypto.digest import Sha256, sha256
from sealhold.crypto.seal import Sealer
from sealhold.model.errors import ConflictError, SealholdError
from sealhold.model.ids import AppId, SubjectId
from sealhold.model.quantities import Instant, utc
from sealhold.policy.profiles import decide_person
from sealhold.stores.spec import Op, ReadView
from sealhold.vault.core import Core
from sealhold.vault.portable import Portable
from sealhold.vault.using import Use, Uses
from sealhold.vault.writer import Work

CHUNK = 65_536  # bytes that wait for the one who reads
SHORT = 262_144  # bytes of a file that is packed as it is: to deflate it costs more than to send it
AS_IT_IS, QUICKEST = 0, 1  # levels of deflate


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Whose export is wanted, and by whom."""

    app: AppId
    subject: SubjectId
    actor: Actor
    guards: tuple[Op, ...] = ()  # of the token that they came with


class Exports:
    """Makes exports of the people of one vault."""

    def __init__(self, core: Core, uses: Uses) -> None:
        self._core = core
        self._uses = uses

    def begin(self, wanted: Wanted) -> Iterator[bytes]:
        """Decide, log it, and return the export; it is read from the moment of its first piece.

        The iterator is to be closed by the thread that reads it.

        Raises:
            DeniedError: not one of this app's people, or the app may keep nobody.
            ConflictError: they were changed in this very moment.
            AuditUnavailableError: the log cannot be written; nothing was opened.
        """
        use = self._uses.of(wanted.app, wanted.subject, actor=wanted.actor)
        use = use if wanted.actor is Actor.PERSON else use.owed
        self._uses.need(use, decide_person(use.parties), EventKind.EXPORT)
        use.whole()
        told = use.entry(use.event(EventKind.EXPORT, "begun"))
        guards = (*wanted.guards, *use.guards(()))
        self._core.writer.commit(Work(guards, (told,), releases=True))
        return self._stream(use)

    def _stream(self, use: Use) -> Iterator[bytes]:
        sink = _Sink()
        archive = zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED)
        try:
            with self._core.store.snapshot() as view:
                portable = Portable(self._core, use, view, self._core.clock(), self._head(view))
                files: dict[str, Packed] = {}
                for name, content in portable.files():
                    yield from _packed(archive, sink, files, name, content, portable.now)
                manifest = self._manifest(use, portable, files)
                yield from _packed(archive, sink, {}, MANIFEST, iter([manifest]), portable.now)
        except BaseException:
            archive.fp = None  # so that nothing puts an end to a ZIP that has none
            self._tell(use, Outcome.FAILED, "aborted", sink.sent)
            raise
        archive.close()
        rest = sink.taken()
        self._tell(use, Outcome.DONE, "ended", sink.sent, manifest)
        yield rest

    def _manifest(self, use: Use, portable: Portable, files: dict[str, Packed]) -> bytes:
        person, _ = use.whole()
        head = portable.head
        manifest = Manifest(
            app=person.app,
            subject=person.id,
            at=portable.now,
            files=files,
            counts=dict(portable.counts),
            log_size=head.size,
            log_root=head.frontier.root(),
        )
        return sign_manifest(manifest, self._core.keyring.signer("proof-sign"))

    def _head(self, view: ReadView) -> Head:
        own = Sealer(self._core.keyring.named("log"))
        return read_head(view, own, self._core.writer.log.known)

    def _tell(
        self, use: Use, outcome: Outcome, reason: str, sent: int, manifest: bytes = b""
    ) -> None:
        event = structs.replace(
            use.event(EventKind.EXPORT, reason),
            outcome=outcome,
            bytes_out=sent,
            digest=sha256(manifest) if manifest else None,
        )
        try:
            person, _ = use.whole()
            self._core.writer.commit(Work((person.guard,), (use.entry(event),)))
        except ConflictError:  # they are another by now, or gone: an entry that names nobody
            self._core.writer.commit(Work((), (Entry(event=event),)))
        except SealholdError:
            if outcome is Outcome.DONE:
                raise


class Running:
    """An export under way, which gives its place back when it is over."""

    def __init__(self, chunks: Iterator[bytes], over: Callable[[], None]) -> None:
        self._chunks = chunks
        self._over: Callable[[], None] | None = over

    def __iter__(self) -> "Running":
        return self

    def __next__(self) -> bytes:
        try:
            return next(self._chunks)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End it, whole or not."""
        close = getattr(self._chunks, "close", None)
        over, self._over = self._over, None
        try:
            if close is not None:
                close()
        finally:
            if over is not None:
                over()


class _Sink(io.RawIOBase):
    """What a ZIP is written to, until somebody takes it."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []
        self._waiting = 0
        self.sent = 0

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        piece = bytes(data)  # type: ignore[call-overload]  # reason: a buffer, as files are given
        self._parts.append(piece)
        self._waiting += len(piece)
        return len(piece)

    @property
    def is_full(self) -> bool:
        return self._waiting >= CHUNK

    def taken(self) -> bytes:
        whole = b"".join(self._parts)
        self._parts, self._waiting = [], 0
        self.sent += len(whole)
        return whole


def _packed(  # reason: a file, and where it goes
    archive: zipfile.ZipFile,
    sink: _Sink,
    files: dict[str, Packed],
    name: str,
    content: Iterator[bytes],
    now: Instant,
) -> Iterator[bytes]:
    """Write one file, and yield what is ready meanwhile."""
    first, is_short = _beginning(content)
    info = zipfile.ZipInfo(name, utc(now).timetuple()[:6])
    info.compress_type = zipfile.ZIP_DEFLATED
    # the level that `open` uses for an entry that is handed in; its name has no public form yet
    setattr(info, "_compresslevel", AS_IT_IS if is_short else QUICKEST)  # noqa: B010  # reason: so
    info.external_attr = 0o600 << 16
    hashed, size = Sha256(), 0
    with archive.open(info, "w", force_zip64=True) as file:
        # THREAT T267: nothing that was read before somebody waited is given behind the wait
        for piece in chain((first,), content):
            file.write(piece)
            hashed.update(piece)
            size += len(piece)
            if sink.is_full:
                yield sink.taken()
    files[name] = Packed(sha256=hashed.digest(), size=size)


def _beginning(content: Iterator[bytes]) -> tuple[bytes, bool]:
    """Return the first bytes of a file, and whether they are all of it and few."""
    pieces, size = list[bytes](), 0
    for piece in content:
        pieces.append(piece)
        size += len(piece)
        if size > SHORT:
            return b"".join(pieces), False
    return b"".join(pieces), True
