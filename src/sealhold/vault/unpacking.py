"""Contents out of packs: each chunk opened and compared before a byte of it is given out.

- A content comes piece by piece. Chunks that stand beside each other in a pack come in one range,
  where the shelf gives ranges and the pack is not here yet; else the whole pack, which is compared
  with its name.
- A few packs are kept in memory, for contents that were packed together are read together.

Source: docs/spec/04-stores.md section 15.
"""

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from threading import Thread
from typing import Final

from sealhold.crypto.chunkid import open_chunk
from sealhold.crypto.digest import equal, fingerprint
from sealhold.crypto.secret import Secret
from sealhold.model.errors import (
    ObjectNotFoundError,
    SealBrokenError,
    TamperedError,
)
from sealhold.model.ids import ObjectName
from sealhold.stores.packs import LARGEST
from sealhold.vault.chunkplaces import Manifest, Place, Shelf
from sealhold.vault.packing import pack_name

PACKS_HERE: Final = 4  # of at most 8 MiB, for each reader
READERS: Final = 3  # threads: a disk that makes files waits

Take = Callable[[Iterator[bytes]], object]  # is given a content, piece by piece


class Unpacking:
    """Reads contents from a shelf; one thread at a time."""

    def __init__(
        self,
        shelf: Shelf,
        naming: Secret,
        *,
        name: Callable[[bytes], ObjectName] = pack_name,
        by_range: bool = False,
    ) -> None:
        """Read by ranges, where the shelf gives them, if few contents are wanted of many."""
        self._shelf, self._naming, self._name = shelf, naming, name
        self._by_range = by_range and shelf.ranges
        self._here: OrderedDict[bytes, bytes] = OrderedDict()
        self._expected: deque[bytes] = deque()
        self._coming: _Coming | None = None

    def expect(self, packs: Iterable[bytes]) -> None:
        """Fetch these packs, in this order, each while what was before it is worked on."""
        self._expected = deque(packs)

    def read(self, manifest: Manifest) -> Iterator[bytes]:
        """Yield a content chunk by chunk.

        Raises:
            TamperedError: a pack is gone, cut or altered, or a chunk is not the one that was named.
            StoreUnavailableError: the shelf does not answer.
            CarrierAwayError: likewise.
        """
        size = 0
        for run in _runs(manifest.chunks):
            begin, whole = self._bytes_of(run)
            for place in run:
                at = place.offset - begin
                plain = self._opened(place, whole[at : at + place.length])
                size += len(plain)
                yield plain
        # THREAT T484: a manifest that names other chunks than its content had is not believed
        if size != manifest.size:
            raise TamperedError("a content is not as long as its manifest says")

    def whole(self, pack: bytes) -> bytes:
        """Return a pack, compared with its name.

        Raises:
            TamperedError: it is gone, cut or altered.
            StoreUnavailableError: the shelf does not answer.
            CarrierAwayError: likewise.
        """
        there = self._here.get(pack)
        if there is None:
            there = self._here[pack] = self._arrived(pack) or self._compared(pack)
            while len(self._here) > PACKS_HERE:
                self._here.popitem(last=False)
            self._fetch_next()
        self._here.move_to_end(pack)
        return there

    def _arrived(self, pack: bytes) -> bytes | None:
        """Return a pack if it is the one that was coming; another one is kept for later."""
        coming, self._coming = self._coming, None
        if coming is None:
            return None
        if coming.pack == pack:
            return coming.result()
        if (other := coming.found()) is not None:
            self._here[coming.pack] = other
        return None

    def _compared(self, pack: bytes) -> bytes:
        there = self._got(pack, 0, None)
        # THREAT T484: a pack that was changed, cut or swapped no longer has its name
        if len(there) > LARGEST or not equal(fingerprint(there), pack):
            raise TamperedError(f"pack `{self._name(pack)}` is not what was written")
        return there

    def _fetch_next(self) -> None:
        """Begin to fetch the next pack that is expected and not here."""
        while self._expected and self._expected[0] in self._here:
            self._expected.popleft()
        if self._expected:
            self._coming = _Coming(self._expected.popleft(), self._compared)

    def opens(self, place: Place) -> bool:
        """Return whether a chunk lies where it is said to.

        Raises:
            StoreUnavailableError: the shelf does not answer.
            CarrierAwayError: likewise.
        """
        try:
            begin, whole = self._bytes_of([place])
            at = place.offset - begin
            self._opened(place, whole[at : at + place.length])
        except TamperedError:
            return False
        return True

    def _bytes_of(self, run: list[Place]) -> tuple[int, bytes]:
        """Return where what is returned begins in its pack, and bytes that hold the run."""
        pack, first, last = run[0].pack, run[0], run[-1]
        if not self._by_range or pack in self._here:
            return 0, self.whole(pack)
        length = last.offset + last.length - first.offset
        return first.offset, self._got(pack, first.offset, length)

    def _got(self, pack: bytes, offset: int, length: int | None) -> bytes:
        try:
            return self._shelf.get(self._name(pack), offset, length)
        except ObjectNotFoundError as err:
            raise TamperedError(f"pack `{self._name(pack)}` is gone") from err

    def _opened(self, place: Place, sealed: bytes) -> bytes:
        try:
            return open_chunk(self._naming, place.chunk, place.key, sealed)
        except SealBrokenError as err:
            told = f"a chunk of pack `{self._name(place.pack)}` is not what was written"
            raise TamperedError(told) from err


