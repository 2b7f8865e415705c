"""COPY of protected tables: lines of the client become sealed rows, and the other way round.

- Into a table: lines are read by the piece, sealed column by column, and sent in binary form; the
  next piece is read when this one is sent. What is wrong in a line fails the COPY at the provider,
  so nothing of it stays.
- Out of one: the rows of a query, opened and written as lines.

Source: docs/spec/56-postgresql-proxy.md section 8.
"""

from collections.abc import Generator, Sequence
from typing import Any, Final

from sealhold.model.errors import SealholdError
from sealhold.protect.pgtypes.codec import codec
from sealhold.protect.pgtypes.errors import PgValueError
from sealhold.protect.sql.besides import Changes, note_rows
from sealhold.protect.sql.binding import Values, rid_cell
from sealhold.protect.sql.commands import complete
from sealhold.protect.sql.copyreading import HEADER, TRAILER, Fields, Reader, reader_of
from sealhold.protect.sql.copywriting import Writer, writer_of
from sealhold.protect.sql.errors import LIMIT, error, told
from sealhold.protect.sql.line import COPY_IN, Line
from sealhold.protect.sql.opening import Opening, Rows, described, value_error
from sealhold.protect.sql.pairing import Written
from sealhold.protect.sql.plan import CopyColumn, CopyPlan, Query
from sealhold.protect.sql.prepared import Told, ToldSwallowed
from sealhold.protect.sql.running import Running
from sealhold.protect.sql.taggedcopy import TaggedCopy, tagged_copy
from sealhold.protect.sql.talk import Job, Talk, Wait
from sealhold.protect.sql.wire import (
    BINARY,
    HEAD,
    TEXT,
    build_bind,
    build_copy_response,
    build_execute,
    build_parse,
    build_target,
    build_tuples,
    frame,
)

PIECE: Final = 65_536  # bytes of lines that are sealed at once
_NAME: Final = b""  # the unnamed ones: a second COPY of a transaction takes their place
_LESS: Final = "copy less at once, or raise `fetch_bytes` in the policy"
_COMPLETE: Final = 0x43
_FAIL: Final = frame(b"f", b"refused\0")
_DATA, _DONE = 0x64, 0x63


class _Into(Told):
    """The answer to a COPY of ours that takes rows."""

    def __init__(self, copying: "Copying", plan: CopyPlan) -> None:
        super().__init__(Query("", plan.touch))
        self._copying = copying
        self._plan = plan
        self.wrong: bytes | None = None  # what the client is told in place of the provider's error

    def take(self, line: Line, kind: int, message: bytes) -> bool:
        """Take that lines may come, or that all are there."""
        if kind == COPY_IN:
            form = BINARY if self._plan.form == "binary" else TEXT
            line.say(build_copy_response(b"G", form, len(self._plan.columns)))
            self._copying.begins(self)
            return False
        if kind != _COMPLETE:
            return super().take(line, kind, message)
        self._copying.ends()
        try:
            self._copying.check(message[HEAD:])
        except SealholdError as err:
            line.fail(told(err))
        else:
            line.say(message)
        return True

    def error(self, line: Line, message: bytes) -> None:
        """Tell the client why, and end the statement."""
        if self.wrong is not None:
            line.say(self.wrong)
        else:
            super().error(line, message)
        self._copying.ends()
        if self._copying.has_begun and not self._copying.is_synced:
            line.sync()

    def dropped(self, line: Line) -> None:  # noqa: ARG002  reason: nothing is told
        """End: an error came before it."""
        self._copying.ends()


