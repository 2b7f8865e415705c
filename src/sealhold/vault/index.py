"""Search without a word in the clear: sealed segments of words and of what each item is called.

- Each ingest batch writes one segment: `docs`, which lists its items, and up to 256 word blocks,
  or one block of all words where the items are few.
  A word's block follows from a keyed hash of its first three letters, so a search for a word or
  for a beginning of three letters or more opens one block of each segment.
- Blocks are sealed under the subject's index key and bound to segment and block: all of it dies
  with the subject's key, and none of it can be moved.
- Of an item's text the first 200,000 characters are indexed: a hundred pages.
- The lists are read when somebody looks; an import of millions holds none of them.
- What an older segment says of an item is void once a newer one lists that item again.

Source: docs/spec/03-keys.md section 12.
"""

import re
import unicodedata
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from threading import Lock

import msgspec
from msgspec.structs import replace

from sealhold.model.clock import Entropy
from sealhold.model.encoding import Plain, pack, unpack_own
from sealhold.model.ids import Collection, Id16, JobId, RecordId, SealedBytes
from sealhold.model.quantities import Instant
from sealhold.stores.spec import ColumnKind, Expect, Put, RecordStore, Row, TableSpec
from sealhold.vault.deciding import rows_of
from sealhold.vault.keyring import SubjectKeys

SEGMENTS = TableSpec(
    name="seg",
    columns={
        "seg": ColumnKind.I64,
        "block": ColumnKind.TAG16,
        "subject": ColumnKind.ID16,
        "job": ColumnKind.ID16,
        "ct": ColumnKind.SEALED,
    },
    key=("seg", "block"),
    indexes={"block": ("block", "seg"), "job": ("job",)},
)
BLOCKS = 256
SMALL = 256  # items whose words all go into one block: they would not fill several
HEAD_LETTERS = 3
MAX_WORD = 40  # characters; longer runs are digests and addresses, found by their beginning
MAX_TEXT = 200_000  # characters of one item: its words then fit a row even if all begin alike
MAX_TITLE = 96  # characters of an item's title kept for lists
_WORD = re.compile(rf"(\w{{1,{MAX_WORD}}})\w*")
_IN_ASCII = bytes(  # small letters, and a blank for what is no part of a word
    ord(chr(n).lower()) if re.match(r"\w", chr(n), re.ASCII) else 32 for n in range(256)
)


class Doc(
    msgspec.Struct, frozen=True, kw_only=True, gc=False
):  # a tenth of a dataclass's time: one per item
    """One item as lists show it."""

    id: RecordId
    collection: Collection
    version: int
    at: Instant | None
    title: str
    job: JobId
    segment: int
    place: int


