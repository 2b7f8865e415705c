"""Bank, card and investment statements: OFX 1 (SGML) and 2 (XML).

- A booking is one transaction of a statement, also of an investment account; a balance or a
  position is one row of `balances`.
- Amounts stay exact decimals as text. `account` shows four characters; the number is in `raw`.
- Where a statement gives an opening balance, opening and bookings must give the closing one.
- A bank's answer that is an error is a reject that names its code.

Source: docs/spec/18-connectors.md section 15; OFX 2.2.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import BinaryIO, ClassVar

from sealhold.connectors.amounts import NO_SUM, add_up, parse_amount
from sealhold.connectors.batches import Found, by_count, reject
from sealhold.connectors.charset import head_text
from sealhold.connectors.money import BALANCES, BOOKINGS
from sealhold.connectors.names import Names
from sealhold.connectors.ofxtree import MAX_FILE, Node, parse_ofx
from sealhold.connectors.spec import BATCH_ROWS, Batch, Guess, Item, Why
from sealhold.connectors.times import When, when_of, when_of_day
from sealhold.model.encoding import Plain
from sealhold.model.errors import UnreadableSourceError
from sealhold.model.records import Dataset

_STATEMENTS = ("STMTRS", "CCSTMTRS", "INVSTMTRS")
_ACCOUNTS = ("BANKACCTFROM", "CCACCTFROM", "INVACCTFROM")
_LISTS = ("BANKTRANLIST", "INVTRANLIST")
_POSITIONS = "INVPOSLIST"
_SUMS = ("INVBAL", "INV401KBAL")  # each leaf is a balance: AVAILCASH, MATCH, TOTAL
_LIST_FACTS = frozenset({"DTSTART", "DTEND"})
_BALANCES = {"LEDGERBAL": "ledger", "AVAILBAL": "available"}
_TIME = re.compile(
    r"(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)?(?:\.(\d{1,6}))?)?"
    r"(?:\[([+-]?\d{1,2})(?:\.(\d{1,2}))?(?::[^\]]{0,10})?\])?",
    re.ASCII,
)
_HEAD = re.compile(r"^[ \t]*OFXHEADER:\s*100|<\?OFX\s", re.IGNORECASE | re.MULTILINE)
_VERSION = re.compile(r"VERSION[:=]\s*\"?(\d)(\d)(\d)", re.IGNORECASE)


class Ofx:
    """Reads OFX."""

    name: ClassVar[str] = "ofx"
    version: ClassVar[str] = "1"
    datasets: ClassVar[tuple[Dataset, ...]] = (BOOKINGS, BALANCES)

    def __init__(self, batch_rows: int = BATCH_ROWS) -> None:
        self._rows = batch_rows

    def sniff(self, head: bytes, file_name: str) -> Guess:
        del file_name
        text = head_text(head)
        is_headed = _HEAD.search(text)
        if not is_headed and "<OFX>" not in text[:2048].upper():
            return Guess(sure=0, what="")
        found = [".".join(parts) for parts in _VERSION.findall(text[:1024])]
        version = next((one for one in found if one[0] in "12"), "")
        return Guess(sure=100 if is_headed else 80, what=f"OFX {version}".strip())

    def read(self, file: BinaryIO, file_name: str, cursor: str | None) -> Iterator[Batch]:
        del file_name
        return by_count(_found(file), cursor, self._rows)


def _found(file: BinaryIO) -> Iterator[Found]:
    file.seek(0)
    data = file.read(MAX_FILE + 1)
    if len(data) > MAX_FILE:
        raise UnreadableSourceError(f"OFX of over {MAX_FILE} bytes")
    tree, is_whole = parse_ofx(data)
    yield from _refusals(tree)
    names = Names()
    securities = {
        one.leaf("UNIQUEID") or "": one.leaf("SECNAME") or "" for one in tree.all("SECINFO")
    }
    for number, node in enumerate(tree.all(*_STATEMENTS), start=1):
        yield from _Statement(node, f"statement {number}", names, securities).found()
    if not is_whole:
        yield reject("end", Why.MALFORMED, "the file ends before its last end tag")


def _refusals(tree: Node) -> Iterator[Found]:
    """Yield what the bank refused to tell."""
    for number, status in enumerate(tree.all("STATUS"), start=1):
        if (status.leaf("SEVERITY") or "").upper() == "ERROR":
            code = status.leaf("CODE") or ""
            shown = code if code.isascii() and code.isdigit() else "unknown"
            detail = f"the bank answered with error {shown[:8]}"
            raw = status.leaf("MESSAGE") or ""
            yield reject(f"status {number}", Why.UNSUPPORTED, detail, raw)


@dataclass(slots=True)
class _Statement:
    """One statement of one account."""

    node: Node
    where: str
    names: Names
    securities: dict[str, str]  # id to name
    currency: str | None = field(init=False)
    as_of: str | None = field(init=False)
    account: Node | None = field(init=False)

    def __post_init__(self) -> None:
        self.currency = self.node.leaf("CURDEF")  # looked for once: a statement may lack them
        self.as_of = self.node.leaf("DTASOF")
        self.account = next(self.node.all(*_ACCOUNTS), None)

    def found(self) -> Iterator[Found]:
        """Yield the bookings, then the balances, then what does not add up."""
        for number, booking in enumerate(self._bookings(), start=1):
            yield self._booking(booking, f"{self.where} booking {number}")
        for number, (kind, balance) in enumerate(self._balances(), start=1):
            yield self._balance(kind, balance, f"{self.where} balance {number}")
        if not self._adds_up():
            yield reject(self.where, Why.MALFORMED, NO_SUM)

    def _bookings(self) -> Iterator[Node]:
        for part in self.node.all(*_LISTS):
            yield from (one for one in part.inner if one.name not in _LIST_FACTS)

    def _balances(self) -> Iterator[tuple[str, Node]]:
        for name, kind in _BALANCES.items():
            yield from ((kind, one) for one in self.node.all(name))
        for one in self.node.all("BAL"):
            yield one.leaf("NAME") or "other", one
        for part in self.node.all(*_SUMS):
            yield from ((one.name.lower(), one) for one in part.inner if one.text)
        for part in self.node.all(_POSITIONS):
            yield from (("position", one) for one in part.inner)

    def _booking(self, node: Node, where: str) -> Found:
        amount = parse_amount(node.leaf("TRNAMT", "TOTAL"))
        when = parse_ofx_time(node.leaf("DTPOSTED", "DTTRADE", "DTUSER", "DTSETTLE"))
        if when is None:
            return reject(where, Why.NO_TIME, "a booking without a day", str(node.plain()))
        if amount is None and node.leaf("TRNAMT", "TOTAL"):
            return reject(where, Why.MALFORMED, "an amount that is no number", str(node.plain()))
        fitid = node.leaf("FITID")
        fields: dict[str, Plain] = {
            "at": when.at,
            "offset_min": when.offset_min,
            "amount": amount,
            "kind": (node.leaf("TRNTYPE") if node.name == "STMTTRN" else None) or node.name,
            "payee": node.leaf("NAME"),
            "memo": node.leaf("MEMO"),
            "fitid": fitid,
            "check_number": node.leaf("CHECKNUM"),
            **self._shared(node),
        }
        name = self._name(fitid) if fitid else None
        raw = self._raw(node)
        return Item(dataset="bookings", fields=fields, raw=raw, original_id=name, position=where)

    def _balance(self, kind: str, node: Node, where: str) -> Found:
        amount = parse_amount(node.text or node.leaf("BALAMT", "MKTVAL", "VALUE"))
        when = parse_ofx_time(node.leaf("DTASOF", "DTPRICEASOF") or self.as_of)
        if amount is None:
            return reject(where, Why.MALFORMED, "a balance that is no number", str(node.plain()))
        fields: dict[str, Plain] = {
            "at": when.at if when else None,
            "offset_min": when.offset_min if when else None,
            "amount": amount,
            "kind": kind,
            **self._shared(node),
        }
        raw = self._raw(node)
        return Item(dataset="balances", fields=fields, raw=raw, original_id=None, position=where)

    def _shared(self, node: Node) -> dict[str, Plain]:
        return {
            "currency": _stated_currency(node) or self.currency,
            "account": (self._account("ACCTID") or "")[-4:] or None,
            "bank": self._account("BANKID", "BROKERID"),
            "security": node.leaf("UNIQUEID"),
            "security_name": self.securities.get(node.leaf("UNIQUEID") or "") or None,
            "units": parse_amount(node.leaf("UNITS")),
            "unit_price": parse_amount(node.leaf("UNITPRICE")),
        }

    def _account(self, *names: str) -> str | None:
        return self.account.leaf(*names) if self.account else None

    def _raw(self, node: Node) -> Plain:
        return {"account": self.account.plain() if self.account else None, "item": node.plain()}

    def _name(self, fitid: str) -> str | None:
        """Return the booking's own name: banks number per account, and some number twice."""
        bank, account = self._account("BANKID", "BROKERID") or "", self._account("ACCTID") or ""
        return self.names.once(f"{bank}\n{account}\n{fitid}")

    def _adds_up(self) -> bool:
        """Whether opening and bookings give closing, as far as all three are told."""
        opening = next(
            (one.leaf("VALUE") for one in self.node.all("BAL") if _is_opening(one)), None
        )
        closing = next((one.leaf("BALAMT") for one in self.node.all("LEDGERBAL")), None)
        amounts = [parse_amount(one.leaf("TRNAMT", "TOTAL")) for one in self._bookings()]
        return add_up(parse_amount(opening), amounts, parse_amount(closing))


