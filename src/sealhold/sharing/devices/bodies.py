"""Contents of a collection: into packs that wait here for carriers, and out of packs again.

- Packs are staged in the vault's folder, durably, before a version names them; they leave it when
  every carrier of the collection, two at least, has shown that it has them.
- What the collection has already is not packed again: the chunks of all known versions are known.
- A content is read from what is staged, else from the first carrier that has it whole.

Source: docs/spec/11-exchange-and-op-log.md sections 3 and 5.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from msgspec import structs

from sealhold.crypto.digest import fingerprint
from sealhold.crypto.kdf import derive
from sealhold.crypto.tags import Tag
from sealhold.model.errors import (
    CarrierAwayError,
    CarrierRefusedError,
    InvalidEncodingError,
    ObjectNotFoundError,
    SealholdError,
    TamperedError,
)
from sealhold.model.ids import ObjectName, SealedBytes
from sealhold.net.spec import Carrier
from sealhold.sharing.devices.bodytaking import Packer
from sealhold.sharing.devices.contents import Content
from sealhold.sharing.devices.names import Mailbox
from sealhold.sharing.devices.packlists import packs_at
from sealhold.sharing.devices.packsahead import Ahead, put_pack
from sealhold.sharing.devices.replica import Replica
from sealhold.sharing.devices.state import State
from sealhold.stores.packs import SALT_BYTES, PackWriter
from sealhold.stores.spec import ObjectStore
from sealhold.vault.chunkplaces import Manifest, MemoryIndex, Place, Shelf, on_store
from sealhold.vault.packing import Packing, PackKeys, Watch
from sealhold.vault.unpacking import Unpacking


class _Known(NamedTuple):
    """What an index of chunks goes on from: then versions that come stand behind the others."""

    state: State
    moves: int  # of packs
    erased: int


class Bodies:
    """The contents of one collection. For one thread."""

    def __init__(self, replica: Replica, staging: ObjectStore) -> None:
        self._replica = replica
        self._staging = staging
        self._prefix = f"sync/{replica.collection.hex()}/"
        self._keys = PackKeys(
            naming=derive(replica.secret, Tag.CHUNK_ID),
            seed=derive(replica.secret, Tag.CHUNK_SEED),
            table=derive(replica.secret, Tag.PACK_TABLE),
        )
        self._index = MemoryIndex()
        self._known: _Known | None = None  # what the index was made of
        self._indexed = 0  # versions whose chunks are in the index
        self._lists: dict[bytes, Manifest] = {}  # by the digest of the content
        self._carriers: list[tuple[Carrier, Mailbox]] = []
        self._away: set[int] = set()  # carriers, by their place, that did not answer since `reach`
        self._reader: Unpacking | None = None  # with the packs that it has at hand
        self._ahead: Ahead | None = None
        self._fresh: set[bytes] = set()  # packs that become durable just now
        self._sizes: dict[bytes, int] = {}  # of packs that were staged by this
        self._packers = 0  # that are open
        self._went: set[bytes] = set()  # packs that went ahead since `reach`
        self._everywhere: set[bytes] | None = None  # packs that all carriers listed since `reach`

    @property
    def is_alone(self) -> bool:
        """Whether nothing is read from a carrier, as none was reached."""
        return not self._carriers

    def reach(self, carriers: Sequence[tuple[Carrier, Mailbox]]) -> None:
        """Set where packs are read from that are not staged here, the nearest first."""
        self._carriers = list(carriers)
        self._away.clear()
        self._reader = None
        self._everywhere = None
        self._went = set()

    @contextmanager
    def packer(self, watch: Watch = lambda _counted: None) -> Iterator["Packer"]:
        """Take contents in; what was taken is durable once `Packer.finish` returned.

        Raises:
            StoreUnavailableError: the disk does not answer.
            StoreFullError: it has no room.
        """
        self._learn()
        self._packers += 1
        try:
            with Packing(
                replace(on_store(self._staging), put=self._stage),
                MemoryIndex(below=self._index),  # what no version comes to name is forgotten
                self._keys,
                self._replica.entropy,
                name=self._staged,
                watch=watch,
            ) as packing:
                yield Packer(packing, self._lists)
        finally:
            self._packers -= 1

    def go_ahead(self, carriers: Sequence[tuple[Carrier, Mailbox]]) -> None:
        """Have packs put on carriers as soon as they are durable here, until all were given."""

        def put_on(carrier: Carrier, box: Mailbox, pack: bytes, at_hand: bytes | None) -> int:
            whole = at_hand or self._staging.get(self._staged(pack))
            return put_pack(carrier, box.pack(pack), whole)

        self._ahead = Ahead([partial(put_on, *each) for each in carriers])

    def _stage(self, name: ObjectName, whole: SealedBytes) -> None:
        """Keep a pack durably until carriers have it."""
        digest = _digest(name)
        self._fresh.add(digest)
        try:
            self._staging.put(name, whole)
            self._sizes[digest] = len(whole)
            if self._ahead is not None:
                self._ahead.add(digest, whole)
        finally:
            self._fresh.discard(digest)

    def read(self, content: Content) -> Iterator[bytes]:
        """Yield a content piece by piece.

        Raises:
            TamperedError: a pack or chunk is not what was written, wherever it lies.
            CarrierAwayError: no carrier that has it answers.
        """
        if content.manifest is None:
            yield content.inline or b""
            return
        yield from self._unpacking().read(self.manifest(content))

    def expect(self, contents: Iterable[Content]) -> None:
        """Fetch the packs of contents, which are read in this order, each while one is read."""
        moves, packs = self._replica.state.packs, dict[bytes, None]()
        for content in contents:
            named = self._lists.get(content.digest) or content.manifest
            chunks = () if named is None else named.chunks
            now = (moves.place(place) for place in chunks) if moves.said else chunks
            packs.update((place.pack, None) for place in now if place is not None)
        self._unpacking().expect(packs)

    def manifest(self, content: Content) -> Manifest:
        """Return what a content is put together from, each chunk where it lies now.

        Raises:
            TamperedError: a list of chunks is not what was written; the content has none.
            CarrierAwayError: no carrier that has the list answers.
        """
        named = self.named(content)
        if not self._replica.state.packs.said:
            return named
        return structs.replace(named, chunks=tuple(self._now(place) for place in named.chunks))

    def _now(self, named: Place) -> Place:
        """Return where a chunk lies now; where its version says if it is not where it moved to."""
        now = self._replica.state.packs.place(named)
        if now is None or now == named:
            return named
        # THREAT T516: a device that says chunks are elsewhere hides none that is where it was
        return now if self._unpacking().opens(now) else named

    def named(self, content: Content) -> Manifest:
        """Return what a content is put together from, each chunk where its version says.

        Raises:
            TamperedError: a list of chunks is not what was written; the content has none.
            CarrierAwayError: no carrier that has the list answers.
        """
        if content.manifest is None:
            raise TamperedError("a version without a manifest")
        return self._listed(content) if content.is_list else content.manifest

    def chunks(self, manifest: Manifest, pack: bytes) -> Iterator[tuple[Place, bytes]]:
        """Yield the chunks that a manifest names in one pack, each with its sealed bytes.

        Raises:
            TamperedError: the pack is not what was written.
            CarrierAwayError: no carrier that has it answers.
        """
        whole = self._unpacking().whole(pack)
        for place in manifest.chunks:
            if place.pack == pack:
                yield place, whole[place.offset : place.offset + place.length]

    def stage(self, chunks: Iterable[tuple[Place, bytes]]) -> tuple[bytes, list[tuple[Place, int]]]:
        """Put sealed chunks into a pack of their own, durably, as they are.

        Returns the hash of the pack, and for each chunk where it lies in it.

        Raises:
            InvalidError: they do not fit into one pack.
            StoreUnavailableError: the disk does not answer.
        """
        entropy = self._replica.entropy
        writer, moved = PackWriter(entropy(SALT_BYTES)), list[tuple[Place, int]]()
        for place, sealed in chunks:
            moved.append((place, writer.add(place.chunk, SealedBytes(sealed)).offset))
        whole = writer.finish(lambda salt, table: self._keys.seal_table(salt, table, entropy))
        digest = fingerprint(whole)
        self._staging.put(self._staged(digest), whole)
        return digest, moved

    def drop(self, pack: bytes) -> None:
        """Forget a pack, if it is staged here."""
        self._staging.delete(self._staged(pack))

    def staged(self) -> list[ObjectName]:
        """Return the packs that wait here for a carrier."""
        return list(self._staging.names(self._prefix))

    def give(
        self, carrier: Carrier, box: Mailbox, troubles: list[str], *, every: bool = False
    ) -> int:
        """Put packs on a carrier; return how many bytes went.

        Args:
            carrier: where to.
            box: this collection there.
            troubles: where it is told, in sentences, what cannot be had.
            every: also those that are here no more, from another carrier: it lacks some.

        Raises:
            CarrierAwayError: it does not answer.
            CarrierFullError: it has no room.
            TamperedError: other bytes stand there under the name of a pack.
        """
        # those in `_fresh` are just about to go ahead, and are named by nothing yet
        sent, wanted = 0, {_digest(name) for name in self.staged()} - self._fresh
        if self._ahead is not None:
            sent, self._went = self._ahead.ended(wanted)
            self._ahead = self._ahead if self._packers else None
        if every:
            wanted |= self._all(troubles)
        if going := wanted & self._replica.state.packs.said.keys():
            wanted -= going - {place.pack for place in self._lost()}
        if not wanted:
            return sent
        there = packs_at(carrier, box, wanted)
        here = {digest for digest in wanted if self._is_whole(digest, there.get(digest))}
        listed = here - self._went
        self._everywhere = listed if self._everywhere is None else self._everywhere & listed
        source, lost = self._unpacking(), 0
        for digest in sorted(wanted - here):
            try:
                whole = source.whole(digest)
            except TamperedError:
                lost += 1
            else:
                sent += put_pack(carrier, box.pack(digest), whole)
        if lost:
            troubles.append(f"{lost} packs of contents are nowhere to be had")
        return sent

    def release(self) -> None:
        """Forget what is staged that every carrier listed when it was given.

        What went out in this round stays for another one: that a carrier took it is its word alone.
        """
        # THREAT T500: the last copy is not let go on a word: the carrier has to show it later
        for name in self.staged():
            if self._everywhere is not None and _digest(name) in self._everywhere:
                self._staging.delete(name)

    def _is_whole(self, digest: bytes, size: int | None) -> bool:
        """Return whether a carrier lists a pack, as long as it is here."""
        here = self._sizes.get(digest)
        try:
            return size is not None and size == (here or self._staging.head(self._staged(digest)))
        except ObjectNotFoundError:
            return True

    def _all(self, troubles: list[str]) -> set[bytes]:
        """Return the packs of all versions, those of long manifests too."""
        for content in self._replica.state.live():
            if content.is_list:
                try:
                    self._listed(content)
                except (TamperedError, InvalidEncodingError) as err:
                    troubles.append(f"a content's list of chunks: {err}")
        moves = self._replica.state.packs
        now = (moves.place(place) or place for place in self._places())
        return {place.pack for places in (now, self._lost()) for place in places}

    def _listed(self, content: Content) -> Manifest:
        """Return the manifest that is kept in chunks itself.

        Raises:
            TamperedError: it is not that of this version.
        """
        found = self._lists.get(content.digest)
        if found is None:
            if content.manifest is None:
                raise TamperedError("a version without a manifest")
            moved = tuple(self._now(place) for place in content.manifest.chunks)
            told = b"".join(self._unpacking().read(structs.replace(content.manifest, chunks=moved)))
            found = self._lists[content.digest] = Manifest.decoded(told)
            if found.size != content.size:
                raise TamperedError("a version is not as long as its chunks")
            self._index.add(found.chunks)
        return found

    def _learn(self) -> None:
        """Take the chunks of versions into the index that came since."""
        state = self._replica.state
        known = _Known(state, state.packs.count, len(state.erased))
        if known != self._known:
            self._index, self._indexed, self._known = MemoryIndex(), 0, known
            for listed in self._lists.values():
                self._index.add(list(state.packs.named(listed)))
        # where nothing was erased or moved, versions that came stand behind those that were there
        for content in state.contents(self._indexed):
            self._indexed += 1
            if content.manifest is not None:
                self._index.add(list(state.packs.named(content.manifest)))

    def _places(self) -> Iterator[Place]:
        """Yield where chunks lie by the versions that name them, without those that are gone."""
        state = self._replica.state
        named = [each.manifest for each in state.contents() if each.manifest is not None]
        for manifest in (*named, *self._lists.values()):
            yield from state.packs.named(manifest)

    def _lost(self) -> Iterator[Place]:
        """Yield what lies in packs that go, was not carried over, and is named all the same."""
        state = self._replica.state
        for content in state.live():
            if content.manifest is not None:
                yield from state.packs.all_lost(content.manifest)
                if (listed := self._lists.get(content.digest)) is not None:
                    yield from state.packs.all_lost(listed)

    def nearness(self, content: Content) -> tuple[bytes, int]:
        """Return where a content begins: those of one pack, in order, are read from it once."""
        if content.manifest is None or not content.manifest.chunks:
            return b"", 0
        first = self._replica.state.packs.place(content.manifest.chunks[0])
        if first is None:
            return b"", 0
        return first.pack, first.offset

    def _unpacking(self) -> Unpacking:
        if self._reader is None:
            has_ranges = all(carrier.abilities.ranges for carrier, _ in self._carriers)
            shelf = Shelf(self._staging.put, self._find, ranges=has_ranges)
            self._reader = Unpacking(shelf, self._keys.naming, name=self._staged)
        return self._reader

    def _staged(self, digest: bytes) -> ObjectName:
        return ObjectName(f"{self._prefix}{digest[:1].hex()}/{digest.hex()}")

    def _find(self, name: ObjectName, offset: int, length: int | None) -> bytes:
        """Return a pack from where it is staged, else from the first carrier that has it."""
        try:
            return self._staging.get(name, offset, length)
        except ObjectNotFoundError:
            pass
        failed: SealholdError | None = None
        for at, (carrier, box) in enumerate(self._carriers):
            if at in self._away:  # one wait for it, not one for each of a thousand contents
                failed = CarrierAwayError("a place that has it did not answer")
                continue
            try:
                data = carrier.get(box.pack(_digest(name)), offset, length)
            except CarrierAwayError as err:
                failed = err
                self._away.add(at)
            except (CarrierRefusedError, TamperedError) as err:
                failed = err
            except ObjectNotFoundError:
                continue
            else:
                # THREAT T500: what one carrier changed, another may have as it was; whoever reads
                # compares it, so what the last one gives need not be compared twice
                is_last = at + 1 == len(self._carriers)
                is_part = offset or length is not None
                if is_last or is_part or fingerprint(data) == _digest(name):
                    return data
                failed = TamperedError(f"pack `{name}` is not what was written")
        raise failed or ObjectNotFoundError("no carrier has this pack")


def _digest(name: ObjectName) -> bytes:
    return bytes.fromhex(name.rpartition("/")[2])
