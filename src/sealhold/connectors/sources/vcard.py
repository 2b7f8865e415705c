"""Contacts: vCard 2.1, 3.0 and 4.0, many cards to a file.

- 2.1 may write quoted-printable in any charset; 3.0 and 4.0 are UTF-8.
- A birthday may lack its year; what is no date is kept as it was written.
- Pictures, keys, parameters and what else no field tells whole stay in `raw` as lines.

Source: docs/spec/18-connectors.md section 13; RFC 6350, RFC 2426, vCard 2.1.
"""

import quopri
import re
from collections.abc import Callable, Iterator
from typing import BinaryIO, ClassVar

from sealhold.connectors.batches import Found, by_count, reject
from sealhold.connectors.charset import decode_named, head_text
from sealhold.connectors.contentlines import (
    Component,
    Fault,
    Line,
    components,
    decode,
    parse_line,
    split_value,
    unescape,
)
from sealhold.connectors.names import Names
from sealhold.connectors.people import CONTACTS
from sealhold.connectors.spec import BATCH_ROWS, Batch, Guess, Item, Why
from sealhold.connectors.times import parse_time
from sealhold.model.encoding import Plain
from sealhold.model.errors import UnreadableSourceError
from sealhold.model.records import Dataset

_BEGIN = re.compile(r"^BEGIN:VCARD\s*$", re.MULTILINE)
_VERSION = re.compile(r"^VERSION:(\d\.\d)\s*$", re.MULTILINE)
_TEXTS = {"FN": "name", "NICKNAME": "nickname", "TITLE": "title", "NOTE": "note", "UID": "uid"}
_LISTS = {"EMAIL": "emails", "TEL": "phones", "URL": "urls"}
_DAY = re.compile(r"(\d{4}|--)-?(\d\d)-?(\d\d)(?:[T ].*)?", re.ASCII)
_BASIC = re.compile(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(Z|[+-]\d{4})?", re.ASCII)
_SCHEME = re.compile(r"^(?:mailto|tel):", re.IGNORECASE)
_QUOTED = "QUOTED-PRINTABLE"
_NO_YEAR = "X-APPLE-OMIT-YEAR"  # which year stands where nobody knows it: `1604`
_ENCODED = frozenset({"ENCODING", "CHARSET"})  # parameters that are used up by decoding


class VCard:
    """Reads vCard."""

    name: ClassVar[str] = "vcard"
    version: ClassVar[str] = "1"
    datasets: ClassVar[tuple[Dataset, ...]] = (CONTACTS,)

    def __init__(self, batch_rows: int = BATCH_ROWS) -> None:
        self._rows = batch_rows

    def sniff(self, head: bytes, file_name: str) -> Guess:
        del file_name
        text = head_text(head).upper().replace("\r", "\n")
        if not _BEGIN.search(text):
            return Guess(sure=0, what="")
        found = _VERSION.search(text)
        return Guess(sure=96, what=f"vCard {found[1]}" if found else "vCard")

    def read(self, file: BinaryIO, file_name: str, cursor: str | None) -> Iterator[Batch]:
        del file_name
        return by_count(_found(file), cursor, self._rows)


def _found(file: BinaryIO) -> Iterator[Found]:
    names = Names()
    is_empty = True
    for one in components(file, frozenset()):
        is_empty = False
        if isinstance(one, Fault):
            yield reject(one.where, one.why, one.detail, one.raw)
        elif one.kind == "VCARD":
            yield _contact(one, names)
        else:
            yield reject(f"line {one.number}", Why.UNSUPPORTED, "not a card", one.source())
    if is_empty:
        raise UnreadableSourceError("no cards: nothing in it begins")


def _contact(card: Component, names: Names) -> Found:
    where = f"line {card.number}"
    fields: dict[str, Plain] = {str(column.name): None for column in CONTACTS.columns}
    own = b"\r\n".join(card.lines)
    text, is_proven = decode(own)
    left: list[str] = []
    for written in text.split("\r\n") if text else ():
        line = parse_line(written)
        if line is None or not _take(_decoded(line), fields):
            left.append(written)
    for inner in card.inner:  # vCard 2.1 nests the card of an agent
        left += decode(inner.source())[0].split("\r\n")
    if fields["name"] is None:
        parts = (fields["given"], fields["family"])
        fields["name"] = " ".join(filter(None, parts)) or fields["org"]
    if all(value is None for value in fields.values()):
        return reject(where, Why.UNSUPPORTED, "a card that says nothing", own)
    raw: Plain = left or None
    if not is_proven:
        raw = {"lines": left, "bytes": own}
    name = names.once(fields["uid"])
    return Item(dataset="contacts", fields=fields, raw=raw, original_id=name, position=where)


def _decoded(line: Line) -> Line:
    """Return a line without quoted-printable, if it has it (vCard 2.1)."""
    kinds = [*line.parameters.get("ENCODING", ()), *line.parameters.get("TYPE", ())]
    if not any(kind.upper() == _QUOTED for kind in kinds):
        return line
    value = quopri.decodestring(line.value.encode("utf-8", "replace"))
    text = decode_named(value, line.first("CHARSET")).replace("\r\n", "\n")
    left = {name: values for name, values in line.parameters.items() if name not in _ENCODED}
    types = [one for one in left.pop("TYPE", ()) if one.upper() != _QUOTED]
    return Line(line.name, left | ({"TYPE": types} if types else {}), text, line.text)


def _take(line: Line, fields: dict[str, Plain]) -> bool:
    """Put a property into its field; return whether that tells all of it."""
    take = _TAKES.get(line.name)
    if take is not None:
        return take(line, fields)
    if line.name in _TEXTS and fields[_TEXTS[line.name]] is None:
        fields[_TEXTS[line.name]] = unescape(line.value).strip() or None
        return not line.parameters
    if line.name in _LISTS:
        plain = _SCHEME.sub("", unescape(line.value).strip())
        _append(fields, _LISTS[line.name], plain)
        return not line.parameters
    return line.name == "VERSION"


def _append(fields: dict[str, Plain], name: str, *values: str) -> None:
    fields[name] = fields[name] or []
    fields[name].extend(values)


def _take_name(line: Line, fields: dict[str, Plain]) -> bool:
    family, given, *others = [*split_value(line.value, ";"), "", ""]
    fields["family"], fields["given"] = family or None, given or None
    return not line.parameters and not any(others)


def _take_org(line: Line, fields: dict[str, Plain]) -> bool:
    parts = [part for part in split_value(line.value, ";") if part]
    fields["org"] = ", ".join(parts) or None
    return not line.parameters and len(parts) < 2  # noqa: PLR2004 - parts are told apart by it


def _take_address(line: Line, fields: dict[str, Plain]) -> bool:
    _append(fields, "addresses", ", ".join(filter(None, split_value(line.value, ";"))))
    return False  # which part is the town, the line alone tells


def _take_categories(line: Line, fields: dict[str, Plain]) -> bool:
    _append(fields, "categories", *split_value(line.value, ","))
    return not line.parameters


def _take_birthday(line: Line, fields: dict[str, Plain]) -> bool:
    written = line.value.strip()
    no_year = line.first(_NO_YEAR)
    if no_year and written.startswith(no_year):
        written = f"--{written.removeprefix(no_year).removeprefix('-')}"
    fields["birthday"], is_all = parse_birthday(written)
    return is_all and line.parameters.keys() <= {"VALUE", _NO_YEAR}


def _take_revision(line: Line, fields: dict[str, Plain]) -> bool:
    fields["changed"] = _instant(line.value.strip())
    return fields["changed"] is not None and line.parameters.keys() <= {"VALUE"}


_TAKES: dict[str, Callable[[Line, dict[str, Plain]], bool]] = {
    "N": _take_name,
    "ORG": _take_org,
    "ADR": _take_address,
    "CATEGORIES": _take_categories,
    "BDAY": _take_birthday,
    "REV": _take_revision,
}


def parse_birthday(text: str) -> tuple[str | None, bool]:
    """Return a birthday in one form, and whether that tells all that was written."""
    found = _DAY.fullmatch(text)
    if found is None:
        return text or None, True
    year, month, day = found.groups()
    is_all = len(text) <= len("1980-05-17")
    return f"{year if year != '--' else '-'}-{month}-{day}", is_all


def _instant(text: str) -> int | None:
    basic = _BASIC.fullmatch(text)
    if basic:
        year, month, day, hour, minute, second, offset = basic.groups()
        text = f"{year}-{month}-{day}T{hour}:{minute}:{second}{offset or ''}"
    when = parse_time(text)
    return when.at if when else None
