"""What is about to be written into a collection: operations and the keys that they need.

- Each version has a fresh key, and so has each new object for its name; they go into the key bag
  with the entry that names them.
- Nothing is written before `commit`; then all of it is durable, or nothing.

Source: docs/spec/11-exchange-and-op-log.md section 3.
"""

from collections.abc import Iterable

from sealhold.crypto.seal import new_key
from sealhold.crypto.secret import Secret
from sealhold.model.encoding import Plain
from sealhold.model.errors import InvalidError
from sealhold.sharing.devices.contents import (
    Content,
    Kind,
    is_sound,
    seal_content,
    seal_name,
    seal_note,
)
from sealhold.sharing.devices.doclineage import seal_edits
from sealhold.sharing.devices.documentbook import edits_key
from sealhold.sharing.devices.keeping import Step
from sealhold.sharing.devices.keybag import NAME, KeyName, named_by
from sealhold.sharing.devices.ops import MAX_SEALED, DocOp, NoteOp, Operation, PlaceOp, PutOp
from sealhold.sharing.devices.replica import Replica
from sealhold.sharing.devices.treeops import ROOT, OpKind

GONE = Content(kind=Kind.GONE)


class Draft:
    """Operations that become one writing of one device."""

    def __init__(self, replica: Replica) -> None:
        self._replica = replica
        self._ops: list[Operation] = []
        self._keys: dict[KeyName, Secret] = {}
        self._made: dict[bytes, Content | str] = {}  # what was sealed, by its sealed form
        self.notes: set[tuple[str, bytes]] = set()  # kinds and keys of those in it

    def __len__(self) -> int:
        return len(self._ops)

    def add(self, name: str, parent: bytes = ROOT, *, is_folder: bool = False) -> bytes:
        """Place a new object, and return its id of 16 bytes."""
        key = new_key(self._replica.entropy, "name key")
        self._place(named_by(key), parent, name, key, is_folder=is_folder)
        return named_by(key)

    def place(self, thing: bytes, parent: bytes, name: str, *, is_folder: bool = False) -> None:
        """Place a new object under an id of its own, 16 random bytes."""
        key = new_key(self._replica.entropy, "name key")
        self._place(thing, parent, name, key, is_folder=is_folder)

    def _place(
        self, thing: bytes, parent: bytes, name: str, key: Secret, *, is_folder: bool
    ) -> None:
        self._keys[KeyName(thing, NAME)] = key
        how = OpKind.FOLDER if is_folder else OpKind.PLACE
        self._ops.append(PlaceOp(how, thing, parent, self._name(thing, name, key)))

    def move(self, thing: bytes, parent: bytes | None, name: str | None) -> None:
        """Give an object another folder, another name, or both; no content goes with it.

        Raises:
            InvalidError: the object is not known here, or erased.
        """
        sealed = None if name is None else self._name(thing, name, self._name_key(thing))
        self._ops.append(PlaceOp(OpKind.MOVE, thing, parent, sealed))

    def put(
        self, thing: bytes, content: Content, parents: Iterable[bytes], version: bytes | None = None
    ) -> bytes:
        """Write a version of an object; return its id of 16 bytes: by its key, or the given one."""
        replica = self._replica
        key = new_key(replica.entropy, "version key")
        version = named_by(key) if version is None else version
        self._keys[KeyName(thing, version)] = key
        sealed = seal_content(content, replica.collection, thing, version, key)
        if is_sound(content):
            self._made[sealed] = content
        self._ops.append(PutOp(thing, version, tuple(sorted(set(parents))), sealed))
        return version

    def delete(self, thing: bytes, seen: Iterable[bytes] | None = None) -> None:
        """Delete an object, as far as it was `seen`: these versions, else all that stand here."""
        self._ops.append(PlaceOp(OpKind.DELETE, thing, None, None))
        heads = self._replica.state.versions.standing(thing).heads
        if heads:
            self.put(thing, GONE, heads if seen is None else seen)

    def note(self, kind: str, key: bytes, told: Plain) -> None:
        """Write a state of the collection that is no object.

        Raises:
            InvalidError: it is longer than a note may be.
            NoEpochError: there is no epoch that every member has.
        """
        replica = self._replica
        epoch, secret = replica.circle.current()
        sealed = seal_note(told, replica.collection, kind, epoch, secret, replica.entropy)
        # THREAT T595: what no reader takes is not written, as it would stand there for good
        if len(sealed) > MAX_SEALED:
            raise InvalidError(f"a note of {len(sealed):,} bytes, at most {MAX_SEALED:,}")
        self._ops.append(NoteOp(kind, key, sealed))
        self.notes.add((kind, key))

    def lineage(self, base: Content) -> bytes:
        """Begin a lineage of a document; return its id of 16 bytes."""
        key = new_key(self._replica.entropy, "edits key")
        lineage = named_by(key)
        self._keys[KeyName(lineage, NAME)] = key
        self.put(lineage, base, ())
        return lineage

    def edits(self, lineage: bytes, turn: int, entry: bytes) -> None:
        """Tell edits of a document.

        Raises:
            InvalidError: the lineage is not known here, or erased.
        """
        replica = self._replica
        key = self._keys.get(KeyName(lineage, NAME)) or edits_key(replica, lineage)
        if key is None:
            raise InvalidError("a lineage that is not known here, or erased")
        sealed = seal_edits(entry, replica.collection, lineage, key, replica.entropy)
        self._ops.append(DocOp(lineage, turn, sealed))

    def commit(self, step: Step | None = None) -> None:
        """Make all of it durable and apply it; nothing to write is no entry.

        `step` is what becomes durable together with it.

        Raises:
            NoEpochError: there is no epoch that every member has; nothing was written.
            AuditUnavailableError: nothing can be written.
        """
        if not self._ops:
            return
        state = self._replica.state
        state.made = self._made  # none of it need be opened to be known
        try:
            self._replica.write(self._ops, self._keys, step)
        finally:
            state.made = {}
        self._ops, self._keys, self._made = [], {}, {}

    def _name(self, thing: bytes, name: str, key: Secret) -> bytes:
        sealed = seal_name(name, self._replica.collection, thing, key, self._replica.entropy)
        self._made[sealed] = name
        return sealed

    def _name_key(self, thing: bytes) -> Secret:
        own = KeyName(thing, NAME)
        key = self._keys.get(own) or self._replica.state.keys.get(own)
        if key is None:
            raise InvalidError("an object that is not known here, or erased")
        return key
