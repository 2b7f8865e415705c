"""Records of people: kept, read, changed, listed and taken out; each decided and logged.

- Each use goes one way: facts are read, the policy decides, and the log entry, the changed rows and
  guards on app, collection, person and record are one commit. Only then is anything handed out.
- If what was decided on has changed meanwhile, the commit fails whole and all is decided anew.
- A refusal is an entry too. Whoever asks gets the same DENIED for all that is absent or forbidden.
- A change names the version it was made for, or that there is none yet.
- Each use is taken in steps, so that many share a commit; `wait` takes them in the caller's thread.
- Whether content is long is seen before it is read. If so, the step that reads it says that it
  takes long, and nothing of it is in memory before that.

Source: docs/spec/25-records-of-people.md sections 4 to 6.
"""

from collections.abc import Callable
from typing import NamedTuple, TypeVar

import msgspec

from sealhold.audit.event import Outcome
from sealhold.model.contents import LONG_CONTENT, LONGER_AS_JSON, MAX_CONTENT, check_depth
from sealhold.model.encoding import Plain
from sealhold.model.errors import InvalidError, StaleError, TooLargeError
from sealhold.model.ids import RecordId
from sealhold.model.mergepatch import merged
from sealhold.model.personrecords import (
    Content,
    RecordHead,
    RecordPage,
    RecordView,
    VersionsView,
)
from sealhold.model.underway import LONG_AHEAD, Underway
from sealhold.policy.contents import check_types
from sealhold.stores.spec import Cell, Found, Guard, Key, Op, Page, TableSpec
from sealhold.vault.attachments import of_record
from sealhold.vault.core import Core
from sealhold.vault.firewall import open_records
from sealhold.vault.keyblocks import BlockRows, KeyBlocks, block_rows, holding
from sealhold.vault.keyring import SubjectKeys
from sealhold.vault.keyslots import For
from sealhold.vault.personpacks import drop_packs
from sealhold.vault.personrows import OLDER, RECORDS, Stand, is_left_out, packed
from sealhold.vault.recordasking import ABSENT, Asking, RecordUse, RecordUses, begun_use, refused
from sealhold.vault.recordrounds import RecordRounds
from sealhold.vault.recordwriting import (
    Before,
    Fresh,
    before_change,
    older_rows,
    put_ops,
    taken_out,
    until,
)
from sealhold.vault.steps import Once, Steps

Done = TypeVar("Done")
Change = Callable[[RecordUse, Found | None], tuple[Content, bytes]]  # content, and it packed


class At(NamedTuple):
    """A record's name within its person."""

    collection: str
    record: RecordId