class Copying:
    """The COPY of one session that concerns a protected table."""

    def __init__(self, talk: Talk, running: Running) -> None:
        self._talk = talk
        self._running = running
        self.is_on = False  # lines of the client are ours
        self.has_begun = False
        self.is_synced = False  # all lines are on their way, with the Sync after them
        self._plan: CopyPlan | None = None
        self._into: _Into | None = None
        self._reader: Reader | None = None
        self._waiting: list[bytes] = []
        self._size = 0
        self._has_head = False
        self._written = Written()  # pairs of all lines: they go behind the last one
        self._tags: TaggedCopy | None = None

    # --- what the statement does ---

    def begin(self, plan: CopyPlan) -> Job:
        """Begin one.

        Raises:
            SealholdError: it is refused.
            PgValueError: a constant of it is none of its type.
        """
        if not plan.into:
            yield from self._out(plan)
            return
        running, line = self._running, self._talk.line
        if not running.leasing.is_ready(plan.touch):
            yield from running.leasing.admitted(plan.touch)
            if line.skipping:
                return
        query = Query("", plan.touch)
        self._plan, self.has_begun = plan, False
        line.ask(build_parse(_NAME, plan.sql.encode(), ()), ToldSwallowed(query))
        line.ask(build_bind(_NAME, _NAME, (), (), ()), ToldSwallowed(query))
        line.ask(build_target(b"C", b"S", _NAME), ToldSwallowed(query))
        into = _Into(self, plan)
        self._tags = tagged_copy(plan, self._talk.parts.versions)
        if self._tags is not None:
            self._tags.begin(self._talk)
        line.ask(build_execute(_NAME), into)
        line.flush()
        yield lambda: self.has_begun or not line.owed or into not in line.owed

    def begins(self, into: _Into) -> None:
        """Take lines from now on."""
        plan = self._plan
        if plan is None:
            return
        self.is_on = self.has_begun = True
        self.is_synced = False
        self._into = into
        self._reader = reader_of(plan.form, plan.options, [each.name for each in plan.columns])
        self._waiting, self._size, self._has_head = [], 0, False
        self._written = Written()

    def ends(self) -> None:
        """Take no more lines."""
        self.is_on = False
        self._into = self._reader = None
        self._waiting = []
        if not self.is_synced:
            self._running.pairing.drop(self._written)

    def take(self, data: bytes, at: int, stop: int) -> None:
        """Take one message of the client: lines, their end, or that it gives up."""
        kind = data[at]
        body = data[at + HEAD : stop]
        if kind == _DATA:
            self._waiting.append(body)
            self._size += len(body)
            if self._size >= PIECE:
                self._talk.start(self._guarded(is_last=False))
        elif kind == _DONE:
            self._talk.start(self._guarded(is_last=True))
        else:
            text = body.rstrip(b"\0").decode("utf-8", "replace")
            self._fail(error("57014", f"COPY from stdin failed: {text}"))

    def check(self, tag: bytes) -> None:
        """Check what the provider says of a COPY of rows that are tagged.

        Raises:
            SealholdError: it did not take all.
        """
        if self._tags is not None:
            self._tags.check(tag)

    # --- into a table ---

    def _guarded(self, *, is_last: bool) -> Job:
        try:
            yield from self._seal(is_last=is_last)
        except (PgValueError, SealholdError) as err:
            self._fail(value_error(err))

    def _seal(self, *, is_last: bool) -> Job:
        reader, plan, line = self._reader, self._plan, self._talk.line
        if reader is None or plan is None:
            return
        data = b"".join(self._waiting)
        self._waiting, self._size = [], 0
        rows = reader.feed(data)
        if is_last:
            rows += reader.finish()
        yield from self._running.stocked(len(rows))
        rids = self._running.take_rids(len(rows))
        if self._tags is not None and rows:
            yield from self._tags.note(rids)
        if not self.is_on:
            return  # the provider ended it meanwhile
        changes: Changes = {}
        sealed = self._sealed(plan, rows, rids, changes) if rows else []
        if not (yield from self._paired(changes)):
            return
        parts = [] if self._has_head else [HEADER]
        self._has_head = True
        if sealed:
            parts.append(build_tuples(sealed))
        if is_last:
            parts.append(TRAILER)
        line.to_provider.append(frame(b"d", b"".join(parts)))
        if is_last:
            self.is_on, self.is_synced, into = False, True, self._into
            line.to_provider.append(frame(b"c"))
            self._running.pairing.send(self._written)
            if self._tags is not None:  # it is not committed before it is known to be whole
                line.flush()
                yield lambda: into not in line.owed
            line.sync()

    def _paired(self, changes: Changes) -> Generator[Wait, Any, bool]:
        """Have the pairs of some lines made; return whether the COPY goes on.

        Raises:
            SealholdError: the disk refuses.
        """
        pairing = self._running.pairing
        written = yield from pairing.batches(changes)
        if written is None:
            return False
        self._written.batches += written.batches
        if not self.is_on:
            pairing.drop(self._written)
            return False
        if self._written.size > self._talk.parts.limits.fetch_bytes:
            self._fail(error(LIMIT, "more words or ranges than one COPY may have", _LESS))
            return False
        return True

    def _sealed(
        self, plan: CopyPlan, rows: Sequence[Fields], rids: Sequence[int], changes: Changes
    ) -> list[Fields]:
        columns: list[Fields] = []
        for column, cells in zip(plan.columns, zip(*rows, strict=True), strict=True):
            values = self._values(plan, column, cells)
            if column.column is None:
                columns.append(values)
                continue
            hidden = column.column
            note_rows(changes, hidden, rids, values)
            columns += [hidden.encode(suffix, values, rids) for suffix in hidden.techniques]
        for hidden, value in plan.defaults:
            given = [value] * len(rows)
            note_rows(changes, hidden, rids, given)
            columns += [hidden.encode(suffix, given, rids) for suffix in hidden.techniques]
        tagged = [] if self._tags is None else self._tags.tagged(columns, rids)
        if plan.rid:
            columns.append([*map(rid_cell, rids)])
        return [*columns, *tagged]

    def _values(self, plan: CopyPlan, column: CopyColumn, cells: Fields) -> Fields:
        form = codec(column.type)
        if plan.form == "binary":
            return [None if each is None else form.checked(each) for each in cells]
        return form.to_binaries(cells, self._talk.settings)

    def _fail(self, said: bytes) -> None:
        """Let the provider's COPY fail; the client is told why when it has."""
        if self._into is not None and self.is_on:
            self._into.wrong = said
            self.is_on = False
            self._talk.line.to_provider.append(_FAIL)

    # --- out of one ---

    def _out(self, plan: CopyPlan) -> Job:
        running, line, query = self._running, self._talk.line, plan.query
        if query is None:
            line.refuse(error("0A000", "COPY of nothing"))
            return
        if not running.is_ready(query):
            yield from running.made_ready(query)
            if line.skipping:
                return
        results = (BINARY,) if plan.form == "binary" else (TEXT,)
        ready, may_go_on = yield from running.prepared_pairs(query, Values())
        if not may_go_on:
            return
        opening = running.bind(query, Values(), results, _NAME, is_told=False, ready=ready)
        prepared = running.prepared.of(query)
        writer = writer_of(plan.form, plan.options)

        def begins() -> bytes:
            fields = described(query, prepared, results) or ()
            head = writer.head([each.name for each in fields])
            said = build_copy_response(b"H", results[0], len(fields))
            return said + (frame(b"d", head) if head else b"")

        line.reply(begins)
        opening.has_begun = True
        line.ask(
            build_execute(_NAME, opening.most + 1 if opening.is_kept else 0), _Out(opening, writer)
        )
        line.ask(build_target(b"C", b"P", _NAME), ToldSwallowed(query))


class _Out(Rows):
    """The answer to a query whose rows the client gets as lines."""

    def __init__(self, opening: Opening, writer: Writer) -> None:
        super().__init__(opening)
        self._writer = writer

    def framed(self, columns: Sequence[Fields], count: int) -> bytes:
        """Return rows as lines, each in a message of its own."""
        write = self._writer.row
        rows = zip(*columns, strict=True) if columns else [()] * count
        return b"".join([frame(b"d", write(each)) for each in rows])

    def complete(self, line: Line, message: bytes) -> None:  # noqa: ARG002  reason: the count is ours
        """Tell the client that these were all."""
        line.say(self._end(self.count))

    def hand_out(self, most: int) -> bytes:
        """Return all rows that are kept, and the end."""
        columns, count, _ = self.opening.next_rows(most)
        return self.framed(columns, count) + self._end(count)

    def _end(self, count: int) -> bytes:
        tail = self._writer.tail()
        return (frame(b"d", tail) if tail else b"") + frame(b"c") + complete(f"COPY {count}")
