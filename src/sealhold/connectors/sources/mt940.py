"""Statements of banks in the older form of SWIFT: MT940.

- A statement line (`:61:`) with the words behind it (`:86:`) is one booking.
- Amounts stay exact; `account` shows four characters, the number is in `raw`.
- Opening balance and lines must give the closing balance.
- A bank's own reference is no name that is unique, so bookings are recognised by their content.

Source: docs/spec/44-money-and-mail.md section 4; SWIFT user handbook, category 9, MT 940.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import BinaryIO, ClassVar

from msgspec import structs

from sealhold.connectors.amounts import NO_SUM, parse_amount, plus
from sealhold.connectors.batches import Found, by_count, reject
from sealhold.connectors.charset import charset_of, head_text, is_text, lines_of
from sealhold.connectors.money import BALANCES, BOOKINGS
from sealhold.connectors.mtwords import words_of
from sealhold.connectors.spec import BATCH_ROWS, Batch, Guess, Item, Why
from sealhold.connectors.times import When, when_of_day
from sealhold.model.encoding import Plain
from sealhold.model.errors import UnreadableSourceError
from sealhold.model.records import Dataset

MAX_TAG = 65_536  # characters of one field with all its lines; the form allows 400
_HEAD = re.compile(
    r"^(?:\{4:\s*)?:20:[^\n]{0,99}\n(?::2[0-9A-Z]{1,2}:[^\n]{0,99}\n){0,9}:60[FM]:", re.MULTILINE
)
_TAG = re.compile(r":(\d\d[A-Z]?):(.*)", re.DOTALL)
_AMOUNT = r"(\d{1,15}(?:,\d{0,15})?)"
_LINE = re.compile(
    rf"(\d{{6}})(\d{{4}})?(R?[CD]|E[CD])[A-Z]?{_AMOUNT}([A-Z][A-Z0-9]{{3}})([^\n]*)(?:\n(.*))?",
    re.DOTALL | re.ASCII,
)
_BALANCE = re.compile(rf"([CD])(\d{{6}})([A-Z]{{3}}){_AMOUNT}", re.ASCII)
_SIGNS = {"C": "", "RD": "", "D": "-", "RC": "-"}  # a credit that is reversed takes money away
_KINDS = {
    "60F": "opening", "60M": "opening", "62F": "ledger", "62M": "ledger", "64": "available",
    "65": "forward",
}  # fmt: skip
_LOST = "\ufffd"  # stands for a byte that the charset lacks
_CENTURY = 80  # two digits from here on are of the last century
_NO_NAMES = frozenset({"", "NONREF"})


class Mt940:
    """Reads MT940."""

    name: ClassVar[str] = "mt940"
    version: ClassVar[str] = "1"
    datasets: ClassVar[tuple[Dataset, ...]] = (BOOKINGS, BALANCES)

    def __init__(self, batch_rows: int = BATCH_ROWS) -> None:
        self._rows = batch_rows

    def sniff(self, head: bytes, file_name: str) -> Guess:
        del file_name
        found = is_text(head) and _HEAD.search(head_text(head).replace("\r\n", "\n"))
        return Guess(sure=96, what="MT940") if found else Guess(sure=0, what="")

    def read(self, file: BinaryIO, file_name: str, cursor: str | None) -> Iterator[Batch]:
        del file_name
        return by_count(_found(file), cursor, self._rows)


@dataclass(frozen=True, slots=True)
class _Field:
    """One field with all its lines."""

    tag: str  # `61`, `60F`
    text: str


@dataclass(slots=True)
class _Statement:
    """One statement while its fields come."""

    where: str
    account: str = ""
    currency: str | None = None
    opening: str | None = None
    closing: str | None = None
    moved: Decimal = field(default_factory=Decimal)
    lines: int = 0
    balances: int = 0
    waiting: _Field | None = None  # a line whose words may follow
    balance: Item | None = None  # one behind which words may follow


def _found(file: BinaryIO) -> Iterator[Found]:
    now: _Statement | None = None
    number = 0
    for one in _fields(file):
        if one.tag == "20":
            if now is not None:
                yield from _end(now)
            number += 1
            now = _Statement(f"statement {number}")
        elif now is not None:
            yield from _take(now, one)
    if now is None:
        raise UnreadableSourceError("no MT940: there is no statement in it")
    yield from _end(now)


def _fields(file: BinaryIO) -> Iterator[_Field]:
    """Yield each field; lines that begin none belong to the one before.

    Raises:
        UnreadableSourceError: a field over its limit.
    """
    tag, lines, size = "", list[str](), 0
    for line in lines_of(file, charset_of(file)):
        text = line.rstrip("\r\n")
        found = _TAG.match(text.removeprefix("\x01").removeprefix("{4:"))
        if found is None and not text.startswith(("-}", "{", "\x03")) and text != "-":
            lines.append(text)
            size += len(text) + 1  # its end, so that empty lines count, too
            if size > MAX_TAG:  # THREAT T23: no field is held that is longer than fields are
                raise UnreadableSourceError(f"a field of over {MAX_TAG} characters")
            continue
        if tag:
            yield _Field(tag, "\n".join(lines))
        tag, lines, size = (found[1], [found[2]], len(found[2])) if found else ("", [], 0)
    if tag:
        yield _Field(tag, "\n".join(lines))


def _take(now: _Statement, one: _Field) -> Iterator[Found]:
    """Take a field of a statement and yield what is whole with it."""
    if one.tag == "86":
        yield from _told(now, one.text)
        return
    yield from _flush(now)
    if one.tag == "25":
        now.account = one.text.strip()
    elif one.tag == "61":
        now.waiting = one
    elif one.tag in _KINDS:
        found = _balance(now, one)
        now.balance = found if isinstance(found, Item) else None
        if now.balance is None:
            yield found


def _told(now: _Statement, text: str) -> Iterator[Found]:
    """Give words to what they stand behind: a line, or a balance and with it the statement."""
    if now.waiting is not None:
        line, now.waiting = now.waiting, None
        yield _booking(now, line, text)
    elif now.balance is not None and isinstance(now.balance.raw, dict):
        raw = {**now.balance.raw, "86": text}
        yield structs.replace(now.balance, raw=raw)
        now.balance = None
    else:
        yield reject(now.where, Why.UNSUPPORTED, "words that stand behind nothing", text)


def _flush(now: _Statement) -> Iterator[Found]:
    if now.waiting is not None:
        line, now.waiting = now.waiting, None
        yield _booking(now, line, "")
    if now.balance is not None:
        balance, now.balance = now.balance, None
        yield balance


def _end(now: _Statement) -> Iterator[Found]:
    yield from _flush(now)
    if now.closing is None:
        yield reject(now.where, Why.MALFORMED, "a statement without its closing balance")
    elif now.opening is not None and plus(now.moved, now.opening) != Decimal(now.closing):
        yield reject(now.where, Why.MALFORMED, NO_SUM)


def _booking(now: _Statement, line: _Field, told: str) -> Found:
    now.lines += 1
    where = f"{now.where} line {now.lines}"
    found = _LINE.fullmatch(line.text)
    if found is None:
        return reject(where, Why.MALFORMED, "a statement line that is none", line.text)
    if _LOST in line.text + told:
        detail = "bytes that are no text in UTF-8 or Windows-1252"
        return reject(where, Why.ENCODING, detail, line.text)
    value, entry, mark, written, kind, rest, more = found.groups()
    if mark not in _SIGNS:
        return reject(where, Why.UNSUPPORTED, "a line that is expected, not booked", line.text)
    amount = _signed(written, is_below=_SIGNS[mark] == "-")
    now.moved = plus(now.moved, amount)
    when = _day(value, entry)
    if when is None:
        return reject(where, Why.NO_TIME, "a statement line without a day", line.text)
    words = words_of(told)
    fields: dict[str, Plain] = {
        "at": when.at,
        "offset_min": None,
        "amount": amount,
        "kind": words.kind or kind,
        "payee": words.payee,
        "memo": words.memo or (more or "").strip() or None,
        "fitid": _reference(rest),
        "check_number": _reference(rest.partition("//")[0]) if kind[1:] == "CHK" else None,
        **_shared(now),
    }
    raw: Plain = {"account": now.account, "61": line.text, "86": told}
    return Item(dataset="bookings", fields=fields, raw=raw, original_id=None, position=where)


def _balance(now: _Statement, one: _Field) -> Found:
    now.balances += 1
    where = f"{now.where} balance {now.balances}"
    found = _BALANCE.fullmatch(one.text.strip())
    when = _day(found[2], None) if found else None
    if found is None or when is None:
        return reject(where, Why.MALFORMED, "a balance that is none", one.text)
    amount = _signed(found[4], is_below=found[1] == "D")
    now.currency = found[3]
    if _KINDS[one.tag] == "opening":
        now.opening = amount
    elif _KINDS[one.tag] == "ledger":
        now.closing = amount
    fields: dict[str, Plain] = {
        "at": when.at,
        "offset_min": None,
        "amount": amount,
        "kind": _KINDS[one.tag],
        **_shared(now),
    }
    raw: Plain = {"account": now.account, one.tag: one.text}
    return Item(dataset="balances", fields=fields, raw=raw, original_id=None, position=where)


def _shared(now: _Statement) -> dict[str, Plain]:
    bank, slash, account = now.account.rpartition("/")
    return {
        "currency": now.currency,
        "account": re.sub(r"\s?[A-Z]{3}\Z", "", account if slash else now.account)[-4:] or None,
        "bank": bank or None,
    }


def _signed(written: str, *, is_below: bool) -> str:
    plain = parse_amount(written) or "0"
    return f"-{plain}" if is_below and plain.strip("0.") else plain


def _reference(written: str) -> str | None:
    """Return the bank's reference, else the owner's, or None without either."""
    owner, _slashes, bank = written.partition("//")
    return next((name for name in (bank.strip(), owner.strip()) if name not in _NO_NAMES), None)


def _day(value: str, entry: str | None) -> When | None:
    """Return the day of a booking: month and day of the entry in the year next to the value's."""
    year = int(value[:2]) + (1900 if int(value[:2]) >= _CENTURY else 2000)
    try:
        at = date(year, int(value[2:4]), int(value[4:]))
        if entry is None:
            return when_of_day(at)
        month, day = int(entry[:2]), int(entry[2:])
        near = [one for each in (-1, 0, 1) if (one := _date(year + each, month, day))]
        return when_of_day(min(near, key=lambda one: abs((one - at).days)))
    except ValueError:
        return None


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:  # 29 February of another year
        return None