class PersonRecords:
    """The records of the people of one vault's apps; several threads may call."""

    def __init__(self, core: Core, uses: RecordUses, blocks: KeyBlocks) -> None:
        self._core = core
        self._uses = uses
        self._blocks = blocks
        self.rounds = RecordRounds(core, uses, blocks)  # of many that come together

    def get(self, asking: Asking, at: At) -> Underway[RecordView]:
        """Return a record.

        Raises:
            DeniedError: it is not there, or may not be had; nothing was opened.
            AuditUnavailableError: the log cannot be written; nothing was opened.
            SealBrokenError: a row is not as it was written.
        """

        def once() -> Once[RecordView]:
            use = yield from self._uses.permitted(asking, at.collection, reads=True)
            found = self._short(asking, at)  # most are, and take no steps of their own
            if is_left_out(found):
                found = yield from self._looked(RECORDS, asking, *at)
            found = self._live(found)
            return (yield from self._read_one(use, RECORDS.name, 3, For.CURRENT, found))

        return self._begun(once)

    def get_version(self, asking: Asking, at: At, version: int) -> Underway[RecordView]:
        """Return the version of a record that has this number, if it is kept.

        Raises:
            DeniedError: it is not there, or may not be had; nothing was opened.
            AuditUnavailableError: the log cannot be written; nothing was opened.
            SealBrokenError: a row is not as it was written.
        """

        def once() -> Once[RecordView]:
            use = yield from self._uses.permitted(asking, at.collection, reads=True)
            found = self._live(self._head(asking, at))
            if found is not None and Stand.of(found).version == version:
                found = self._live((yield from self._looked(RECORDS, asking, *at)))
                return (yield from self._read_one(use, RECORDS.name, 3, For.CURRENT, found))
            older = None
            if found is not None:
                older = self._live((yield from self._looked(OLDER, asking, *at, version)))
            return (yield from self._read_one(use, OLDER.name, 4, For.OLDER, older))

        return self._begun(once)

    def versions(self, asking: Asking, at: At) -> Underway[VersionsView]:
        """Return the versions of a record that are kept, the newest first, without content.

        Raises:
            DeniedError: the record is not there, or may not be had.
            AuditUnavailableError: the log cannot be written.
        """

        def once() -> Once[VersionsView]:
            use = yield from self._uses.permitted(asking, at.collection, reads=True)
            found = self._live(self._head(asking, at))
            if found is None:
                return (yield from refused(use, ABSENT))
            now = self._core.clock()
            rows = [found, *reversed(older_rows(self._core.store, asking.subject, *at))]
            stands = [stand for stand in map(Stand.of, rows) if not stand.is_over(now)]
            guard = Guard(RECORDS.name, found.row[:3], found.v)
            if not (yield use.work([guard], use.event("versions listed", [at.record]))):
                return None
            return VersionsView(versions=tuple(each.head(asking.subject) for each in stands))

        return self._begun(once)

    def page(
        self, asking: Asking, collection: str, after: RecordId | None, limit: int
    ) -> Underway[RecordPage]:
        """Return up to `limit` records of a collection, in the order of their ids.

        Raises:
            DeniedError: they may not be had; nothing was opened.
            AuditUnavailableError: the log cannot be written; nothing was opened.
            SealBrokenError: a row is not as it was written.
        """
        return self._begun(lambda: self._page(asking, collection, after, limit))

    def put(
        self, asking: Asking, at: At, content: Content, expected: int | None
    ) -> Underway[RecordHead]:
        """Make `content` the whole record, over version `expected`; if None, as a new one.

        Raises:
            DeniedError: it may not be kept.
            StaleError: the record is at another version, or there is one.
            InvalidError: the content is too large, or not of the collection's types.
            AuditUnavailableError: the log cannot be written; nothing was kept.
        """
        plain = packed_content(content)
        looks = iter([expected is not None])  # a new one is most likely not there: no look at first

        def once() -> Once[RecordHead]:
            found = (yield from self._looked(RECORDS, asking, *at)) if next(looks, True) else None
            return (yield from self._put(asking, at, expected, found, lambda *_: (content, plain)))

        return self._begun(once)

    def patch(self, asking: Asking, at: At, patch: Plain, expected: int) -> Underway[RecordHead]:
        """Change a record as a JSON Merge Patch says, if it stands at version `expected`.

        What is merged into is opened for that, and leaves with nobody.

        Raises:
            DeniedError: it may not be changed.
            StaleError: the record is at another version, or is not there.
            InvalidError: what comes of it is too large, or not of the collection's types.
            AuditUnavailableError: the log cannot be written; nothing was kept.
        """

        def change(use: RecordUse, found: Found | None) -> tuple[Content, bytes]:
            content = merged(self._opened(use, found) if found is not None else {}, patch)
            if not isinstance(content, dict):
                raise InvalidError("a record's content is a JSON object, and stays one")
            check_depth(content)
            return content, packed_content(content)

        def once() -> Once[RecordHead]:
            found = yield from self._looked(RECORDS, asking, *at)
            return (yield from self._put(asking, at, expected, found, change))

        return self._begun(once)

    def delete(self, asking: Asking, at: At, expected: int) -> Underway[RecordHead]:
        """Take a record out with versions and attachments, if it stands at version `expected`.

        Raises:
            DeniedError: it is not there, or may not be taken out.
            StaleError: the record is at another version.
            AuditUnavailableError: the log cannot be written; nothing was taken out.
        """
        return self._begun(lambda: self._delete(asking, at, expected))

    def _begun(self, once: Callable[[], Once[Done]]) -> Underway[Done]:
        return begun_use(once, self._core.writer)

    def _put(
        self, asking: Asking, at: At, expected: int | None, found: Found | None, change: Change
    ) -> Once[RecordHead]:
        use = yield from self._uses.permitted(asking, at.collection)
        (_, keys), laid, now = use.use.whole(), use.rule_of, self._core.clock()
        live = Before(found, ()).live(now)
        if not stands_at(live, expected):
            return (yield from _told_stale(use, at, live))
        content, plain = change(use, live)
        check_types(laid.rule.fields, content)
        before = before_change(self._core.store, found, laid.rule, now)
        fresh = Fresh(laid.name, at.record, plain, until(laid.rule, now), now)
        kept = laid.rule.versions if live is not None else 0
        held = yield from holding(self._blocks, keys, before.slots(), 1)
        try:
            stand, ops = put_ops(self._core, keys, held, before, fresh, kept)
            event = use.event("kept" if live is None else "changed", [at.record])
            ops += held.ops()
            # THREAT T243: the row that the change was decided on is put over at its own version
            if not (yield use.work(ops, event, releases=False)):
                return None
            held.kept()
        finally:
            held.release()
        return stand.head(asking.subject)

    def _delete(self, asking: Asking, at: At, expected: int) -> Once[RecordHead]:
        use = yield from self._uses.permitted(asking, at.collection)
        _, keys = use.use.whole()
        found = self._live(self._head(asking, at))
        if found is None:
            return (yield from refused(use, ABSENT))
        if not stands_at(found, expected):
            return (yield from _told_stale(use, at, found))
        store = self._core.store
        older = older_rows(store, asking.subject, *at)
        before = Before(found, older, of_record(store, asking.subject, *at))
        held = yield from holding(self._blocks, keys, before.slots())
        try:
            taken, packs = taken_out(store, held, before)
            ops = [*taken, *held.ops()]
            if not (yield use.work(ops, use.event("taken out", [at.record]), releases=False)):
                return None
            held.kept()
        finally:
            held.release()
        drop_packs(self._core.objects, packs)
        return Stand.of(found).head(asking.subject)

    def _page(
        self, asking: Asking, collection: str, after: RecordId | None, limit: int
    ) -> Once[RecordPage]:
        use = yield from self._uses.permitted(asking, collection, reads=True)
        _, keys = use.use.whole()
        start = (asking.subject, collection, after + b"\0" if after is not None else b"")
        span = (start, (asking.subject, collection + " "))
        page, live, blocks = self._rows_of_page(keys, span, limit, LONG_CONTENT)
        if any(map(is_left_out, page.rows)):
            del page, live, blocks
            yield LONG_AHEAD
            page, live, blocks = self._rows_of_page(keys, span, limit)
        guards = [Guard(RECORDS.name, each.row[:3], each.v) for each in live]
        if not (yield use.work(guards, use.event("listed", [each.row[2] for each in live]))):
            return None
        contents = open_records(use.decision, keys, For.CURRENT, live, blocks)
        views = (
            RecordView(head=Stand.of(each).head(asking.subject), content=content)
            for each, content in zip(live, contents, strict=True)
        )
        last = RecordId(page.rows[-1].row[2]) if page.cursor is not None else None
        return RecordPage(records=tuple(views), after=last)

    def _rows_of_page(
        self, keys: SubjectKeys, span: tuple[Key, Key], limit: int, most: int | None = None
    ) -> tuple[Page, list[Found], BlockRows]:
        """Return a page, those of its rows that are not over, and their blocks: of one moment."""
        now = self._core.clock()
        with self._core.store.snapshot() as view:
            page = view.scan(RECORDS.name, "key", *span, limit=limit, most=most)
            live = [each for each in page.rows if not Stand.of(each).is_over(now)]
            return page, live, block_rows(view, keys, (Stand.of(each).key for each in live))

    def _read_one(
        self, use: RecordUse, table: str, of_key: int, kind: For, found: Found | None
    ) -> Once[RecordView]:
        if found is None:
            return (yield from refused(use, ABSENT))
        stand, (_, keys) = Stand.of(found), use.use.whole()
        blocks = block_rows(self._core.store, keys, [stand.key])
        guard = Guard(table, found.row[:of_key], found.v)
        if not (yield use.work([guard], use.event("read", [stand.record]))):
            return None
        (content,) = open_records(use.decision, keys, kind, [found], blocks)
        return RecordView(head=stand.head(keys.subject), content=content)

    def _opened(self, use: RecordUse, found: Found) -> Content:
        _, keys = use.use.whole()
        blocks = block_rows(self._core.store, keys, [Stand.of(found).key])
        (content,) = open_records(use.decision, keys, For.CURRENT, [found], blocks)
        return content

    def _looked(self, table: TableSpec, asking: Asking, *place: Cell) -> Steps[Found | None]:
        """Return a row of a record; one with long content is read in a step of its own."""
        key, store = (asking.subject, *place), self._core.store
        (found,) = store.get(table.name, [key], most=LONG_CONTENT)
        if not is_left_out(found):
            return found
        # THREAT T434: it is not even read where all wait for each other, nor for all at once
        yield LONG_AHEAD
        return store.get(table.name, [key])[0]

    def _short(self, asking: Asking, at: At) -> Found | None:
        """Return a record's row, without its content if that is long."""
        return self._core.store.get(RECORDS.name, [(asking.subject, *at)], most=LONG_CONTENT)[0]

    def _head(self, asking: Asking, at: At) -> Found | None:
        """Return a record's row without its content."""
        return self._core.store.get(RECORDS.name, [(asking.subject, *at)], most=0)[0]

    def _live(self, found: Found | None) -> Found | None:
        return Before(found, ()).live(self._core.clock())


