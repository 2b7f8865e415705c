"""The engine of documents: Loro behind an interface of ours, and the one place that names it.

- It takes operations, never bytes that somebody else made: its decoders end the process on some
  of those. Bytes of its own form pass between two engines of this process, or come from a
  snapshot of one's own.
- What it raises has no class of its own; here it becomes one error.
- It is loaded when a document is opened, not before.

Source: docs/spec/48-documents.md section 5; ADR 64.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sealhold.sharing.devices.dochistory import redacted_history, told_history
from sealhold.sharing.devices.docops import (
    Add,
    Delete,
    Drop,
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
)
from sealhold.sharing.devices.docversions import Span, Version, missing

if TYPE_CHECKING:
    import loro

MAX_TEXT = 1 << 24  # code points of one text
MAX_NESTED = 32  # containers within each other
_Held = Any  # reason: the engine's classes of containers have no common one
_ROOTS = {Kind.TEXT: "text", Kind.MAP: "map", Kind.LIST: "list"}


class EngineError(Exception):
    """The engine refused a call; what it was doing may be half done."""


@contextmanager
def guarded() -> Iterator[None]:
    """Turn what the engine raises into `EngineError`.

    Raises:
        EngineError: the engine raised something.
    """
    try:
        yield
    except BaseException as err:
        # THREAT T473: it raises bare BaseException, which no `except Exception` would see
        unfit = isinstance(err, TypeError | OverflowError)
        if unfit or type(err) is BaseException or type(err).__name__ == "PanicException":
            raise EngineError(str(err)[:200]) from err
        raise


class Engine:
    """One replica of one document in memory."""

    def __init__(self, base: bytes = b"") -> None:
        """Load what a snapshot holds; `base` is of one's own.

        Raises:
            EngineError: it does not load.
        """
        import loro  # noqa: PLC0415 - 10 MB, and most vaults open no document

        self._loro = loro
        self._doc: loro.LoroDoc = loro.LoroDoc()  # type: ignore[no-untyped-call]
        if base:
            with guarded():
                self._doc.import_(base)

    def version(self) -> dict[int, int]:
        """Return of each author how many units are there."""
        return _ends(self._doc.oplog_vv)

    def heads(self) -> tuple[OpId, ...]:
        """Return the units that no other was made after, in order."""
        return _heads(self._doc.oplog_frontiers)

    def root(self) -> dict[int, int]:
        """Return the version that is kept as a state only, without its past; empty if none is."""
        if not self._doc.is_shallow():
            return {}
        return self.past_of(_heads(self._doc.shallow_since_frontiers)) or {}

    def past_of(self, heads: Sequence[OpId]) -> dict[int, int] | None:
        """Return all that `heads` were made after, and them; None if that is not all kept."""
        with guarded():
            found = self._doc.frontiers_to_vv(self._frontiers(heads))
        return None if found is None else _ends(found)

    def heads_of(self, version: Version) -> tuple[OpId, ...]:
        """Return the heads of a version that is within this one."""
        with guarded():
            return _heads(self._doc.vv_to_frontiers(self._vector(version)))

    def apply(self, author: int, ops: Sequence[Op]) -> None:
        """Make operations in the name of an author, as its next units.

        Raises:
            EngineError: one does not fit what is there; those before it are made.
        """
        with guarded():
            if self._doc.peer_id != author:
                self._doc.commit()
                self._doc.peer_id = author
            for op in ops:
                self._make(op)
            self._doc.commit()

    def count(self, author: int) -> int:
        """Return how many units of an author are there."""
        last = self._doc.oplog_vv.get_last(author)
        return 0 if last is None else last + 1

    def moved(self, spans: Sequence[Span]) -> bytes:
        """Return units for another engine of this process.

        Raises:
            EngineError: they are not all there.
        """
        wanted = [self._loro.IdSpan(who, self._loro.CounterSpan(a, b)) for who, a, b in spans]
        with guarded():
            return self._doc.export(self._loro.ExportMode.UpdatesInRange(wanted))

    def take(self, moved: bytes) -> None:
        """Take in units of another engine of this process.

        Raises:
            EngineError: what they were made after is not here.
        """
        with guarded():
            if self._doc.import_(moved).pending is not None:
                raise EngineError("units before what they were made after")

    def at(self, version: Version) -> "Engine":
        """Return a replica of its own that stands at `version`, which has its whole past here.

        Raises:
            EngineError: it has not.
        """
        other = Engine(self._root_state())
        if spans := missing(other.version(), version):
            other.take(self.moved(spans))
        if other.version() != dict(version):
            raise EngineError("not a version of this document")
        return other

    def snapshot(self, since: Version | None = None) -> bytes:
        """Return all that is here, or without the past of `since`.

        Raises:
            EngineError: `since` is not within what is here.
        """
        modes = self._loro.ExportMode
        with guarded():
            if since is None:
                return self._doc.export(modes.Snapshot())
            heads = self._doc.vv_to_frontiers(self._vector(since))
            return self._doc.export(modes.ShallowSnapshot(heads))

    def redacted(self, gone: Callable[[int, int], bool]) -> "Engine":
        """Return a replica in which units that are `gone` inserted nothing that can be read.

        Text becomes U+FFFD, one for one; values become null. Keys of maps stay.

        Args:
            gone: of author and number, whether what this unit inserted goes.

        Raises:
            EngineError: the past is not all kept.
        """
        text, other = self.history(), Engine()
        with guarded():
            other._doc.import_json_updates(redacted_history(text, gone))
        return other

    def history(self) -> str:
        """Return all that was done, as the engine tells it in JSON.

        Raises:
            EngineError: the past is not all kept.
        """
        if self._doc.is_shallow():
            raise EngineError("the past is not all kept")
        with guarded():
            return self._doc.export_json_updates(self._vector({}), self._doc.oplog_vv)

    def along(self, stops: Iterable[Sequence[OpId]]) -> Iterator["Engine"]:
        """Yield one replica that stands at one version after another, by their heads: to read in.

        Raises:
            EngineError: one is not a version of this document.
        """
        other = Engine(self.snapshot())
        for heads in stops:
            with guarded():
                other._doc.checkout(other._frontiers(heads))
            yield other

    def gone_by(self) -> set[tuple[int, int]]:
        """Return the units whose text was deleted, or whose value under a key gave way.

        Raises:
            EngineError: the past is not all kept.
        """
        told = told_history(self.history())
        gone: set[tuple[int, int]] = set(told.values_given_way)
        for name, inserted in told.texts.items():
            gone |= inserted - self._standing(name)
        return gone

    def _standing(self, name: tuple[int, int] | None) -> set[tuple[int, int]]:
        place = Place(Kind.TEXT, None if name is None else OpId(*name))
        try:
            held = self._at(place)
        except EngineError:
            return set()
        if held.is_deleted():
            return set()
        found = (self.unit_at(place, at) for at in range(held.len_unicode))
        return {(each.author, each.number) for each in found if each is not None}

    def content(self) -> dict[str, Value]:
        """Return the whole of it: `text`, `map` and `list`, containers as what they hold."""
        value: Value = self._doc.get_deep_value()
        return {
            "text": value.get("text", ""),
            "map": value.get("map", {}),
            "list": value.get("list", []),
        }

    def text(self, place: Place) -> str:
        """Return a text.

        Raises:
            EngineError: there is none.
        """
        return str(self._at(place).to_string())

    def size(self, place: Place) -> int:
        """Return how many code points, keys or values are at `place`.

        Raises:
            EngineError: there is nothing.
        """
        found = self._at(place)
        return int(found.len_unicode if place.kind is Kind.TEXT else len(found))

    def child(self, place: Place, key: str | int) -> Place | None:
        """Return the container under a key of a map, or at a place of a list.

        Raises:
            EngineError: there is no such map or list.
        """
        found = self._at(place)
        with guarded():
            held = found.get(key)
        inner = getattr(held, "container", None)
        if inner is None:
            return None
        made_by = OpId(inner.id.peer, inner.id.counter)
        return Place(_kind(inner), made_by)

    def unit_at(self, place: Place, at: int) -> OpId | None:
        """Return the unit that inserted a code point of a text."""
        found = self._at(place)
        with guarded():
            cursor = found.get_cursor(at, self._loro.Side.Middle)
        if cursor is None or cursor.id is None:
            return None
        return OpId(cursor.id.peer, cursor.id.counter)

    def authors(self, place: Place) -> Iterator[int]:
        """Yield of each code point of a text who inserted it."""
        found = self._at(place)
        for at in range(found.len_unicode):
            with guarded():
                yield int(found.get_editor_at_unicode_pos(at))

    def _root_state(self) -> bytes:
        if not self._doc.is_shallow():
            return b""
        with guarded():
            return self._doc.export(
                self._loro.ExportMode.StateOnly(self._doc.shallow_since_frontiers)
            )

    def _make(self, op: Op) -> None:
        held = self._at(op.place)
        if isinstance(op, Insert):
            if held.len_unicode + len(op.text) > MAX_TEXT:
                raise EngineError(f"a text of more than {MAX_TEXT} code points")
            held.insert(op.at, op.text)
        elif isinstance(op, Delete | Remove):
            held.delete(op.at, op.length)
        elif isinstance(op, Drop):
            held.delete(op.key)
        elif isinstance(op, Move):
            held.mov(op.at, op.to)
        elif isinstance(op.value, New):
            self._nest(held, op, op.value.kind)
        elif isinstance(op, Swap):
            held.set(op.at, op.value)
        else:
            held.insert(op.key if isinstance(op, Put) else op.at, op.value)

    def _nest(self, held: _Held, op: Put | Add | Swap, kind: Kind) -> None:
        # THREAT T473: the engine walks into what is nested by calling itself
        if op.place.made_by and len(self._doc.get_path_to_container(held.id) or ()) >= MAX_NESTED:
            raise EngineError(f"containers nested deeper than {MAX_NESTED}")
        made = (self._loro.LoroText, self._loro.LoroMap, self._loro.LoroMovableList)[kind]()
        if isinstance(op, Swap):
            held.set_container(op.at, made)
        else:
            held.insert_container(op.key if isinstance(op, Put) else op.at, made)

    def _at(self, place: Place) -> _Held:
        if place.made_by is None:
            get = (self._doc.get_text, self._doc.get_map, self._doc.get_movable_list)[place.kind]
            return get(_ROOTS[place.kind])
        types = self._loro.ContainerType
        form = (types.Text, types.Map, types.MovableList)[place.kind]()
        author, count = place.made_by
        found = self._doc.get_container(self._loro.ContainerID.Normal(author, count, form))
        if found is None:
            raise EngineError("no such container")
        return found

    def _frontiers(self, heads: Sequence[OpId]) -> "loro.Frontiers":
        return self._loro.Frontiers.from_ids([self._loro.ID(*each) for each in heads])

    def _vector(self, version: Version) -> "loro.VersionVector":
        vector = self._loro.VersionVector()  # type: ignore[no-untyped-call]
        for author, end in version.items():
            if end:
                vector.set_end(self._loro.ID(author, end))
        return vector


def _ends(vector: "loro.VersionVector") -> dict[int, int]:
    return {who: end for who, (_, end) in vector.to_spans().inner().items() if end}


def _kind(container: object) -> Kind:
    names = {"LoroText": Kind.TEXT, "LoroMap": Kind.MAP, "LoroMovableList": Kind.LIST}
    return names[type(container).__name__]


def _heads(frontiers: "loro.Frontiers") -> tuple[OpId, ...]:
    """Read what `encode` writes: a count, then author and doubled number of each, as LEB128."""
    numbers = list(_leb128(frontiers.encode()))
    pairs = zip(numbers[1::2], numbers[2::2], strict=True)
    return tuple(sorted(OpId(author, doubled >> 1) for author, doubled in pairs))


def _leb128(data: bytes) -> Iterator[int]:
    number = shift = 0
    for byte in data:
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:  # noqa: PLR2004 - the bit that says that more follows
            yield number
            number = shift = 0
