"""Much content into packs: cut, named, sealed and put by several threads, each chunk once.

- A chunk that the index knows, or that came before in this run, is not sealed again.
- A manifest is to be had once each pack that it names is durable, so nothing ever refers to what
  is not there; a kill leaves at most packs that nobody names.
- Memory is bounded: the pieces in work, one open pack and a few on their way, whatever the sizes.
- A content that cannot be read fails alone. A shelf or index that fails ends the run: what follows
  raises that, and no manifest is given out that names more than is durable.

Source: docs/spec/04-stores.md section 15.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from threading import BoundedSemaphore, Condition, local
from types import TracebackType
from typing import Final, Self

from sealhold.crypto.chunkid import ChunkId, ChunkSealer, SealedChunk
from sealhold.crypto.digest import fingerprint
from sealhold.crypto.fastcutter import FastCutter
from sealhold.crypto.kdf import derive
from sealhold.crypto.seal import Sealer
from sealhold.crypto.secret import Secret
from sealhold.crypto.tags import Tag
from sealhold.model.clock import Entropy
from sealhold.model.ids import ObjectName, SealedBytes
from sealhold.stores.packs import SALT_BYTES, PackWriter
from sealhold.vault.chunkplaces import ChunkIndex, Place, Shelf
from sealhold.vault.handedover import Content, Held, Waiting, pieces

AT_ONCE: Final = 32  # chunks of a content whose names are asked for together
WORKERS: Final = 2  # threads that cut and seal; each releases the interpreter for most of it
PUTTERS: Final = 2  # threads that put packs: a sync of a disk waits
AHEAD: Final = 64  # contents taken in and not begun, or packs on their way: see `_Gate`
PACKS_AHEAD: Final = 3
SHORT: Final = 65_536  # bytes of a content that goes to a thread together with others
TOGETHER: Final = 524_288  # bytes of contents that go together


@dataclass(frozen=True, slots=True, kw_only=True)
class PackKeys:
    """The keys of one set of packs, which the caller has and keeps."""

    naming: Secret  # names chunks
    seed: Secret  # says where content is cut
    table: Secret  # seals the table of each pack, with its salt

    def seal_table(self, salt: bytes, table: bytes, entropy: Entropy) -> SealedBytes:
        """Return the table of a pack, sealed under the key of its salt."""
        return Sealer(derive(self.table, Tag.PACK_TABLE, salt)).seal(table, salt, entropy)


@dataclass(frozen=True, slots=True)
class Counted:
    """How far it is."""

    contents: int = 0  # done
    read: int = 0  # bytes of content
    fresh: int = 0  # bytes of chunks that were not known
    sent: int = 0  # bytes of packs that are durable
    packs: int = 0


Watch = Callable[[Counted], None]  # called by one thread at a time


def pack_name(digest: bytes) -> ObjectName:
    """Return the name of a pack whose bytes have this fingerprint."""
    text = digest.hex()
    return ObjectName(f"packs/{text[:2]}/{text}")


class Packing:
    """One run that puts contents onto a shelf; a context manager, `finish` makes all durable.

    `shelf`, `index` and `entropy` are used by several threads at once. `add` and `finish` are for
    one; after `finish` more may be added, and `finish` called again. Another thread may `settle`
    some of the contents while more are added.
    """

    def __init__(
        self,
        shelf: Shelf,
        index: ChunkIndex,
        keys: PackKeys,
        entropy: Entropy,
        *,
        name: Callable[[bytes], ObjectName] = pack_name,
        watch: Watch = lambda _counted: None,
        workers: int = WORKERS,
    ) -> None:
        self._shelf, self._index, self._keys, self._entropy = shelf, index, keys, entropy
        self._name, self._watch = name, watch
        self._own = local()  # cutter and sealer of a thread
        self._lock = Condition()  # notified when a content, a chunk or a pack is done
        self._fresh: dict[ChunkId, Waiting] = {}  # of packs that are not durable yet
        self._open = PackWriter(entropy(SALT_BYTES))
        self._inside: list[tuple[Waiting, SealedChunk]] = []  # the chunks of the open pack
        self._failed: BaseException | None = None
        self._counted = Counted()
        self._gate, self._way = BoundedSemaphore(AHEAD), BoundedSemaphore(PACKS_AHEAD)
        self._work = ThreadPoolExecutor(workers, thread_name_prefix="packing")
        self._put = ThreadPoolExecutor(PUTTERS, thread_name_prefix="putting")
        self._short: list[tuple[Held, bytes]] = []  # contents that wait for more of their kind
        self._waits = 0  # their bytes

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the threads; what was not finished is not durable."""
        if self._failed is None and raised is not None:
            self._failed = raised
        self._work.shutdown(cancel_futures=True)
        self._put.shutdown(cancel_futures=True)

    def add(self, content: Content) -> Held:
        """Hand over a content; waits while many wait.

        Raises:
            StoreUnavailableError: the shelf does not answer.
            CarrierAwayError: likewise.
        """
        if isinstance(content, bytes) and len(content) <= SHORT:
            return self._add_short(content)
        return self._begin(lambda held, cutter: cutter.cut_stream(pieces(content, held)))

    def add_cut(self, chunks: Iterable[bytes]) -> Held:
        """Hand over a content that is cut already, each chunk as large as one may be at most.

        Raises:
            StoreUnavailableError: the shelf does not answer.
            CarrierAwayError: likewise.
        """
        return self._begin(lambda held, _cutter: pieces(chunks, held))

    def finish(self) -> Counted:
        """Wait until all that was handed over is durable; afterwards each has its manifest.

        Raises:
            StoreUnavailableError: the shelf does not answer.
            CarrierAwayError: likewise.
        """
        self.begin_all()
        self._drain(self._gate, AHEAD)
        self.check()
        with self._lock:
            full = self._turn()
        self._send(full)
        self._drain(self._way, PACKS_AHEAD)
        self.check()
        return self._counted

    def check(self) -> None:
        """Raise what ended this run, if anything did."""
        if self._failed is not None:
            raise self._failed

    def begin_all(self) -> None:
        """Begin with what waits for more contents that are as short; whoever adds calls this.

        Raises:
            StoreUnavailableError: the shelf does not answer.
            CarrierAwayError: likewise.
        """
        short, self._short, self._waits = self._short, [], 0
        if short:
            self._submit(lambda: self._take_short(short))

    def settle(self, contents: Sequence[Held]) -> None:
        """Wait until contents are durable that were handed over and begun.

        Raises:
            StoreUnavailableError: the shelf does not answer.
            CarrierAwayError: likewise.
        """
        self._wait_for(contents, lambda held: held.is_packed)
        with self._lock:
            full = self._turn()
        self._send(full)
        self._wait_for(contents, lambda held: held.is_durable)

    def _wait_for(self, contents: Sequence[Held], holds: Callable[[Held], bool]) -> None:
        for held in contents:
            with self._lock:
                while self._failed is None and not holds(held):
                    self._lock.wait()
            self.check()

    def _begin(self, cut: Callable[[Held, FastCutter], Iterator[bytes]]) -> Held:
        held = Held()
        self._submit(lambda: self._take(cut, held))
        return held

    def _add_short(self, content: bytes) -> Held:
        """Take in a short content: to hand each to a thread costs more than its work."""
        self.check()
        held = Held()
        self._short.append((held, content))
        self._waits += len(content)
        if self._waits >= TOGETHER:
            self.begin_all()
        return held

    def _submit(self, work: Callable[[], None]) -> None:
        self.check()
        self._gate.acquire()
        self._work.submit(self._guarded, self._gate, work)

    # --- in the threads that cut and seal ---

    def _take_short(self, short: list[tuple[Held, bytes]]) -> None:
        cutter, sealer = self._tools()
        cut = [(held, plain) for held, content in short for plain in cutter.cut(content)]
        named = [(held, sealer.name(plain), plain) for held, plain in cut]
        known = self._index.known([name for _, name, _ in named])
        for held, name, plain in named:
            held.take(known.get(name) or self._chunk(name, plain, sealer), len(plain))
        for held, _ in short:
            held.end()
        self._count(contents=len(short), read=sum(held.size for held, _ in short))

    def _take(self, cut: Callable[[Held, FastCutter], Iterator[bytes]], held: Held) -> None:
        cutter, sealer = self._tools()
        chunks = cut(held, cutter)
        while batch := list(islice(chunks, AT_ONCE)):
            if self._failed is not None:
                return
            named = [(sealer.name(plain), plain) for plain in batch]
            known = self._index.known([name for name, _ in named])
            for name, plain in named:
                held.take(known.get(name) or self._chunk(name, plain, sealer), len(plain))
        held.end()
        self._count(contents=1, read=held.size)

    def _chunk(self, name: ChunkId, plain: bytes, sealer: ChunkSealer) -> Waiting:
        with self._lock:
            there = self._fresh.get(name)
            if there is not None:
                return there
            waiting = self._fresh[name] = Waiting()
        sealed = sealer.seal(name, plain, self._entropy)
        with self._lock:
            full = None if self._open.has_room(len(sealed.sealed)) else self._turn()
            self._open.add(name, sealed.sealed)
            self._inside.append((waiting, sealed))
            waiting.is_packed = True
        self._send(full)
        self._count(fresh=len(plain))
        return waiting

    def _tools(self) -> tuple[FastCutter, ChunkSealer]:
        own: tuple[FastCutter, ChunkSealer] | None = getattr(self._own, "tools", None)
        if own is None:
            own = FastCutter(self._keys.seed), ChunkSealer(self._keys.naming)
            self._own.tools = own
        return own

    # --- packs ---

    def _turn(self) -> "_Full | None":
        """Begin another pack; return the one that was open, unless it is empty."""
        if not self._inside:
            return None
        full = _Full(self._open, self._inside)
        self._open, self._inside = PackWriter(self._entropy(SALT_BYTES)), []
        return full

    def _send(self, full: "_Full | None") -> None:
        if full is not None:
            self._way.acquire()
            self._put.submit(self._guarded, self._way, lambda: self._keep(full))

    def _keep(self, full: "_Full") -> None:
        if self._failed is not None:
            return
        whole = full.writer.finish(self._seal_table)
        digest = fingerprint(whole)
        self._shelf.put(self._name(digest), whole)
        places = [
            Place(sealed.id, digest, entry.offset, entry.length, sealed.key)
            for entry, (_, sealed) in zip(full.writer.entries, full.inside, strict=True)
        ]
        # INVARIANT: a place is told only now that its pack is durable
        self._index.add(places)
        with self._lock:
            for place, (waiting, _) in zip(places, full.inside, strict=True):
                waiting.place = place
                self._fresh.pop(place.chunk, None)
        self._count(sent=len(whole), packs=1)

    def _seal_table(self, salt: bytes, table: bytes) -> SealedBytes:
        return self._keys.seal_table(salt, table, self._entropy)

    # --- how it goes ---

    def _guarded(self, gate: BoundedSemaphore, work: Callable[[], None]) -> None:
        try:
            if self._failed is None:
                work()
        except BaseException as err:  # noqa: BLE001  # reason: it is raised by whoever waits
            with self._lock:
                self._failed = self._failed or err
                self._lock.notify_all()
        finally:
            gate.release()

    @staticmethod
    def _drain(gate: BoundedSemaphore, most: int) -> None:
        """Wait until nothing is behind a gate."""
        for _ in range(most):
            gate.acquire()
        for _ in range(most):
            gate.release()

    def _count(
        self, contents: int = 0, read: int = 0, fresh: int = 0, sent: int = 0, packs: int = 0
    ) -> None:
        with self._lock:
            now = self._counted
            through = now.read + read, now.fresh + fresh, now.sent + sent
            self._counted = Counted(now.contents + contents, *through, now.packs + packs)
            self._watch(self._counted)
            self._lock.notify_all()


@dataclass(frozen=True, slots=True)
class _Full:
    writer: PackWriter
    inside: list[tuple[Waiting, SealedChunk]]