def packed_content(content: Content) -> bytes:
    """Return a record's content as it is kept.

    Raises:
        TooLargeError: it has more than MAX_CONTENT bytes, so or as JSON.
        InvalidEncodingError: it is not JSON.
    """
    plain = packed(content)
    size = len(plain)
    if size * LONGER_AS_JSON > MAX_CONTENT:
        # INVARIANT: what is kept can be exported, and what was exported can be brought in
        size = max(size, len(msgspec.json.encode(content)))
    if size > MAX_CONTENT:
        raise TooLargeError(f"a record of {size} bytes, at most {MAX_CONTENT}")
    return plain


def _told_stale(use: RecordUse, at: At, found: Found | None) -> Once[RecordHead]:
    """Write into the log that a change was made for another version; None if that moved on.

    Raises:
        StaleError: it is as it was read.
    """
    ops: list[Op] = []
    if found is not None:
        ops.append(Guard(RECORDS.name, found.row[:3], found.v))
    if (yield use.work(ops, use.event("stale", [at.record], Outcome.FAILED))):
        stands = f"at version {Stand.of(found).version}" if found else "not there"
        raise StaleError(f"the record is {stands}")
    return None


def stands_at(live: Found | None, expected: int | None) -> bool:
    """Return whether a record is as a change expects it: at a version, or (None) not there."""
    if live is None or expected is None:
        return live is None and expected is None
    return Stand.of(live).version == expected
