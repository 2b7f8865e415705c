"""Reading a signed JSON document strictly: exact fields, typed values, a fault named by its place.

- An unknown field, a missing field and a value of another type are refused, never skipped:
  what we do not understand could be what the signer meant most.
- `true` is not a number. Times are UTC, written in one way, so that equal values are equal bytes.

Source: docs/spec/07-grants.md section 1; RFC 3339.
"""

import base64
import binascii
import re
from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, TypeVar

from sealhold.model.encoding import Plain
from sealhold.model.errors import InvalidError, InvalidIdError
from sealhold.model.ids import ID_BYTES, Id16, Kind, parse_id
from sealhold.model.quantities import Instant
from sealhold.policy.names import has_hidden

MAX_INTEGER: Final = 2**53 - 1  # every JSON reader keeps integers up to here
_INSTANT: Final = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{3}))?Z",
    re.ASCII,
)
_MAX_LANGUAGES: Final = 40  # the European Union has 24 official ones
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")  # RFC 5646, its common part
_HEX: Final = re.compile(r"[0-9a-f]*")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}")

ChoiceT = TypeVar("ChoiceT", bound=StrEnum)
ItemT = TypeVar("ItemT")


class Fields:
    """One object of a document, read field by field; each fault is raised as `error`."""

    def __init__(
        self,
        document: Plain,
        *,
        place: str,
        required: frozenset[str],
        optional: frozenset[str] = frozenset(),
        error: type[InvalidError],
    ) -> None:
        self._error = error
        self._place = place
        if not isinstance(document, dict):
            raise error(f"`{place}` is not an object")
        self._values: dict[str, Plain] = document
        unknown = sorted(repr(key) for key in document.keys() - required - optional)
        if unknown:
            raise error(f"`{place}` has the unknown field {unknown[0][:64]}")
        missing = sorted(required - document.keys())
        if missing:
            raise error(f"`{place}` lacks `{missing[0]}`")

    def fault(self, name: str, why: str) -> InvalidError:
        """Return the error that says why the field `name` is refused."""
        return self._error(f"`{self._place}.{name}` {why}")

    def has(self, name: str) -> bool:
        """Return whether the optional field `name` stands there."""
        return name in self._values

    def inner(self, name: str, required: frozenset[str]) -> "Fields":
        """Return the object in the field `name`."""
        return Fields(
            self._values[name],
            place=f"{self._place}.{name}",
            required=required,
            error=self._error,
        )

    def text(self, name: str, limit: int) -> str:
        """Return a text of 1 to `limit` characters, none of them hidden."""
        return self._shown_text(name, self._values[name], limit)

    def texts(self, name: str, limit: int) -> tuple[tuple[str, str], ...]:
        """Return the texts of a table from language tag to text, sorted by tag."""
        table = self._values[name]
        if not isinstance(table, dict) or not 1 <= len(table) <= _MAX_LANGUAGES:
            raise self.fault(name, f"is not a table of 1 to {_MAX_LANGUAGES} languages")
        for tag in table:
            if not isinstance(tag, str) or not _LANGUAGE.fullmatch(tag):
                raise self.fault(name, "has a key that is no language tag")
        return tuple(
            (tag, self._shown_text(f"{name}.{tag}", table[tag], limit)) for tag in sorted(table)
        )

    def exactly(self, name: str, wanted: str | int) -> None:
        """Check that the field `name` holds `wanted`."""
        value = self._values[name]
        if type(value) is not type(wanted) or value != wanted:
            raise self.fault(name, f"is not `{wanted}`")

    def name(self, name: str) -> str:
        """Return a short name for programs: letters, digits and `_.:-`."""
        value = self._values[name]
        if not isinstance(value, str) or not _NAME.fullmatch(value):
            raise self.fault(
                name, "is not a name of at most 64 letters, digits, `_`, `.`, `:`, `-`"
            )
        return value

    def line(self, name: str, limit: int) -> str:
        """Return a text of at most `limit` characters as it stands; the caller parses it."""
        value = self._values[name]
        if not isinstance(value, str) or len(value) > limit:
            raise self.fault(name, f"is not a text of at most {limit} characters")
        return value

    def integer(self, name: str, low: int, high: int) -> int:
        """Return an integer of `low` to `high`."""
        value = self._values[name]
        if type(value) is not int or not low <= value <= high:
            raise self.fault(name, f"is not an integer from {low} to {high}")
        return value

    def choice(self, name: str, among: type[ChoiceT]) -> ChoiceT:
        """Return the member of `among` whose value stands there."""
        members = {one.value: one for one in among}
        value = self._values[name]
        if not isinstance(value, str) or value not in members:
            raise self.fault(name, f"is none of {', '.join(f'`{one}`' for one in members)}")
        return members[value]

    def instant(self, name: str) -> Instant:
        """Return the time that stands there as RFC 3339 in UTC: `2026-11-21T14:05:00Z`."""
        try:
            return parse_instant(self.line(name, 24))
        except ValueError as err:
            raise self.fault(name, "is not a UTC time like `2026-11-21T14:05:00Z`") from err

    def octets(self, name: str, count: int) -> bytes:
        """Return `count` bytes written as lower-case hexadecimal digits."""
        value = self.line(name, 2 * count)
        if len(value) != 2 * count or not _HEX.fullmatch(value):
            raise self.fault(name, f"is not {2 * count} lower-case hexadecimal digits")
        return bytes.fromhex(value)

    def base64(self, name: str, low: int, high: int) -> bytes:
        """Return `low` to `high` bytes written in base64 with padding, in its one form."""
        value = self.line(name, 4 * (high + 2) // 3 + 4)
        try:
            found = base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError) as err:
            raise self.fault(name, "is not base64") from err
        if not low <= len(found) <= high or base64.b64encode(found).decode() != value:
            raise self.fault(name, f"is not base64 of {low} to {high} bytes")
        return found

    def id(self, name: str, kind: Kind) -> Id16:
        """Return the whole id that stands there as a canonical UUID."""
        value = self.line(name, 36)
        try:
            found = parse_id(kind, value)
        except InvalidIdError as err:
            raise self.fault(name, "is not a canonical UUID") from err
        if len(found) != ID_BYTES:
            raise self.fault(name, "is a short id; a document needs the whole one")
        return Id16(found)

    def items(self, name: str, limit: int, parse: Callable[[str], ItemT]) -> tuple[ItemT, ...]:
        """Return the texts of a list of at most `limit`, each through `parse`, in their order."""
        value = self._values[name]
        if not isinstance(value, list) or len(value) > limit:
            raise self.fault(name, f"is not a list of at most {limit}")
        if not all(isinstance(one, str) for one in value):
            raise self.fault(name, "holds something else than texts")
        return tuple(parse(one) for one in value)

    def _shown_text(self, name: str, value: Plain, limit: int) -> str:
        if not isinstance(value, str) or not 1 <= len(value.strip()) <= len(value) <= limit:
            raise self.fault(name, f"is not a text of 1 to {limit} characters")
        # THREAT T12: what would be shown otherwise than it stands is not accepted at all.
        if has_hidden(value):
            raise self.fault(name, "holds a control, bidirectional or invisible character")
        return value


def parse_instant(text: str) -> Instant:
    """Return the UTC time in `text`, to the millisecond.

    Raises:
        ValueError: not a time of the form `2026-11-21T14:05:00Z` or with three more digits.
    """
    found = _INSTANT.fullmatch(text)
    if not found:
        raise ValueError("not a UTC time")
    at = datetime.fromisoformat(found[1]).replace(tzinfo=UTC)
    seconds = int(at.timestamp())
    if seconds < 0:
        raise ValueError("before 1970")
    return Instant(seconds * 1000 + int(found[2] or 0))
