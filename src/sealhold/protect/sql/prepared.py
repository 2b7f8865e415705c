"""Statements as the provider knows them: each text is parsed there once in a session.

- Named `_sh_1`, `_sh_2`, ...; the least recently used one is closed when there are too many.
- With a text's first use its parameters and columns are asked for too, in the same round trip.
- One that fails, or is never reached because of an error before it, is not there.

Source: docs/spec/56-postgresql-proxy.md section 5.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from sealhold.protect.sql.errors import Renaming, renamed
from sealhold.protect.sql.line import Answer, Line, Swallowed
from sealhold.protect.sql.parsing import parse_fields, parse_oids
from sealhold.protect.sql.plan import Hidden, Query, Touch
from sealhold.protect.sql.wire import HEAD, Field, build_parse, build_target

KEPT: Final = 256  # statements of one session at the provider
_PARSED, _PARAMETERS, _COLUMNS, _NONE = (ord(each) for each in "1tTn")


@dataclass(slots=True)
class Prepared:
    """One statement at the provider."""

    name: bytes
    query: Query
    oids: tuple[int, ...]
    is_sent: bool = False
    fields: tuple[Field, ...] | None = None  # None: no rows, or not told yet
    parameters: tuple[int, ...] = ()


class Told(Answer):
    """An answer about a statement on protected columns: its errors are in the client's names."""

    def __init__(self, query: Query) -> None:
        self.query = query

    def error(self, line: Line, message: bytes) -> None:
        """Tell the client in its own names."""
        line.say(renamed(line.mapped(b"E", message), renaming_of(self.query)))


class ToldSwallowed(Told):
    """One message of ours for such a statement."""

    def take(self, line: Line, kind: int, message: bytes) -> bool:
        """Take the answer and tell nobody."""
        return Swallowed().take(line, kind, message)


class _Parsing(Told):
    """The answer to a Parse of ours."""

    def __init__(self, store: "PreparedStore", prepared: Prepared) -> None:
        super().__init__(prepared.query)
        self._store = store
        self._prepared = prepared

    def take(self, line: Line, kind: int, message: bytes) -> bool:
        """Take that it is there."""
        if kind != _PARSED:
            return super().take(line, kind, message)
        return True

    def error(self, line: Line, message: bytes) -> None:
        """Forget it."""
        self._store.forget(self._prepared)
        super().error(line, message)

    def dropped(self, line: Line) -> None:  # noqa: ARG002  reason: nothing is told
        """Forget it: it was never reached."""
        self._store.forget(self._prepared)


class _Describing(_Parsing):
    """The answer to a Describe of ours."""

    def take(self, line: Line, kind: int, message: bytes) -> bool:
        """Take what parameters and columns it has."""
        prepared = self._prepared
        if kind == _PARAMETERS:
            prepared.parameters = parse_oids(message[HEAD:])
            return False
        if kind == _COLUMNS:
            prepared.fields = parse_fields(message[HEAD:])
            return True
        return kind == _NONE or super().take(line, kind, message)


class PreparedStore:
    """What one session has prepared at the provider."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._kept: OrderedDict[tuple[str, tuple[int, ...]], Prepared] = OrderedDict()
        self._count = 0

    def of(self, query: Query) -> Prepared:
        """Return the statement of a query; it is sent now if it is not there."""
        oids = tuple(each.oid for each in query.parameters)
        key = (query.sql, oids)
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
            return found
        self._count += 1
        made = self._kept[key] = Prepared(b"_sh_%d" % self._count, query, oids)
        line = self._line
        line.ask(build_parse(made.name, query.sql.encode(), oids), _Parsing(self, made))
        line.ask(build_target(b"D", b"S", made.name), _Describing(self, made))
        if len(self._kept) > KEPT:
            _, oldest = self._kept.popitem(last=False)
            line.ask(build_target(b"C", b"S", oldest.name), Swallowed())
        return made

    def forget(self, prepared: Prepared) -> None:
        """Forget one that is not there."""
        key = (prepared.query.sql, prepared.oids)
        if self._kept.get(key) is prepared:
            del self._kept[key]

    def forget_all(self) -> None:
        """Forget all, since they are gone or their names mean something else."""
        self._kept.clear()

    def close_all(self) -> None:
        """Close all at the provider."""
        if not self._kept:
            return
        is_alone = not self._line.unsynced
        for each in self._kept.values():
            self._line.ask(build_target(b"C", b"S", each.name), Swallowed())
        self._kept.clear()
        if is_alone:
            self._line.sync_unheard()


def renaming_of(query: Query) -> Renaming | None:
    """Return what the physical names in a query are called for the client."""
    return renaming_for(
        query.touch,
        tuple(each.source.column for each in query.parameters if isinstance(each.source, Hidden)),
    )


def renaming_for(touch: Touch, more: tuple[object, ...] = ()) -> Renaming | None:
    """Return what physical names are called that a statement touches."""
    columns = {*touch.opens, *touch.writes, *more}
    return Renaming.of(
        (column.physical(suffix), column.name)
        for column in columns
        for suffix in column.techniques
        if suffix
    )
