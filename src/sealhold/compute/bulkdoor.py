"""The door for many records at once: lines of JSON in, what came of each line out.

- A line is looked at by itself: one of another form, or of a person who is not there, is told in
  its place, and the others are kept.
- A record names the person it is about. Data that is tied to nobody is refused.

Source: docs/spec/25-records-of-people.md section 6; promise P11.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated

import msgspec

from sealhold.crypto.entropy import at_once
from sealhold.model.clock import Entropy
from sealhold.model.collecting import uncollected
from sealhold.model.contents import MAX_CONTENT, MAX_NUMBER, read_json
from sealhold.model.encoding import Plain
from sealhold.model.errors import InvalidError, SealholdError, UnownedError
from sealhold.model.ids import ID_BYTES, Id16, Kind, RecordId, SubjectId, parse_id, random_id
from sealhold.model.personrecords import KeptLine, LineView
from sealhold.model.repeats import Claim
from sealhold.stores.spec import Op
from sealhold.vault.keyring import SubjectKeys
from sealhold.vault.personrecords import At, packed_content
from sealhold.vault.principals import Principals
from sealhold.vault.recordasking import Asking
from sealhold.vault.recordbulk import Came, RecordBulk
from sealhold.vault.recordportions import Line

MOST_LINES = 20_000
LINE_BYTES = MAX_CONTENT + 1_024  # content, and what stands around it
MEMBERS = frozenset({"subject", "collection", "id", "version", "content"})
FEWEST = 2  # names in a line: collection and content
Whole = Annotated[int, msgspec.Meta(ge=-MAX_NUMBER, le=MAX_NUMBER)]


class _PlainLine(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A line of the most frequent form: a new record with members of simple types."""

    collection: str
    content: dict[str, str | bool | Whole | None]
    subject: str | None = None
    id: str | None = None


_decoder = msgspec.json.Decoder(_PlainLine)


class BulkDoor:
    """Loads lines for the holder of an app's token."""

    def __init__(self, bulk: RecordBulk, principals: Principals, entropy: Entropy) -> None:
        self._bulk = bulk
        self._principals = principals
        self._entropy = entropy

    def load(
        self,
        token: str,
        id_text: str | None,
        data: bytes,
        purpose: str,
        claim: Claim | None = None,
    ) -> tuple[LineView, ...]:
        """Keep a record for each line of `data`; with `id_text`, all of that one person.

        Raises:
            DeniedError: no token of an active app.
            InvalidError: too many lines, also for one commit under a key, or `id_text` is no id.
        """
        self._principals.app(token)
        with uncollected():  # lines by the thousand, gone before it ends
            return self._load(_Reader(self, token, id_text, purpose), data, claim)

    def _load(self, reader: "_Reader", data: bytes, claim: Claim | None) -> tuple[LineView, ...]:
        read = [*reader.lines(data)]
        lines = [line for line in read if isinstance(line, Line)]
        if claim is None or not lines:
            return _views(read, self._bulk.load(lines))

        def also(keys: SubjectKeys, came: Mapping[int, Came]) -> Sequence[Op]:
            views = _views(read, [came[nth] for nth in range(len(lines))])
            ops: Sequence[Op] = claim.also(keys, views)
            return ops

        return _views(read, self._bulk.load_once(lines, also))

    def asking(self, token: str, id_text: str, purpose: str) -> Asking:
        """Return who asks for what, of a person whose id is `id_text`.

        Raises:
            DeniedError: no token of an active app.
            InvalidIdError: it is no whole id.
        """
        subject = SubjectId(_whole(Kind.SUBJECT, id_text))
        return Asking(app=self._principals.app(token).id, subject=subject, purpose=purpose)

    @property
    def entropy(self) -> Entropy:
        """Where ids come from."""
        return self._entropy