class _Coming:
    """A pack that is being fetched, by a thread of its own."""

    def __init__(self, pack: bytes, fetch: Callable[[bytes], bytes]) -> None:
        self.pack = pack
        self._fetch = fetch
        self._found: bytes | None = None
        self._failed: BaseException | None = None
        self._thread = Thread(target=self._run, name="pack-coming", daemon=True)
        self._thread.start()

    def result(self) -> bytes:
        """Return it once it came, or raise why it did not."""
        found = self.found()
        if self._failed is not None:
            raise self._failed
        return found or b""

    def found(self) -> bytes | None:
        """Return it once it came; None if it did not."""
        self._thread.join()
        return self._found

    def _run(self) -> None:
        try:
            self._found = self._fetch(self.pack)
        except BaseException as err:  # noqa: BLE001  # reason: it is raised by whoever waits
            self._failed = err


def read_all(
    shelf: Shelf,
    naming: Secret,
    wanted: Sequence[tuple[Manifest, Take]],
    *,
    name: Callable[[bytes], ObjectName] = pack_name,
    workers: int = READERS,
) -> None:
    """Give many contents out, those of one pack together, by several threads at once.

    Each content goes to its own `Take`, which is called once and reads it to the end.

    Raises:
        TamperedError: a pack or a chunk is not what was written; some were given out by then.
        StoreUnavailableError: the shelf does not answer.
        CarrierAwayError: likewise.
    """
    by_pack = sorted(wanted, key=lambda each: nearness(each[0]))
    total, shares = (
        sum(manifest.size for manifest, _ in by_pack),
        [list[int]() for _ in range(workers)],
    )
    before = 0
    for at, (manifest, _) in enumerate(by_pack):
        shares[before * workers // max(1, total + 1)].append(at)
        before += manifest.size

    def give(share: list[int]) -> None:
        reader = Unpacking(shelf, naming, name=name)
        for at in share:
            manifest, take = by_pack[at]
            take(reader.read(manifest))

    with ThreadPoolExecutor(workers, thread_name_prefix="unpacking") as pool:
        for done in [pool.submit(give, share) for share in shares]:
            done.result()


def nearness(manifest: Manifest) -> tuple[bytes, int]:
    """Return by what to sort many contents, so that each pack is fetched about once."""
    if not manifest.chunks:
        return b"", 0
    return manifest.chunks[0].pack, manifest.chunks[0].offset


def _runs(chunks: tuple[Place, ...]) -> Iterator[list[Place]]:
    """Yield the chunks in order, those together that stand end to end in one pack."""
    begins, end, turn = [], (b"", 0), 0
    for place in chunks:
        turn += end != (place.pack, place.offset)
        begins.append(turn)
        end = (place.pack, place.offset + place.length)
    for _, run in groupby(zip(begins, chunks, strict=True), lambda pair: pair[0]):
        yield [place for _, place in run]
