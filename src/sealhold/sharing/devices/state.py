"""What the entries of a collection come to: its tree, the versions of its objects, its notes.

- The same entries and keys give the same state, in whichever order they came.
- What an operation says of an object waits until the key for it is here. Of what was erased, ids
  and times are left.

Source: docs/spec/11-exchange-and-op-log.md section 3; docs/spec/47-folders.md.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final, NamedTuple, TypeVar

from msgspec import structs

from sealhold.crypto.secret import Secret
from sealhold.model.encoding import Plain
from sealhold.model.errors import (
    DeniedError,
    InvalidError,
    SealBrokenError,
    SealholdError,
    TamperedError,
)
from sealhold.sharing.devices.circle import Circle
from sealhold.sharing.devices.conflict import Version, Versions
from sealhold.sharing.devices.contents import (
    Content,
    Kind,
    epoch_of_note,
    open_content,
    open_name,
    open_note,
)
from sealhold.sharing.devices.keybag import NAME, KeyName, Keys, is_named_by
from sealhold.sharing.devices.logicaltime import MAX_MS, MAX_STEP, LogicalTime
from sealhold.sharing.devices.namespace import Tree
from sealhold.sharing.devices.oplog import LogId, Told
from sealhold.sharing.devices.ops import (
    DocOp,
    EraseOp,
    KeysOp,
    NoteOp,
    Operation,
    PackOp,
    PlaceOp,
    PutOp,
    ThinOp,
)
from sealhold.sharing.devices.packmoves import PackMoves
from sealhold.sharing.devices.thinning import Thinned
from sealhold.sharing.devices.treeops import ROOT, Op, OpKind

MAX_RIVALS: Final = 8  # further keys that are tried under one name
_T = TypeVar("_T")

END = LogicalTime(MAX_MS, MAX_STEP)  # after all that is ever done to an object


class _Said(NamedTuple):
    """An operation, who said it and when."""

    op: Operation
    time: LogicalTime
    device: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """A note that holds, and who wrote it when."""

    time: LogicalTime
    device: bytes
    told: Plain


class State:
    """The state of one collection. For one thread."""

    def __init__(self, collection: bytes, circle: Circle) -> None:
        self._collection = collection
        self._circle = circle
        self.tree = Tree()
        self.versions = Versions()
        self.keys: dict[KeyName, Secret] = {}
        self.erased: set[bytes] = set()
        self.last = LogicalTime(0, 0)
        self.refused: list[str] = []  # what was sealed and signed, and still is not as it must be
        self.thinned = Thinned()
        self.packs = PackMoves()
        self.turn = 0  # goes up with each operation that is taken in
        self.made: dict[bytes, Content | str] = {}  # what was just sealed here, by its sealed form
        self._contents: dict[bytes, Content] = {}
        self._object_of: dict[bytes, bytes] = {}  # by version whose content is known
        self._waiting: defaultdict[KeyName, list[_Said]] = defaultdict(list)
        self._rivals: dict[KeyName, list[Secret]] = {}  # further keys told under a name
        self._unopened: defaultdict[KeyName, list[_Said]] = defaultdict(list)
        self._notes: dict[tuple[str, bytes], Note] = {}
        self._moves: list[Op] = []
        self._forgotten = False  # names of what was erased stand in the tree

    def apply(self, log: LogId, told: Told, *, spares: bool = False) -> None:
        """Take in what an entry tells; if it `spares`, nothing that lets content go."""
        for number, op in enumerate(told.ops):
            if spares and isinstance(op, EraseOp | ThinOp | PackOp):
                continue
            time = LogicalTime(told.time.ms, told.time.step + number)
            self._say(_Said(op, time, log.device))
        after = told.time._replace(step=told.time.step + len(told.ops))
        self.last = max(self.last, after)

    def settle(self) -> None:
        """Bring the tree up to what was taken in: once for many entries."""
        moves, self._moves = self._moves, []
        self.tree.apply(moves)
        if self._forgotten:
            gone = self.erased
            ops = [
                structs.replace(op, name=None) if op.object in gone else op
                for op in self.tree.ops()
            ]
            ends = [Op(kind=OpKind.DELETE, object=it, time=END, author=ROOT) for it in gone]
            self.tree = Tree([*ops, *ends])
            self._forgotten = False

    def add_keys(self, keys: Keys) -> None:
        """Take in keys, and what waited for them."""
        for name, key in keys.items():
            if name.object in self.erased:
                continue
            # THREAT T546: a key that is told under a known name replaces none: it is a rival of it,
            # and whichever opens what stands under that name is the one, on every replica alike
            if (known := self.keys.setdefault(name, key)) != key:
                other = key
                if is_named_by(name, key):  # no number of rivals keeps it out
                    self.keys[name], other = key, known
                rivals = self._rivals.setdefault(name, [])
                if other not in rivals and len(rivals) < MAX_RIVALS:
                    rivals.append(other)
                for said in self._unopened.pop(name, ()):
                    self._say(said)
            for said in self._waiting.pop(name, ()):
                self._say(said)

    def content(self, version: bytes) -> Content:
        """Return what a version holds.

        Raises:
            InvalidError: no such version is known, or not opened yet.
        """
        found = self._contents.get(version)
        if found is None:
            raise InvalidError("no version of that id is known here")
        return found

    def __contains__(self, version: bytes) -> bool:
        return version in self._contents

    def known(self) -> Iterable[bytes]:
        """Return the ids of all versions, in the order in which they came."""
        return self._contents.keys()

    def contents(self, since: int = 0) -> Iterator[Content]:
        """Yield what all versions hold, in the order in which they came, but for the first ones."""
        return islice(self._contents.values(), since, None)

    def live(self) -> Iterator[Content]:
        """Yield what the versions hold whose content is kept: all but those that were thinned."""
        gone = self.thinned.of(self.versions)
        return (each for version, each in self._contents.items() if version not in gone)

    def note(self, kind: str, key: bytes) -> Note | None:
        """Return the note that holds: the latest, and of two at one time that of the greater id."""
        return self._notes.get((kind, key))

    def notes(self, kind: str) -> Iterable[tuple[bytes, Note]]:
        """Yield the notes of a kind, each with its key."""
        return ((key, note) for (of, key), note in sorted(self._notes.items()) if of == kind)

    def wants(self, keys: Keys) -> bool:
        """Return whether something waits for one of these keys."""
        return any(name in self._waiting for name in keys)

    def waiting(self) -> int:
        """Return of how many objects something waits for a key."""
        return len({name.object for name in self._waiting})

    def _say(self, said: _Said) -> None:
        self.turn += 1
        try:
            # THREAT T546: what a member may not say is told, and nothing of it applied
            if not self._circle.may(said.device, said.op):
                raise DeniedError("more than this member's role lets it say")
            self._do(said)
        except SealholdError as err:
            # signed by a member, and not what its own key opens: told, and nothing of it applied
            self.refused.append(f"{type(said.op).__name__} by {said.device.hex()[:8]}: {err}")

    def _do(self, said: _Said) -> None:
        match said.op:
            case PutOp() as op:
                self._put(op, said)
            case PlaceOp() as op:
                self._place(op, said)
            case EraseOp(object=thing):
                self._erase(thing)
            case NoteOp() as op:
                self._note(op, said)
            case ThinOp() as op:
                self.thinned.mark(op.versions, said.time)
            case PackOp() as op:
                self.packs.take(op, said.time, said.device)
            case KeysOp() | DocOp():
                pass  # its segment came with the entry; edits are read when a document is

    def _put(self, op: PutOp, said: _Said) -> None:
        name = KeyName(op.object, op.version)
        if op.object in self.erased:
            return
        if name not in self.keys:
            self._waiting[name].append(said)
            return
        made = self.made.get(op.sealed)
        content = (
            made
            if isinstance(made, Content)
            else self._opened(
                name,
                said,
                lambda key: open_content(op.sealed, self._collection, op.object, op.version, key),
            )
        )
        # THREAT T561: a document begins, and goes on elsewhere, where its owner says so
        is_owners = self._circle.may(said.device, EraseOp(op.object))
        if content.kind in {Kind.DOCUMENT, Kind.LINEAGE} and not is_owners:
            raise DeniedError("a document that somebody else than its owner begins")
        self.versions.add(
            Version(
                id=op.version,
                object=op.object,
                parents=frozenset(op.parents),
                time=said.time,
                device=said.device,
                content=None if content.kind is Kind.GONE else _digest(content),
            )
        )
        # THREAT T561: under an id that the owner used, nothing that others write is read
        if is_owners or op.version not in self._contents:
            self._contents[op.version] = content
            self._object_of[op.version] = op.object

    def _place(self, op: PlaceOp, said: _Said) -> None:
        name: str | None = None
        if op.sealed is not None and op.object not in self.erased:
            own = KeyName(op.object, NAME)
            if own not in self.keys:
                self._waiting[own].append(said)
                return
            sealed, made = op.sealed, self.made.get(op.sealed)
            name = (
                made
                if isinstance(made, str)
                else self._opened(
                    own, said, lambda key: open_name(sealed, self._collection, op.object, key)
                )
            )
        self._moves.append(
            Op(
                kind=op.how,
                object=op.object,
                time=said.time,
                author=said.device,
                parent=op.parent,
                name=name,
            )
        )

    def _opened(self, name: KeyName, said: _Said, open_with: Callable[[Secret], _T]) -> _T:
        """Return what one of the keys that are told under a name opens.

        Raises:
            SealBrokenError: none does; it is tried again with the next key of that name.
        """
        for key in (self.keys[name], *self._rivals.get(name, ())):
            try:
                found = open_with(key)
            except SealBrokenError:
                continue
            if key != (first := self.keys[name]):
                others = [each for each in self._rivals[name] if each != key]
                self._rivals[name], self.keys[name] = [first, *others], key
            return found
        self._unopened[name].append(said)
        raise SealBrokenError("no key that was told of opens it")

    def _erase(self, thing: bytes) -> None:
        self.erased.add(thing)
        for names in (self._rivals, self._unopened):
            for name in [name for name in names if name.object == thing]:
                del names[name]
        for name in [name for name in self.keys if name.object == thing]:
            del self.keys[name]
        for name in [name for name in self._waiting if name.object == thing]:
            for said in self._waiting.pop(name):
                self._say(said)
        for version in self.versions.of(thing):
            if self._object_of.get(version.id) == thing:
                del self._contents[version.id], self._object_of[version.id]
        self.versions.forget(thing)
        self._forgotten = True

    def _note(self, op: NoteOp, said: _Said) -> None:
        secret = self._circle.epoch(epoch_of_note(op.sealed))
        if secret is None:
            raise TamperedError("a note under an epoch that is not known here")
        told = open_note(op.sealed, self._collection, op.kind, secret)
        known = self._notes.get((op.kind, op.key))
        if known is None or (known.time, known.device) < (said.time, said.device):
            self._notes[op.kind, op.key] = Note(said.time, said.device, told)


def _digest(content: Content) -> bytes:
    """Return what two versions share that show the same."""
    return b"".join((content.digest, content.mode.to_bytes(2, "big"), content.kind.value.encode()))
