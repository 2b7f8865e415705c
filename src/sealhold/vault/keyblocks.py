"""Key blocks: up to 64 record keys of one person, sealed together under the person's key.

- A record's row names block and slot of its key. Turning over a person's key then seals a few
  blocks anew, and touches no record.
- Person, block and version of the wrapping key stand in the seal's associated data: a block that
  was moved to another person or number opens nothing.
- A slot says what its key is for. So an older version of a record that was put back in the place of
  the one in force does not open, though its key is kept.
- Who takes a record out empties its slot in the same commit, which destroys the record. A block
  without keys is deleted.
- Puts that come together take different blocks, so that none waits for another's commit. Each
  block is written over the version that was read.

Source: docs/spec/25-records-of-people.md section 3.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from threading import Lock

from sealhold.crypto.seal import KeyKind, wrap_aad
from sealhold.crypto.secret import Secret
from sealhold.model.clock import Entropy
from sealhold.model.errors import ConflictError, SealBrokenError
from sealhold.model.ids import ID_BYTES, SubjectId
from sealhold.stores.spec import (
    ColumnKind,
    Delete,
    Expect,
    Found,
    Op,
    Put,
    ReadView,
    RecordStore,
    Row,
    TableSpec,
)
from sealhold.vault.deciding import rows_of
from sealhold.vault.keyring import SubjectKeys
from sealhold.vault.keyslots import EMPTY, FEW, SLOT_BYTES, SLOTS, For, OpenBlock, Slot, room_of
from sealhold.vault.steps import Steps, Waits
from sealhold.vault.versions import Versions

KEY_BLOCKS = TableSpec(
    name="keyblock",
    columns={
        "subject": ColumnKind.ID16,
        "block": ColumnKind.I64,
        "skver": ColumnKind.I64,  # version of the subject key that it is sealed under
        "ct": ColumnKind.SEALED,
    },
    key=("subject", "block"),
    indexes={},
)
AT_HAND = 4  # opened blocks of one person, the newest
REMEMBERED = 4_096  # people of whom it is known which of their blocks have room

BlockRows = Mapping[int, Found | None]  # by the block's number


def seal_block(
    keys: SubjectKeys | Versions, block: int, slots: Sequence[bytes], entropy: Entropy
) -> Row:
    """Return the row that keeps `slots` as a block of a person, under their key as it is now."""
    return _sealed(keys, block, b"".join(slots), entropy)


def _sealed(keys: SubjectKeys | Versions, block: int, plain: bytes, entropy: Entropy) -> Row:
    now = keys.now
    sealed = now.records.seal(plain, _place(keys, block, now.version), entropy)
    return (keys.subject, block, now.version, sealed)


def open_block(keys: SubjectKeys | Versions, block: int, found: Found) -> list[bytes]:
    """Return the slots of a block, 33 bytes each; without those at the end that are `EMPTY`.

    Raises:
        SealBrokenError: it is not this block of this person, or not as it was written.
    """
    plain = _opened(keys, block, found)
    return [plain[at : at + SLOT_BYTES] for at in range(0, len(plain), SLOT_BYTES)]


def _opened(keys: SubjectKeys | Versions, block: int, found: Found) -> bytes:
    version, sealed = found.row[2:]
    if block < 0:
        raise SealBrokenError("no block of keys has such a number")
    # THREAT T240: person and number are those that were asked for, not those found
    plain = keys.opener(version).open(sealed, _place(keys, block, version))
    if len(plain) % SLOT_BYTES or len(plain) > SLOTS * SLOT_BYTES:
        raise SealBrokenError("a block of keys has another form")
    return plain


def rewrapped(keys: Versions, row: Row, entropy: Entropy) -> Row:
    """Return a block's row under the subject key in force; the keys in it stay.

    Raises:
        SealBrokenError: it does not open.
    """
    subject, block, version, sealed = row
    if block < 0:
        raise SealBrokenError("no block of keys has such a number")
    place, to_place = (_place(keys, block, each) for each in (version, keys.version))
    moved = keys.opener(version).rewrap(sealed, place, keys.records, to_place, entropy)
    return (subject, block, keys.version, moved)


def block_rows(view: ReadView, keys: SubjectKeys, places: Iterable[Slot]) -> BlockRows:
    """Return the rows of the blocks that hold the keys of `places`, unopened."""
    numbers = sorted({place.block for place in places})
    rows = view.get(KEY_BLOCKS.name, [(keys.subject, number) for number in numbers])
    return dict(zip(numbers, rows, strict=True))


def record_keys(
    keys: SubjectKeys, use: For, places: Iterable[Slot], rows: BlockRows
) -> Iterator[Secret]:
    """Yield the keys of a person's records, whose rows name `places`; each block is opened once.

    Raises:
        SealBrokenError: a block is gone or older, or a slot of it is empty or for another use.
    """
    opened: dict[int, bytes] = {}
    for block, slot in places:
        plain = opened.get(block)
        if plain is None:
            found = rows[block]
            plain = opened[block] = _at_hand(keys, block, found) if found is not None else b""
        yield _key_in(plain, slot, use)


class KeyBlocks:
    """Hands out slots for the keys of records; several threads may call at once."""

    def __init__(self, store: RecordStore, entropy: Entropy) -> None:
        self._store = store
        self._entropy = entropy
        self._turn = Lock()
        self._busy: dict[SubjectId, set[int]] = {}  # blocks that somebody is changing
        self._room: dict[SubjectId, dict[int, int]] = {}  # free slots of each block; hints only
        self._waiting: dict[SubjectId, list[Waits]] = {}  # for a block that is busy

    def hold(
        self, keys: SubjectKeys, changed: Iterable[Slot] = (), wanted: int = 0
    ) -> "Held | Waits":
        """Hold blocks of a person for one change: those of `changed`, and room for `wanted` keys.

        Nobody else changes a block that is held, until `Held.release`. If somebody else holds one
        that is needed, none is held, and what comes back ends when it is worth another try.

        Raises:
            SealBrokenError: one of the blocks does not open.
        """
        subject = keys.subject
        known = self._room.get(subject)
        if known is None:
            known = self._look(keys)
        must = {place.block for place in changed}
        with self._turn:
            busy = self._busy.setdefault(subject, set())
            if must & busy:
                waits: Waits = Future()
                self._waiting.setdefault(subject, []).append(waits)
                return waits
            room = self._room.setdefault(subject, known)
            lacking = wanted - sum(room.get(block, 0) for block in must)
            mine = must | self._chosen(room, busy | must, lacking)
            busy |= mine
        held = Held(keys, self, mine, SLOTS if wanted > FEW else FEW)
        try:
            held.read(self._store)
        except BaseException:
            held.release()
            raise
        return held

    def fresh(self, subject: SubjectId) -> int:
        """Return the number of a new block, which is held from now on."""
        with self._turn:
            busy = self._busy.setdefault(subject, set())
            number: int = max([0, *busy, *self._room.get(subject, ())]) + 1
            busy.add(number)
            return number

    @property
    def entropy(self) -> Entropy:
        """Where nonces come from."""
        return self._entropy

    def _chosen(self, room: dict[int, int], busy: set[int], wanted: int) -> set[int]:
        chosen: set[int] = set()
        for block, free in room.items():
            if wanted <= 0:
                break
            if free and block not in busy:
                chosen.add(block)
                wanted -= free
        return chosen

    def _look(self, keys: SubjectKeys) -> dict[int, int]:
        """Return how many free slots each block of a person has; one that does not open has none.

        A block with none is in the list all the same: its number is taken.
        """
        found: dict[int, int] = {}
        for row in rows_of(self._store, KEY_BLOCKS, "key", keys.subject):
            try:
                found[row.row[1]] = room_of(_opened(keys, row.row[1], row), FEW)
            except SealBrokenError:
                found[row.row[1]] = 0
        return found

    def release(self, held: "Held") -> None:
        """Let go of what is held."""
        subject = held.keys.subject
        with self._turn:
            room = self._room.pop(subject, None)
            if room is not None and held.is_kept:
                room.update(held.room())
                self._room[subject] = room  # the newest of them stands last
            while len(self._room) > REMEMBERED:
                del self._room[next(iter(self._room))]
            busy = self._busy[subject]
            busy -= held.blocks
            if not busy:
                del self._busy[subject]
            waiting = self._waiting.pop(subject, ())
        for each in waiting:
            each.set_result([])


class Held:
    """Blocks of one person while one change is made of them."""

    def __init__(self, keys: SubjectKeys, of: KeyBlocks, blocks: set[int], most: int) -> None:
        self.keys = keys
        self.blocks = blocks
        self.is_kept = False  # whether the change is durable
        self._of = of
        self._most = most  # slots that are filled of each block
        self._open: dict[int, OpenBlock] = {}
        self._changed: set[int] = set()
        self._written: dict[int, tuple[Row, bytes]] = {}

    def read(self, store: RecordStore) -> None:
        """Read and open the blocks that are held.

        Raises:
            SealBrokenError: one of them does not open.
        """
        numbers = sorted(self.blocks)
        if not numbers:
            return
        rows = store.get(KEY_BLOCKS.name, [(self.keys.subject, number) for number in numbers])
        for number, found in zip(numbers, rows, strict=True):
            if found is None:
                self._open[number] = OpenBlock(b"", 0)
            else:
                self._open[number] = OpenBlock(_at_hand(self.keys, number, found), found.v)

    def free(self, place: Slot) -> None:
        """Empty a slot: what it was the key of can be read by nobody once this is durable.

        Raises:
            ConflictError: its block is not held, or the slot is empty already.
        """
        self._taken(place).put(place.slot, EMPTY)

    def turn(self, place: Slot, use: For) -> None:
        """Say of a key that it is for something else from now on.

        Raises:
            ConflictError: its block is not held, or the slot is empty.
        """
        self._taken(place).plain[place.slot * SLOT_BYTES] = use

    def put(self, dek: bytes, use: For) -> Slot:
        """Keep a key of 32 bytes, and return where."""
        slot = bytes([use]) + dek
        for number, each in self._open.items():
            at = each.first(self._most)
            if at is not None:
                each.put(at, slot)
                self._changed.add(number)
                return Slot(number, at)
        number = self._of.fresh(self.keys.subject)
        self.blocks.add(number)
        self._changed.add(number)
        # what has room is found first: of a thousand keys none looks through full blocks
        self._open = {number: OpenBlock(slot, 0), **self._open}
        return Slot(number, 0)

    def ops(self) -> list[Op]:
        """Return the operations that keep the blocks as they are now."""
        return [self._op(number) for number in sorted(self._changed)]

    def kept(self) -> None:
        """Note that the change is durable."""
        self.is_kept = True
        known = self.keys.turning.blocks
        for number in self._changed:
            known.pop(number, None)
        known.update(self._written)
        _forget_some(known)

    def release(self) -> None:
        """Let others change these blocks."""
        self._of.release(self)

    def room(self) -> dict[int, int]:
        """Return how many free slots each of the blocks has now."""
        return {number: each.room(FEW) for number, each in self._open.items()}

    def _taken(self, place: Slot) -> OpenBlock:
        found = self._open.get(place.block)
        if found is None or place.slot not in found:
            raise ConflictError("the key of a record is gone already")
        self._changed.add(place.block)
        return found

    def _op(self, number: int) -> Op:
        each = self._open[number]
        if not each.plain:
            return Delete(KEY_BLOCKS.name, (self.keys.subject, number), each.v or Expect.ABSENT)
        plain = bytes(each.plain)
        row = _sealed(self.keys, number, plain, self._of.entropy)
        self._written[number] = (row, plain)
        # THREAT T243: a block that somebody else wrote meanwhile fails the commit
        return Put(KEY_BLOCKS.name, row, each.v or Expect.ABSENT)


def _at_hand(keys: SubjectKeys, block: int, found: Found) -> bytes:
    """Return what a block holds, opened now or before: the very same row holds the very same."""
    known = keys.turning.blocks
    keys.opener(found.row[2])  # THREAT T271: what lies under a destroyed key opens no more
    before = known.get(block)
    if before is not None and before[0] == found.row:
        return before[1]
    plain = _opened(keys, block, found)
    known[block] = (found.row, plain)
    _forget_some(known)
    return plain


def _forget_some(known: dict[int, tuple[Row, bytes]]) -> None:
    while len(known) > AT_HAND:
        known.pop(next(iter(known), 0), None)


def _key_in(plain: bytes, slot: int, use: For) -> Secret:
    start = slot * SLOT_BYTES
    # THREAT T242: what was replaced or taken out opens no more, whichever row is put back
    if not 0 <= start < len(plain) or plain[start] != use:
        raise SealBrokenError("the key of a record is gone, or is not for this")
    return Secret(plain[start + 1 : start + SLOT_BYTES], "record key")


def _place(keys: SubjectKeys | Versions, block: int, version: int) -> bytes:
    number = block.to_bytes(ID_BYTES, "big")
    return wrap_aad(KeyKind.BLOCK, keys.app, keys.subject, number, version)


def holding(
    blocks: KeyBlocks, keys: SubjectKeys, changed: Iterable[Slot] = (), wanted: int = 0
) -> Steps[Held]:
    """Do as `KeyBlocks.hold` does, and wait as long as others hold what is needed.

    Whoever takes these steps releases what they give. Nobody who holds blocks waits for more.
    """
    places = tuple(changed)
    while True:
        held = blocks.hold(keys, places, wanted)
        if isinstance(held, Held):
            return held
        yield held
