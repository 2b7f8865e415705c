"""Finding people by a value, without keeping the value: two keyed tags, one over the other.

- The inner tag is made under the field's own key, the outer one of the inner under the app's key
  of tags. The table holds the outer; the inner lies sealed under the person's key beside it.
- An app that erased somebody gets another key of tags when the epoch is closed. The outer tags are
  made anew then, of the inner ones, and no profile is opened for it.
- Equality only, after each value was brought into the one form of its kind.
- A row says for which person, field and version it stands, and its seal holds it to that: a row
  that was moved, or came back after a change, leads nobody to a wrong person.

Source: docs/spec/24-people.md section 5; UAX #15 (NFKC), RFC 3490, ITU-T E.164.
"""

import re
import unicodedata
from collections.abc import Iterable

from sealhold.model.errors import InvalidError, NotFoundError, SealBrokenError
from sealhold.model.ids import AppId, FieldName
from sealhold.model.people import Lookup, Value
from sealhold.stores.spec import ColumnKind, Delete, Found, Op, Put, TableSpec
from sealhold.vault.core import Core
from sealhold.vault.keyring import SubjectKeys
from sealhold.vault.papers import Papers

LOOKUPS = TableSpec(
    name="lookup",
    columns={
        "app": ColumnKind.ID16,
        "field": ColumnKind.CODE,
        "h": ColumnKind.TAG16,
        "subject": ColumnKind.ID16,
        "ver": ColumnKind.I64,  # of the field
        "inner": ColumnKind.SEALED,
    },
    key=("app", "field", "h", "subject"),
    indexes={"subject": ("subject",)},
)
MOST = 100  # people that one value may lead to
MAX_TEXT = 320  # characters; a mail address has no more
E164 = re.compile(r"\+[1-9][0-9]{6,14}")
HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def normalised(kind: Lookup, value: Value) -> bytes:
    """Return the one form of a value that people are found by.

    Raises:
        InvalidError: it has none; the message does not repeat it.
    """
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        raise InvalidError(f"what people are found by is text of at most {MAX_TEXT} characters")
    text = unicodedata.normalize("NFKC", value).strip(" ")
    if not text or any(unicodedata.category(each) in HIDDEN for each in text):
        raise InvalidError("what people are found by is empty or has hidden characters")
    match kind:
        case Lookup.EMAIL:
            return _email(text).encode()
        case Lookup.PHONE:
            return _phone(text).encode()
        case Lookup.TEXT:
            return text.encode()
        case Lookup.NONE:
            raise InvalidError("nobody is found by this field")


class Tags:
    """The tags of one field of one app."""

    def __init__(self, core: Core, app: AppId, field: FieldName, kind: Lookup) -> None:
        self._core = core
        self._app = app
        self._field = field
        self._kind = kind
        self._inners = core.keyring.fields(app, field)
        self._outer = core.keyring.tags(app).after(field.encode())

    def inner(self, value: Value) -> bytes:
        """Return the inner tag of a value: 16 bytes.

        Raises:
            InvalidError: the value has no form that can be found.
        """
        return self._inners[0].mac16(normalised(self._kind, value))

    def inners(self, value: Value) -> tuple[bytes, ...]:
        """Return the inner tag of a value under each key of the field, the one in force first.

        While a field's tags are made anew, some people stand under the older one still.

        Raises:
            InvalidError: the value has no form that can be found.
        """
        form = normalised(self._kind, value)
        return tuple(each.mac16(form) for each in self._inners)

    def row(self, keys: SubjectKeys, version: int, value: Value) -> Op:
        """Return the operation by which a person is found by `value`.

        Raises:
            InvalidError: the value has no form that can be found.
        """
        inner = self.inner(value)
        clear = (self._app, self._field, self._outer.mac16(inner), keys.subject, version)
        papers = Papers(keys, self._core.entropy)
        return Put(LOOKUPS.name, (*clear, papers.seal(LOOKUPS.name, clear, inner)))

    def rows(self, inners: Iterable[bytes]) -> list[Found]:
        """Return the rows that inner tags lead to, at most `MOST`, each person once."""
        found: dict[bytes, Found] = {}
        for inner in inners:
            start = (self._app, self._field, self._outer.mac16(inner))
            page = self._core.store.scan(LOOKUPS.name, "key", start, (), limit=MOST)
            for each in page.rows:
                if each.row[:3] == start:
                    found.setdefault(each.row[3], each)
        return list(found.values())[:MOST]


def anew(core: Core, found: Found) -> tuple[Op, ...]:
    """Return the operations that give a row the tag of the key in force; none if it has it.

    A row of somebody who was erased goes.

    Raises:
        SealBrokenError: the row is not as it was written.
    """
    app, field, _, subject, version, _ = found.row
    gone = Delete(LOOKUPS.name, found.row[:4], found.v)
    try:
        keys = core.keyring.subject(subject)
    except NotFoundError:
        return (gone,)
    inner = check_row(core, keys, version, found)
    tag = core.keyring.tags(app).after(field.encode()).mac16(inner)
    if tag == found.row[2]:
        return ()
    clear = (app, field, tag, subject, version)
    sealed = Papers(keys, core.entropy).seal(LOOKUPS.name, clear, inner)
    return gone, Put(LOOKUPS.name, (*clear, sealed))


def check_row(core: Core, keys: SubjectKeys, version: int | None, found: Found) -> bytes:
    """Return the inner tag of a row that stands for this person and version of its field.

    Raises:
        SealBrokenError: it does not.
    """
    *clear, sealed = found.row
    # THREAT T233: a tag that was put beside another person's id opens under nobody's key
    inner: bytes = Papers(keys, core.entropy).open(LOOKUPS.name, tuple(clear), sealed)
    if clear[4] != version:
        raise SealBrokenError("a row that people are found by is an older one")
    return inner


def _email(text: str) -> str:
    local, at, domain = text.rpartition("@")
    if not at or not local or " " in text:
        raise InvalidError("not a mail address")
    try:
        ascii_domain = domain.encode("idna").decode().lower()
    except UnicodeError as err:
        raise InvalidError("not a mail address") from err
    if not ascii_domain or ascii_domain.endswith("."):
        raise InvalidError("not a mail address")
    return f"{unicodedata.normalize('NFKC', local.casefold())}@{ascii_domain}"


def _phone(text: str) -> str:
    digits = text.replace(" ", "").replace("-", "")
    if not E164.fullmatch(digits):
        raise InvalidError("not a telephone number in its international form, as +4930123456")
    return digits
