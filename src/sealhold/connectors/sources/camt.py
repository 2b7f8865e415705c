"""Statements of banks in ISO 20022: CAMT.053, versions .02 to .14.

- A booked entry is one booking, as the balance moves by it once; what it sums up stays in `raw`.
- Amounts stay exact; `account` shows four characters, the number is in `raw`.
- Opening balance and booked entries must give the closing balance, where both are told.
- An entry that is announced and not booked is told and is no booking.

Source: docs/spec/44-money-and-mail.md section 2; ISO 20022 camt.053.001.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import BinaryIO, ClassVar
from xml.etree.ElementTree import Element

from sealhold.connectors.amounts import NO_SUM, parse_amount, plus
from sealhold.connectors.batches import Found, by_count, reject
from sealhold.connectors.charset import head_text
from sealhold.connectors.money import BALANCES, BOOKINGS
from sealhold.connectors.names import Names
from sealhold.connectors.spec import BATCH_ROWS, Batch, Guess, Item, Why
from sealhold.connectors.times import When, parse_time
from sealhold.connectors.xmlsafe import local, parts
from sealhold.model.encoding import Plain
from sealhold.model.errors import UnreadableSourceError
from sealhold.model.records import Dataset

_SPACE = re.compile(r"urn:iso:std:iso:20022:tech:xsd:camt\.053\.001\.(\d\d)")
_VERSIONS = range(2, 15)
_CUT = frozenset({"Ntry", "Bal", "Stmt"})
_KINDS = {"OPBD": "opening", "CLBD": "ledger", "CLAV": "available", "PRCD": "previous"}
_SIGNS = {"CRDT": "", "DBIT": "-"}
_NO_NAMES = frozenset({"NONREF", "NOTPROVIDED", "NOTAVAILABLE"})
_DAY = len("2026-01-31")  # a date may have a zone behind it, which says nothing of a day


class Camt:
    """Reads CAMT.053."""

    name: ClassVar[str] = "camt"
    version: ClassVar[str] = "1"
    datasets: ClassVar[tuple[Dataset, ...]] = (BOOKINGS, BALANCES)

    def __init__(self, batch_rows: int = BATCH_ROWS) -> None:
        self._rows = batch_rows

    def sniff(self, head: bytes, file_name: str) -> Guess:
        del file_name
        text = head_text(head)
        found = _SPACE.search(text) if text.lstrip().startswith("<") else None
        what = f"CAMT.053.001.{found[1]}" if found else ""
        return Guess(sure=100 if found else 0, what=what)

    def read(self, file: BinaryIO, file_name: str, cursor: str | None) -> Iterator[Batch]:
        del file_name
        return by_count(_found(file), cursor, self._rows)


def _found(file: BinaryIO) -> Iterator[Found]:
    names = Names()
    number = 1
    now = _Statement(f"statement {number}", names)
    for path, part in parts(file, _CUT):
        _check_version(path)
        if part.tag == "Stmt":
            yield from now.end()
            number += 1
            now = _Statement(f"statement {number}", names)
        elif local(path[-1]) == "Stmt":
            yield now.take(path[-1], part)
    if number == 1:
        raise UnreadableSourceError("no CAMT.053: there is no statement in it")


def _check_version(path: list[Element]) -> None:
    """Refuse what is no CAMT.053, or one of a version that nobody knew when this was written.

    Raises:
        UnreadableSourceError: such a document.
    """
    found = _SPACE.search(str(path[0].tag)) if path else None
    if found is None:
        raise UnreadableSourceError("no CAMT.053: it is not in that namespace")
    if int(found[1]) not in _VERSIONS:
        raise UnreadableSourceError(f"CAMT.053 of version {found[1]}; 02 to 14 can be read")


@dataclass(slots=True)
class _Statement:
    """One statement of one account, while its parts come."""

    where: str
    names: Names
    entries: int = 0
    balances: int = 0
    moved: Decimal = Decimal()  # by the booked entries
    told: dict[str, str] = field(default_factory=dict)  # kind of balance to amount, the first
    account: Element | None = None

    def take(self, statement: Element, part: Element) -> Found:
        """Return what an entry or a balance is."""
        if not self.balances and not self.entries:  # the account stands before all of them
            self.account = _at(statement, "Acct")
        if part.tag == "Bal":
            self.balances += 1
            return self._balance(part, f"{self.where} balance {self.balances}")
        self.entries += 1
        return self._entry(part, f"{self.where} entry {self.entries}")

    def end(self) -> Iterator[Found]:
        """Yield what does not add up."""
        opening = self.told.get("opening", self.told.get("previous"))
        closing = self.told.get("ledger")
        if opening is not None and closing is not None:
            total = plus(self.moved, opening)
            if total != Decimal(closing):
                yield reject(self.where, Why.MALFORMED, NO_SUM)

    def _entry(self, entry: Element, where: str) -> Found:
        status = _text(entry, "Sts", "Cd") or _text(entry, "Sts") or "BOOK"
        amount = _amount(entry)
        when = _when(entry, "BookgDt") or _when(entry, "ValDt")
        if status != "BOOK":
            return reject(where, Why.UNSUPPORTED, "an entry that is not booked", _shown(entry))
        if amount is None:
            return reject(where, Why.MALFORMED, "an entry without amount or sign", _shown(entry))
        self.moved = plus(self.moved, amount)
        if when is None:
            return reject(where, Why.NO_TIME, "an entry without a day", _shown(entry))
        reference = _reference(entry)
        details = [*entry.iter("TxDtls")]
        fields: dict[str, Plain] = {
            "at": when.at,
            "offset_min": when.offset_min,
            "amount": amount,
            "kind": _kind(entry),
            "payee": _payee(entry, details, is_paid=amount.startswith("-")),
            "memo": _memo(entry, details),
            "fitid": reference,
            "check_number": next(filter(None, (_text(d, "Refs", "ChqNb") for d in details)), None),
            **_shared(self.account, entry),
        }
        bank = str(fields["bank"] or "")
        name = f"{bank}\n{_number(self.account) or ''}\n{reference}" if reference else None
        raw = self._raw(entry)
        original = self.names.once(name)
        return Item(
            dataset="bookings", fields=fields, raw=raw, original_id=original, position=where
        )

    def _balance(self, balance: Element, where: str) -> Found:
        code = _text(balance, "Tp", "CdOrPrtry", "Cd") or ""
        kind = _KINDS.get(code) or code or _text(balance, "Tp", "CdOrPrtry", "Prtry") or "other"
        amount = _amount(balance)
        if amount is None:
            detail = "a balance without amount or sign"
            return reject(where, Why.MALFORMED, detail, _shown(balance))
        self.told.setdefault(kind, amount)
        when = _when(balance, "Dt")
        fields: dict[str, Plain] = {
            "at": when.at if when else None,
            "offset_min": when.offset_min if when else None,
            "amount": amount,
            "kind": kind,
            **_shared(self.account, balance),
        }
        raw = self._raw(balance)
        return Item(dataset="balances", fields=fields, raw=raw, original_id=None, position=where)

    def _raw(self, part: Element) -> Plain:
        account = None if self.account is None else _plain(self.account)
        return {"account": account, "item": _plain(part)}


# --- what stands where ---


def _at(element: Element, *names: str) -> Element | None:
    """Return the first element on a way of names, or None."""
    for name in names:
        found = element.find(name)
        if found is None:
            return None
        element = found
    return element


def _text(element: Element, *names: str) -> str | None:
    found = _at(element, *names)
    return (found.text or "").strip() or None if found is not None else None


def _amount(part: Element) -> str | None:
    """Return the amount with its sign, or None if either is missing or none."""
    plain = parse_amount(_text(part, "Amt"))
    sign = _SIGNS.get(_text(part, "CdtDbtInd") or "")
    if plain is None or sign is None or plain.startswith("-"):
        return None
    return f"{sign}{plain}" if plain.strip("0.") else plain


def _when(part: Element, name: str) -> When | None:
    day, moment = _text(part, name, "Dt"), _text(part, name, "DtTm")
    return parse_time(moment or "") or parse_time((day or "")[:_DAY])


def _shared(account: Element | None, part: Element) -> dict[str, Plain]:
    amount = _at(part, "Amt")
    return {
        "currency": amount.get("Ccy") if amount is not None else None,
        "account": (_number(account) or "")[-4:] or None,
        "bank": _bank(account),
    }


def _number(account: Element | None) -> str | None:
    if account is None:
        return None
    return _text(account, "Id", "IBAN") or _text(account, "Id", "Othr", "Id")


def _bank(account: Element | None) -> str | None:
    bank = _at(account, "Svcr", "FinInstnId") if account is not None else None
    if bank is None:
        return None
    return _text(bank, "BICFI") or _text(bank, "BIC") or _text(bank, "Othr", "Id")


def _reference(entry: Element) -> str | None:
    """Return the bank's own name of an entry; how the bank says that it has none is none."""
    name = _text(entry, "AcctSvcrRef")
    if name is None:
        details = [*entry.iter("TxDtls")]
        name = _text(details[0], "Refs", "AcctSvcrRef") if len(details) == 1 else None
    return None if name is None or name.upper() in _NO_NAMES else name


