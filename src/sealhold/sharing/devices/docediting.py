"""What the author at this replica does to a document, and the entries that come of it.

- Each edit is made at once and noted as it was made; the notes become entries.
- An edit that changes nothing (the value that is there already) takes no number and is not noted.

Source: docs/spec/48-documents.md sections 3 and 6.
"""

from collections.abc import Iterable, Iterator

from sealhold.model.encoding import pack
from sealhold.model.errors import InvalidEditError, TamperedError
from sealhold.sharing.devices.docengine import Engine, EngineError
from sealhold.sharing.devices.docops import (
    MAX_CHANGES,
    MAX_COUNT,
    MAX_ENTRY,
    MAX_OPS,
    Add,
    Change,
    Delete,
    Drop,
    Entry,
    Insert,
    Kind,
    Move,
    New,
    Op,
    OpId,
    Place,
    Put,
    Remove,
    Swap,
    Value,
    checked,
    checked_key,
    is_text,
    packed,
    units,
)
from sealhold.sharing.devices.docsaying import Said, units_that_said
from sealhold.sharing.devices.docsnapshot import unpacked_snapshot
from sealhold.sharing.devices.doctext import carried, difference
from sealhold.sharing.devices.docversions import Version, missing

TEXT, MAP, LIST = Place(Kind.TEXT), Place(Kind.MAP), Place(Kind.LIST)
PIECE = 65_536  # code points of one insertion
MAX_VALUE = 262_144  # bytes of one value
_ROOM = MAX_ENTRY - 4_096  # for operations of an entry, beside its head
_HEAD = 48  # bytes that an operation takes at most, beside its text, key or value