class Entry(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An item to be indexed."""

    id: RecordId
    collection: Collection
    version: int
    at: Instant | None
    title: str
    text: str


def words_of(text: str) -> set[str]:
    """Return the words of `text` as they are indexed: NFKC, case folded, at most 40 characters."""
    return {word[:MAX_WORD] for word in _runs_of(text)}


def _runs_of(text: str) -> set[str]:
    """Return the words of `text`, some of them longer."""
    if text.isascii():
        return set(text.encode().translate(_IN_ASCII).decode().split())
    return set(_WORD.findall(unicodedata.normalize("NFKC", text).casefold()))


class Index:
    """The segments of one subject."""

    def __init__(self, store: RecordStore, keys: SubjectKeys, entropy: Entropy) -> None:
        self._store = store
        self._keys = keys
        self._entropy = entropy
        self._tags = [self._tag(f"block {n}") for n in range(BLOCKS)]
        self._docs_tag = self._tag("docs")
        self._small_tag = self._tag("small")
        self._block_of: dict[str, int] = {}
        self._docs: dict[RecordId, Doc] | None = None
        self._listed: list[Doc] | None = None
        self._loading = Lock()
        self._next: int | None = None  # None: nobody wrote yet

    def segment(self, job: JobId, entries: Sequence[Entry]) -> tuple[int, list[Put]]:
        """Return a new segment's number and the rows that write it."""
        number = self._following() if self._next is None else self._next
        self._next = number + 1
        places: defaultdict[str, list[int]] = defaultdict(list)
        for place, entry in enumerate(entries):
            for word in _runs_of(entry.text[:MAX_TEXT]):
                places[word].append(place)
        for word in [word for word in places if len(word) > MAX_WORD]:  # few, so cut here
            begun = word[:MAX_WORD]
            places[begun] = sorted({*places[begun], *places.pop(word)})
        blocks: defaultdict[bytes, dict[str, bytes]] = defaultdict(dict)
        small = len(entries) <= SMALL
        for word, found in places.items():
            tag = self._small_tag if small else self._tags[self._block(word)]
            blocks[tag][word] = array("H", found).tobytes()
        docs = [[e.id, e.collection, e.version, e.at, e.title[:MAX_TITLE]] for e in entries]
        contents: list[tuple[bytes, Plain]] = [(self._docs_tag, docs), *blocks.items()]
        return number, [self._put(number, tag, job, content) for tag, content in contents]

    def adopt(self, number: int, job: JobId, entries: Sequence[Entry]) -> None:
        """Take a written segment into the lists held in memory, if somebody looked at them."""
        with self._loading:  # who loads meanwhile may have passed this segment's place already
            docs = self._docs
            if docs is None:
                return
            for place, e in enumerate(entries):
                docs[e.id] = Doc(
                    id=e.id,
                    collection=e.collection,
                    version=e.version,
                    at=e.at,
                    title=e.title[:MAX_TITLE],
                    job=job,
                    segment=number,
                    place=place,
                )
            self._listed = None

    def without(self, record: RecordId) -> list[Put]:
        """Return the rows that write each segment again that lists an item, without it.

        The places of all others stand: an empty one is left where it was.
        """
        puts: list[Put] = []
        for found in rows_of(self._store, SEGMENTS, "block", self._docs_tag):
            docs = self._open(found.row)
            at = next((n for n, doc in enumerate(docs) if doc and doc[0] == record), None)
            if at is not None:
                puts += self._emptied(found.row[0], at)
        return puts

    def _emptied(self, number: int, at: int) -> Iterator[Put]:
        """Yield the rows of a segment, written again with the place `at` empty."""
        cursor = None
        while True:
            page = self._store.scan(SEGMENTS.name, "key", (number,), (number + 1,), after=cursor)
            for found in page.rows:
                job, content = JobId(Id16(found.row[3])), self._open(found.row)
                if found.row[1] == self._docs_tag:
                    content[at] = None
                else:
                    content = {word: _less(places, at) for word, places in content.items()}
                    content = {word: places for word, places in content.items() if places}
                yield replace(self._put(number, found.row[1], job, content), expect=found.v)
            cursor = page.cursor
            if cursor is None:
                return

    def forget(self) -> None:
        """Read the lists again at the next use; rows were removed."""
        self._docs = self._listed = None

    def every(self) -> list[Doc]:
        """Return every item, in no order: a list of this moment, whatever is adopted meanwhile."""
        return list(self.docs().values())  # one step of the interpreter, so no lock

    def listed(self) -> Sequence[Doc]:
        """Return every item, newest first, those without a time last."""
        listed = self._listed
        if listed is None:
            self._listed = listed = newest_first(self.every())
        return listed

    def docs(self) -> dict[RecordId, Doc]:
        """Return every item by id as its newest segment lists it; go through `every` instead."""
        docs = self._docs
        if docs is None:
            with self._loading:
                docs = self._docs
                if docs is None:
                    docs = self._docs = self._load()
        return docs

    def _load(self) -> dict[RecordId, Doc]:
        docs: dict[RecordId, Doc] = {}
        for found in rows_of(self._store, SEGMENTS, "block", self._docs_tag):
            self._read_docs(found.row, docs)
        return docs

    def _following(self) -> int:
        """Return the number after the newest segment's."""
        newest = self._store.scan(SEGMENTS.name, "key", (), (), limit=1, reverse=True).rows
        return newest[0].row[0] + 1 if newest else 0

    def search(self, query: str) -> list[Doc]:
        """Return the items that hold every word of `query`, newest first.

        `word*` is a beginning, of three letters at least.
        """
        hits: set[tuple[int, int]] | None = None
        for raw in query.split():
            for word in words_of(raw):
                prefix = raw.endswith("*") and len(word) >= HEAD_LETTERS
                found = self._places(word, prefix=prefix)
                hits = found if hits is None else hits & found
        by_place = {(doc.segment, doc.place): doc for doc in self.every()}
        listed = [by_place[place] for place in hits or () if place in by_place]
        return newest_first(listed)

    def _places(self, word: str, *, prefix: bool) -> set[tuple[int, int]]:
        places: set[tuple[int, int]] = set()
        tags = (self._tags[self._block(word)], self._small_tag)
        for found in chain.from_iterable(
            rows_of(self._store, SEGMENTS, "block", tag) for tag in tags
        ):
            number = found.row[0]
            words: Mapping[str, bytes] = self._open(found.row)
            matches: Iterable[str] = (w for w in words if w.startswith(word)) if prefix else (word,)
            for match in matches:
                numbers = array("H", words.get(match, b""))
                places.update((number, place) for place in numbers)
        return places

    def _read_docs(self, row: Row, docs: dict[RecordId, Doc]) -> None:
        number: int = row[0]
        job = JobId(Id16(row[3]))
        for place, doc in enumerate(self._open(row)):
            if doc is None:  # erased
                continue
            rid, coll, version, at, title = doc
            known = docs.get(rid)
            if known is None or known.segment < number:
                docs[rid] = Doc(
                    id=rid,
                    collection=coll,
                    version=version,
                    at=at,
                    title=title,
                    job=job,
                    segment=number,
                    place=place,
                )

    def _block(self, word: str) -> int:
        head = word[:HEAD_LETTERS]
        block = self._block_of.get(head)
        if block is None:
            block = self._block_of[head] = self._keys.blocks.digest(b"head", head.encode())[0]
        return block

    def _tag(self, label: str) -> bytes:
        return self._keys.blocks.mac16(b"tag", label.encode())

    def _put(self, number: int, tag: bytes, job: JobId, content: Plain) -> Put:
        ct = self._keys.index.seal(pack(content), self._aad(number, tag), self._entropy)
        return Put(SEGMENTS.name, (number, tag, self._keys.subject, job, ct), Expect.ABSENT)

    def _open(self, row: Row) -> Plain:
        aad = self._aad(row[0], row[1])
        return unpack_own(self._keys.index.open(SealedBytes(row[4]), aad))

    def _aad(self, number: int, tag: bytes) -> bytes:
        return b"seg" + self._keys.subject + number.to_bytes(8, "big") + tag


def _less(places: bytes, at: int) -> bytes:
    return array("H", (each for each in array("H", places) if each != at)).tobytes()


def newest_first(docs: Iterable[Doc]) -> list[Doc]:
    """Return items by time, newest first, those without a time last."""
    return sorted(docs, key=lambda doc: (doc.at is None, -(doc.at or 0), doc.id))