class _Reader:
    """Reads the lines of one call."""

    def __init__(self, door: BulkDoor, token: str, id_text: str | None, purpose: str) -> None:
        self._door = door
        self._token = token
        self._purpose = purpose
        self._known: dict[str, Asking] = {}
        self._one = id_text
        self._draw = door.entropy
        if id_text is not None:
            self._asking(id_text)

    def lines(self, data: bytes) -> Iterator[Line | SealholdError]:
        """Yield each line, or what is wrong with it.

        Raises:
            InvalidError: there are too many.
        """
        raw = data.split(b"\n")
        if not raw[-1]:
            raw.pop()
        if len(raw) > MOST_LINES:
            raise InvalidError(f"{len(raw)} lines, at most {MOST_LINES}")
        self._draw = at_once(self._door.entropy, ID_BYTES * len(raw))
        for each in raw:
            try:
                yield self._plain(each) or self._line(read_json(each, LINE_BYTES))
            except SealholdError as err:
                yield err

    def _plain(self, data: bytes) -> Line | None:
        """Return a line of the most frequent form, in a third of the time; of any other, None.

        Its content is texts and whole numbers, and no colon stands in it but behind a name.
        """
        try:
            line = _decoder.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None
        content = line.content
        # INVARIANT: as many colons as names, so no name stands twice: the decoder would not say
        names = FEWEST + (line.subject is not None) + (line.id is not None) + len(content)
        if data.count(b":") != names or len(data) > LINE_BYTES:
            return None
        asking = self._asking(self._person(line.subject))
        is_new = line.id is None
        record = self._drawn() if line.id is None else _record(line.id)
        return Line(
            asking, At(line.collection, record), content, packed_content(content), None, is_new
        )

    def _drawn(self) -> RecordId:
        """Return a random id for a record whose line names none."""
        return RecordId(random_id(self._draw))

    def _line(self, value: Plain) -> Line:
        if not isinstance(value, dict) or not value.keys() <= MEMBERS:
            raise InvalidError(f"a line is an object with members of {sorted(MEMBERS)}")
        collection, content = value.get("collection"), value.get("content")
        if not isinstance(collection, str) or not isinstance(content, dict):
            raise InvalidError("a line names a collection, and its content is an object")
        record = value.get("id")
        at = At(collection, self._drawn() if record is None else _record(record))
        asking = self._asking(self._person(value.get("subject")))
        version = value.get("version")
        if version is not None and (type(version) is not int or not 0 < version <= MAX_NUMBER):
            raise InvalidError("a version is a whole number above 0")
        return Line(asking, at, content, packed_content(content), version, record is None)

    def _person(self, named: Plain) -> str:
        """Return whose record a line is.

        Raises:
            UnownedError: nobody's.
            InvalidError: another person's than the address is of.
        """
        if named is None and self._one is not None:
            return self._one
        # THREAT T245: what belongs to nobody could be shown to, exported for and erased by nobody
        if named is None:
            raise UnownedError("a record is tied to no person")
        if not isinstance(named, str) or self._one not in {None, named}:
            raise InvalidError("a line names another person than the address, or none by an id")
        return named

    def _asking(self, id_text: str) -> Asking:
        found = self._known.get(id_text)
        if found is None:
            found = self._door.asking(self._token, id_text, self._purpose)
            self._known[id_text] = found
        return found


def _views(read: Sequence[Line | SealholdError], came: Iterable[Came]) -> tuple[LineView, ...]:
    each = iter(came)
    return tuple(
        _told(nth, line, next(each) if isinstance(line, Line) else None)
        for nth, line in enumerate(read, 1)
    )


def _told(nth: int, line: Line | SealholdError, came: Came | None) -> LineView:
    if isinstance(line, Line) and isinstance(came, int):
        return LineView(nth, KeptLine(line.asking.subject, line.at.record, came))
    errors = (each for each in (line, came) if isinstance(each, SealholdError))
    return LineView(nth, next(errors))


def _record(text: Plain) -> RecordId:
    if not isinstance(text, str):
        raise InvalidError("the id of a record is text")
    return RecordId(_whole(Kind.RECORD, text))


def _whole(kind: Kind, text: str) -> Id16:
    found = parse_id(kind, text)
    if len(found) != ID_BYTES:
        raise InvalidError(f"not a whole id of a {kind.name.lower()}")
    return Id16(found)