class Editing:
    """The own edits of one replica."""

    _engine: Engine
    _ends: dict[int, int]
    _heads: tuple[OpId, ...]

    def __init__(self, author: int, engine: Engine) -> None:
        self.author = author
        self._replace(engine)
        self._sent = self._ends.get(author, 0)
        self._notes: list[Change] = []
        self._after: tuple[OpId, ...] = ()
        self._ops: list[Op] = []

    def content(self) -> dict[str, Value]:
        """Return the whole of it: `text`, `map` and `list`, containers as what they hold."""
        return self._engine.content()

    def text(self, place: Place = TEXT) -> str:
        """Return a text.

        Raises:
            InvalidEditError: there is none at `place`.
        """
        try:
            return self._engine.text(place)
        except EngineError as err:
            raise InvalidEditError("no text there") from err

    def child(self, place: Place, key: str | int) -> Place | None:
        """Return the container under a key of a map or at a place of a list, if one is there.

        Raises:
            InvalidEditError: no map or list at `place`.
        """
        try:
            return self._engine.child(place, key)
        except EngineError as err:
            raise InvalidEditError("no such place in the document") from err

    def version(self) -> dict[int, int]:
        """Return of each author how many units are there."""
        return dict(self._ends)

    def join(self, base: bytes) -> None:
        """Take over what a snapshot of one's own has and this document has not.

        Raises:
            TamperedError: it does not load, or was made on a past that is not kept here.
        """
        version, state = unpacked_snapshot(base)
        spans = missing(self._ends, version)
        if spans:
            self.close()
            try:
                self._engine.take(Engine(state).moved(spans))
            except EngineError as err:
                raise TamperedError("a snapshot that does not fit the document") from err
            self._replace(self._engine)

    def insert(self, at: int, text: str, place: Place = TEXT) -> None:
        """Put text before the code point at `at`.

        Raises:
            InvalidEditError: beyond the end, or half a character.
        """
        if not is_text(text):
            raise InvalidEditError("half a character")
        for start in range(0, len(text), PIECE):
            self._do(Insert(place, at + start, text[start : start + PIECE]))

    def delete(self, at: int, length: int, place: Place = TEXT) -> None:
        """Take out code points of a text.

        Raises:
            InvalidEditError: beyond the end.
        """
        if length:
            self._do(Delete(place, at, length))

    def write(self, text: str, place: Place = TEXT, base: str | None = None) -> None:
        """Make a text read `text`, by as few edits as are found quickly.

        Args:
            text: what somebody wrote, in an editor or a file.
            place: the text that it is meant for.
            base: what they had before them when they began, if that is not what stands now:
                then what they changed of it is changed, and what came in meanwhile stays.

        Raises:
            InvalidEditError: half a character, or no text at `place`.
        """
        if not is_text(text):
            raise InvalidEditError("half a character")
        now = self.text(place)
        edits = difference(now, text) if base is None else carried(base, text, now)
        for each in edits:
            self.delete(each.at, each.gone, place)
            self.insert(each.at, each.text, place)

    def put(self, key: str, value: Value, place: Place = MAP) -> Place | None:
        """Set a value under a key; with `New`, return the container that was made.

        Raises:
            InvalidEditError: not a key, or not a value that a document can hold.
        """
        return self._do(Put(place, checked_key(key), _value(value)))

    def drop(self, key: str, place: Place = MAP) -> None:
        """Take out what is under a key.

        Raises:
            InvalidEditError: not a key.
        """
        self._do(Drop(place, checked_key(key)))

    def add(self, at: int, value: Value, place: Place = LIST) -> Place | None:
        """Put a value before the one at `at`; with `New`, return the container that was made.

        Raises:
            InvalidEditError: beyond the end, or not a value that a document can hold.
        """
        return self._do(Add(place, at, _value(value)))

    def remove(self, at: int, length: int = 1, place: Place = LIST) -> None:
        """Take values out of a list.

        Raises:
            InvalidEditError: beyond the end.
        """
        if length:
            self._do(Remove(place, at, length))

    def move(self, at: int, to: int, place: Place = LIST) -> None:
        """Move a value of a list to where `to` is.

        Raises:
            InvalidEditError: beyond the end.
        """
        self._do(Move(place, at, to))

    def swap(self, at: int, value: Value, place: Place = LIST) -> Place | None:
        """Set another value at a place of a list; with `New`, return the container.

        Raises:
            InvalidEditError: beyond the end, or not a value that a document can hold.
        """
        return self._do(Swap(place, at, _value(value)))

    def said(self, words: str, versions: Iterable[Version] = ()) -> Said:
        """Return which units said words, at any time.

        Args:
            words: what is looked for.
            versions: those of this document that can be shown: they are looked through as well.

        Raises:
            InvalidEditError: the past is not all kept.
        """
        self.close()
        try:
            return units_that_said(self._engine, words, versions)
        except EngineError as err:
            raise InvalidEditError("the past of this document is not all kept") from err

    def units_of(self, place: Place) -> list[OpId | None]:
        """Return of each code point of a text which unit inserted it.

        Raises:
            InvalidEditError: no text at `place`.
        """
        length = len(self.text(place))
        return [self._engine.unit_at(place, at) for at in range(length)]

    def close(self) -> None:
        """End the change that is being made; done before anything else comes in."""
        if self._ops:
            self._notes.append(Change(self._after, tuple(self._ops)))
            self._ops = []

    def _noted(self) -> Iterator[tuple[int, bytes]]:
        """Yield start and bytes of each entry of what was edited since the last call."""
        self.close()
        notes, self._notes = self._notes, []
        for changes in _portions(notes):
            entry = Entry(self.author, self._sent, tuple(changes))
            self._sent = entry.end
            yield entry.start, packed(entry)

    def _do(self, op: Op) -> Place | None:
        own = self._ends.get(self.author, 0)
        if own + units(op) > MAX_COUNT:
            raise InvalidEditError("too many edits of one author")
        try:
            self._engine.apply(self.author, (op,))
        except EngineError as err:
            raise InvalidEditError("the edit does not fit what is there") from err
        if self._engine.count(self.author) == own:
            return None
        if not self._ops:
            self._after = () if self._heads == _only(self.author, own) else self._heads
        self._ops.append(op)
        self._ends[self.author] = own + units(op)
        self._heads = (OpId(self.author, own + units(op) - 1),)
        made = op.value if isinstance(op, Put | Add | Swap) else None
        return Place(made.kind, OpId(self.author, own)) if isinstance(made, New) else None

    def _replace(self, engine: Engine) -> None:
        self._engine = engine
        self._ends = engine.version()
        self._heads = engine.heads()


def _only(author: int, end: int) -> tuple[OpId, ...]:
    return (OpId(author, end - 1),) if end else ()


def _value(value: Value) -> Value:
    if isinstance(value, New):
        return value
    if len(pack(checked(value))) > MAX_VALUE:
        raise InvalidEditError(f"a value of more than {MAX_VALUE} bytes")
    return value


def _portions(notes: list[Change]) -> Iterator[list[Change]]:
    """Yield changes for one entry after another, cut where an entry would grow too large."""
    portion: list[Change] = []
    ops: list[Op] = []
    count = size = 0
    for note in notes:
        after = note.after
        for op in note.ops:
            more = _HEAD + _weight(op)
            if count == MAX_OPS or size + more > _ROOM:
                yield [*portion, Change(after, tuple(ops))] if ops else portion
                portion, count, size = [], 0, 0
                after, ops = ((), []) if ops else (after, [])
            ops.append(op)
            count, size = count + 1, size + more
        portion.append(Change(after, tuple(ops)))
        ops = []
        if len(portion) == MAX_CHANGES:
            yield portion
            portion, count, size = [], 0, 0
            continue
        size += 20 * len(note.after)
    if portion:
        yield portion


def _weight(op: Op) -> int:
    if isinstance(op, Insert):
        return len(op.text.encode())
    if isinstance(op, Drop):
        return len(op.key.encode())
    if isinstance(op, Put | Add | Swap):
        key = len(op.key.encode()) if isinstance(op, Put) else 0
        return key + (0 if isinstance(op.value, New) else len(pack(op.value)))
    return 0