def _stated_currency(node: Node) -> str | None:
    """Return the currency of an amount, where it is not the account's.

    `ORIGCURRENCY` names what the amount was before it was converted into the account's.
    """
    stated = next(node.all("CURRENCY"), None)
    return stated.leaf("CURSYM") if stated else None


def _is_opening(balance: Node) -> bool:
    return (balance.leaf("NAME") or "").casefold().startswith(("opening", "beginning"))


def parse_ofx_time(text: str | None) -> When | None:
    """Return what an OFX date or time says, or None: `20090401122017.000[-5:EST]`."""
    found = _TIME.fullmatch(text.strip()) if text and len(text) < 64 else None  # noqa: PLR2004
    if found is None:
        return None
    year, month, day, hour, minute, second, part, east, east_part = found.groups()
    try:
        moment = datetime(  # noqa: DTZ001  reason: the zone follows, if one is written
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0),
            int((part or "0").ljust(6, "0")),
        )  # fmt: skip
        if hour is None:
            return when_of_day(moment.date())
        if east is not None:
            minutes = int((east_part or "0").ljust(2, "0"))
            offset = timedelta(hours=int(east), minutes=-minutes if east[0] == "-" else minutes)
            moment = moment.replace(tzinfo=timezone(offset))
        return when_of(moment)
    except (ValueError, OverflowError):
        return None