def _kind(entry: Element) -> str | None:
    """Return the bank's code of the entry: `PMNT-RCDT-ESCT`, or one of its own."""
    domain = _at(entry, "BkTxCd", "Domn")
    if domain is None:
        return _text(entry, "BkTxCd", "Prtry", "Cd")
    codes = (_text(domain, "Cd"), _text(domain, "Fmly", "Cd"), _text(domain, "Fmly", "SubFmlyCd"))
    return "-".join(code for code in codes if code) or None


def _payee(entry: Element, details: list[Element], *, is_paid: bool) -> str | None:
    """Return who paid or was paid, if all that the entry sums up name one and the same."""
    is_reversed = (_text(entry, "RvslInd") or "").lower() in ("true", "1")
    party = "Cdtr" if is_paid != is_reversed else "Dbtr"
    names = {_party(one, party) or _party(one, f"Ultmt{party}") for one in details}
    return names.pop() if len(names) == 1 else None


def _party(detail: Element, party: str) -> str | None:
    found = _at(detail, "RltdPties", party)
    if found is None:
        return None
    return _text(found, "Pty", "Nm") or _text(found, "Nm")


def _memo(entry: Element, details: list[Element]) -> str | None:
    """Return the words of an entry, each once, in the order in which they stand."""
    lines = [
        (one.text or "").strip()
        for detail in details
        for remittance in (_at(detail, "RmtInf"), _at(detail, "AddtlTxInf"))
        for one in (remittance.iter() if remittance is not None else ())
        if one.tag in ("Ustrd", "Ref", "AddtlTxInf", "AddtlRmtInf")
    ]
    lines.append(_text(entry, "AddtlNtryInf") or "")
    return "\n".join(dict.fromkeys(line for line in lines if line)) or None


def _plain(element: Element) -> list[Plain]:
    """Return an element as lists: its name, its text or children, and its attributes if any."""
    inner: Plain = [_plain(child) for child in element] or (element.text or "").strip()
    attributes: list[Plain] = [dict(element.attrib)] if element.attrib else []
    return [element.tag, inner, *attributes]


def _shown(element: Element) -> str:
    return str(_plain(element))
