"""The owner's own reading: search, timeline, one item, and SQL; each look is logged.

- Lists come from the index, which knows title and time of each item; a snippet comes from the
  item itself, opened by the firewall.
- A query is logged as its template, each literal taken out, and a digest: never as typed.

Source: docs/spec/18-connectors.md section 6.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.crypto.digest import tagged
from sealhold.crypto.tags import Tag
from sealhold.model.errors import InvalidQueryError, NotFoundError
from sealhold.model.ids import Collection, Kind, RecordId, parse_id, show
from sealhold.model.quantities import DAY, utc
from sealhold.model.records import Column, ColumnType, Dataset, Record, Sensitivity
from sealhold.model.shown import DoubleView, Hits, ItemLine, ItemView
from sealhold.model.tables import TableResult
from sealhold.vault import doubles, views
from sealhold.vault.catalogue import Catalogue
from sealhold.vault.core import Core
from sealhold.vault.firewall import Firewall
from sealhold.vault.index import Doc, Index, words_of
from sealhold.vault.ledger import Ledger
from sealhold.vault.telling import Teller
from sealhold.vault.writer import Work

if TYPE_CHECKING:
    from sealhold.vault.origins import Origins

SNIPPET = 160  # characters
_LITERAL = re.compile(
    r"'(?:[^']|'')*'|\$(\w*)\$.*?\$\1\$|--[^\n]*|/\*.*?\*/|\b\d+(?:\.\d+)?\b", re.DOTALL
)  # texts however quoted, remarks, numbers


class Records:
    """The items of a vault, for its owner."""

    def __init__(
        self,
        core: Core,
        index: Index,
        firewall: Firewall,
        ledger: Ledger,
        seconds: Callable[[], float],
    ) -> None:
        self._core = core
        self._index = index
        self._firewall = firewall
        self._ledger = ledger
        self._seconds = seconds
        self._teller = Teller(core.keys)
        self._catalogue = Catalogue(core.store, core.papers, core.owner)

    def search(self, words: str, cursor: str | None = None, limit: int = 20) -> Hits:
        """Return the items that hold all of `words`, newest first; `word*` is a beginning."""
        found = self._index.search(words)
        self._tell(EventKind.SEARCH, words, len(found))
        return self._hits(found, cursor, limit, words_of(words.replace("*", " ")))

    def timeline(self, cursor: str | None = None, limit: int = 50) -> Hits:
        """Return all items, newest first, those without a time last."""
        found = self._index.listed()
        self._tell(EventKind.READ, "timeline", min(limit, len(found)))
        return self._hits(found, cursor, limit, set())

    def get(self, id_text: str) -> ItemView:
        """Return one item, open.

        Raises:
            NotFoundError: no item of that id.
        """
        doc = self._find(id_text)
        near = doubles.candidates(doc, self._index.every())
        record, *others = self._firewall.get([each.id for each in (doc, *near)])
        names = self._names()
        dataset = self._core.datasets.get(record.collection)
        columns = {column.name: column for column in dataset.columns} if dataset else {}
        fields = tuple(
            (columns.get(name, _untyped(name)), value)  # type: ignore[call-overload]  # reason: fields are named by columns
            for name, value in record.fields.items()
        )
        return ItemView(
            id=record.id,
            collection=record.collection,
            version=record.version,
            at=doc.at,
            title=doc.title or record.collection,
            fields=fields,
            raw=record.raw,
            provenance=record.provenance,
            source=names.get(record.provenance.source, ""),
            uses=self._ledger.uses_of(self._teller.tag(record.id)),
            also=tuple(
                DoubleView(id=each.id, source=names.get(each.provenance.source, ""))
                for each in others
                if doubles.are_one(record, each)
            ),
        )

    @property
    def origins(self) -> "Origins":
        """Where the items are from."""
        from sealhold.vault.origins import Origins  # noqa: PLC0415  # reason: seldom asked

        return Origins(self._core, self._firewall, self.get, self.counts)

    def today(self) -> tuple[tuple[int, int], ...]:
        """Return (hour, items of today in that hour) for each hour that has any, in UTC."""
        now = self._core.clock()
        start = now - now % DAY
        hours = Counter(
            utc(doc.at).hour
            for doc in self._index.every()
            if doc.at is not None and start <= doc.at < start + DAY
        )
        return tuple(sorted(hours.items()))

    def counts(self) -> dict[Collection, int]:
        """Return how many items each collection has."""
        return dict(Counter(doc.collection for doc in self._index.every()))

    def count(self, name: Collection) -> int:
        """Return how many items a collection has."""
        return sum(doc.collection == name for doc in self._index.every())

    def tables(self) -> dict[Collection, Dataset]:
        """Return what can be queried."""
        return {name: self._dataset(name) for name in self.counts()}

    def query(self, sql: str) -> TableResult:
        """Run the owner's SQL over the collections that it names.

        Raises:
            InvalidQueryError: it cannot be run as it is written.
        """
        asked = _bytes_of(sql)
        counts = self.counts()
        names = views.named_collections(sql, self._core.datasets)
        event = Event(
            kind=EventKind.QUERY,
            actor=Actor.OWNER,
            subject=self._teller.subject,
            template=_LITERAL.sub("?", sql)[:500],
            digest=tagged(Tag.RECORD_DIGEST, asked),
            rows_read=sum(counts.get(name, 0) for name in names),
        )
        told = self._where_it_lies(sql, names, counts, event)
        if told is not None:
            return told
        shown = self._names()
        tables = {}
        for name in names:
            records = self._firewall.collection(name, event)
            tables[name] = (self._dataset(name), _told(records, shown))
        if not tables:
            self._core.writer.commit(Work((), (self._teller.entry(event),)))
        columns, rows, cut, seconds = views.run(sql, tables, self._seconds)
        return TableResult(columns=columns, rows=tuple(rows), truncated=cut, seconds=seconds)

    def _where_it_lies(
        self, sql: str, names: list[Collection], counts: Mapping[Collection, int], event: Event
    ) -> TableResult | None:
        """Return what a query gives if all that it names lies elsewhere and is answered there."""
        if any(counts.get(name, 0) for name in names):
            return None
        started = self._seconds()
        told = self._firewall.where_it_lies(sql, names, event)
        if told is None:
            return None
        return TableResult(
            columns=told.columns,
            rows=told.rows,
            truncated=told.is_cut,
            seconds=self._seconds() - started,
        )

    def _dataset(self, name: Collection) -> Dataset:
        known = self._core.datasets.get(name)
        if known is None:
            return Dataset(
                name=name,
                columns=(),
                time_column=None,
                natural_key=(),
                sensitivity=Sensitivity.INTIMATE,
                granularity="an item, as its source gave it",
            )
        return known

    def _hits(self, found: Sequence[Doc], cursor: str | None, limit: int, words: set[str]) -> Hits:
        start = _offset(cursor)
        page = found[start : start + limit]
        texts = self._texts(page) if words else {}
        jobs = {job.id: job.source for job in self._catalogue.jobs()}
        names = self._names()
        items = tuple(
            ItemLine(
                id=doc.id,
                collection=doc.collection,
                at=doc.at,
                title=doc.title or doc.collection,
                snippet=snippet(texts.get(doc.id, ""), words),
                source=names.get(jobs[doc.job], "") if doc.job in jobs else "",
            )
            for doc in page
        )
        more = start + limit < len(found)
        return Hits(
            items=items,
            total=len(found),
            by_collection=dict(Counter(doc.collection for doc in found)),
            cursor=str(start + limit) if more else None,
        )

    def _texts(self, page: Sequence[Doc]) -> dict[RecordId, str]:
        records = self._firewall.get([doc.id for doc in page]) if page else []
        return {
            record.id: "\n".join(v for v in record.fields.values() if isinstance(v, str))
            for record in records
        }

    def _find(self, text: str) -> Doc:
        tail = parse_id(Kind.RECORD, text)
        for doc in self._index.every():
            if doc.id.endswith(tail):
                return doc
        raise NotFoundError(f"no item `{text}`")

    def _names(self) -> dict[bytes, str]:
        return {source.id: source.name for source in self._catalogue.sources()}

    def _tell(self, kind: EventKind, text: str, rows: int) -> None:
        event = Event(
            kind=kind,
            actor=Actor.OWNER,
            subject=self._teller.subject,
            rows_read=rows,
            rows_out=rows,
            digest=tagged(Tag.RECORD_DIGEST, _bytes_of(text)),
        )
        self._core.writer.commit(Work((), (self._teller.entry(event),)))


def snippet(text: str, words: set[str]) -> str:
    """Return a piece of `text` around the first of `words` that is in it."""
    flat = " ".join(text.split())
    low = flat.casefold()
    at = min((low.find(word) for word in words if word in low), default=0)
    start = max(0, at - SNIPPET // 3)
    piece = flat[start : start + SNIPPET]
    return ("…" if start else "") + piece + ("…" if start + SNIPPET < len(flat) else "")


def _told(records: Iterator[Record], names: dict[bytes, str]) -> Iterator[tuple[Record, str, str]]:
    for record in records:
        source = names.get(record.provenance.source, "")
        yield record, show(Kind.RECORD, record.id), source


def _bytes_of(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as err:
        raise InvalidQueryError("half a character, as no text has it") from err


def _untyped(name: str) -> Column:
    return Column(name=name, type=ColumnType.TEXT, about="")  # type: ignore[arg-type]  # reason: a column of the input is named by it


def _offset(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not cursor.isdecimal() or len(cursor) > 9:  # noqa: PLR2004  # reason: more items than fit a vault
        raise InvalidQueryError("the cursor is none of ours")
    return int(cursor)
