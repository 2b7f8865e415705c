"""Tables that their owner said are bookings: which column is what, and how values are written.

- A mapping belongs to one header, to the letter. Its rows become `bookings`; the row's own texts
  stay in `raw`.
- The order of day and month and the decimal sign are proven by the table's rows, or said.
- A row whose day or amount is not written so is told and is no booking.

Source: docs/spec/44-money-and-mail.md section 5.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from msgspec import structs

from sealhold.connectors.batches import Found, reject
from sealhold.connectors.proof import Cell, ColumnProof, Form, converter
from sealhold.connectors.spec import Batch, Item, Why
from sealhold.model.encoding import Plain
from sealhold.model.errors import InvalidError

NEEDED = ("date", "amount")
ROLES = (*NEEDED, "payee", "memo", "currency", "account")  # the last two: a column, or a text
ORDERS = {"day-first": Form.DAY_FIRST, "month-first": Form.MONTH_FIRST, "year-first": Form.TIME}
SIGNS = {"point": Form.DECIMAL, "comma": Form.DECIMAL_COMMA}
SAID = ("order", "sign")
SAMPLES = 3  # texts of a column that its owner is shown
_LETTERS = 3  # of a currency
_END = 4  # characters of an account's number that its column shows


@dataclass(frozen=True, slots=True, kw_only=True)
class TableMap:
    """What the columns of one header mean."""

    header: tuple[str, ...]
    columns: Mapping[str, str]  # role to column
    fixed: Mapping[str, str]  # role to text, where no column says it
    order: str  # of ORDERS
    sign: str  # of SIGNS


def texts_of(item: Item) -> dict[str, str] | None:
    """Return the texts of a row by column as its file has them, or None if it is no row."""
    cells = item.fields.get("cells")
    if item.dataset != "rows" or not isinstance(cells, dict):
        return None
    values = item.raw if isinstance(item.raw, list) else cells.values()
    written = ("" if value is None else str(value) for value in values)
    return dict(zip(cells, written, strict=False))


# What banks call their columns, in five languages; of two that fit, the one that stands first.
_CALLED: Mapping[str, tuple[str, ...]] = {
    "date": ("booking date", "buchungstag", "date", "datum", "fecha", "data", "day", "tag"),
    "amount": ("amount", "betrag", "montant", "importe", "importo", "bedrag", "sum"),
    "payee": ("payee", "beneficiary", "counterparty", "empf", "name", "who", "tiers", "naam"),
    "memo": ("memo", "purpose", "zweck", "reference", "description", "libell", "text"),
    "currency": ("currency", "hrung", "devise", "divisa", "valuta", "ccy"),
    "account": ("account", "iban", "konto", "compte", "cuenta", "rekening"),
}


def samples(rows: Iterable[Mapping[str, str]]) -> dict[str, tuple[str, ...]]:
    """Return the first different texts of each column, in the order of the columns."""
    found: dict[str, list[str]] = {}
    for row in rows:
        for column, text in row.items():
            seen = found.setdefault(column, [])
            if text.strip() and text.strip() not in seen and len(seen) < SAMPLES:
                seen.append(text.strip())
    return {column: tuple(texts) for column, texts in found.items()}


def guess(rows: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Return which column each role may be, by names and values; its owner says whether it is.

    A date is a column of days alone and an amount one of numbers alone; each column is guessed
    once, and what nothing suggests is left out.
    """
    left = list(rows[0]) if rows else []
    found: dict[str, str] = {}
    for role, names in _CALLED.items():
        able = [column for column in left if _may_be(role, column, rows)]
        called = [c for name in names for c in able if name in c.casefold()]
        first = called or (able if role in NEEDED else [])
        if first:
            found[role] = first[0]
            left.remove(first[0])
    return found


def _may_be(role: str, column: str, rows: Sequence[Mapping[str, str]]) -> bool:
    """Return whether the values of a column have the form of a role."""
    texts = [row[column].strip() for row in rows]
    if role == "currency":
        return all(not text or _is_currency(text) for text in texts)
    if role not in NEEDED:
        return True
    proof = ColumnProof()
    proof.see(texts)
    wanted = ORDERS.values() if role == "date" else SIGNS.values()
    return not proof.forms().isdisjoint(wanted)


def propose(rows: Sequence[Mapping[str, str]], said: Mapping[str, str]) -> TableMap:
    """Return the mapping of a table that begins with these rows, as its owner said it.

    Raises:
        InvalidError: a column is missing, or how a column is written is neither proven nor said.
    """
    if not rows:
        raise InvalidError("this table has no rows")
    header = tuple(rows[0])
    unknown = [name for name in said if name not in (*ROLES, *SAID)]
    missing = [role for role in NEEDED if role not in said]
    if unknown or missing:
        raise InvalidError(f"say what is {', '.join((*missing, 'what' * bool(unknown)))}")
    columns = {role: said[role] for role in ROLES if said.get(role) in header}
    fixed = {role: said[role] for role in ("currency", "account") if role in said}
    fixed = {role: text for role, text in fixed.items() if role not in columns}
    lost = [role for role in ROLES if role in said and role not in columns and role not in fixed]
    if lost:
        raise InvalidError(f"no column `{said[lost[0]]}`; there are: {', '.join(header)}")
    if not _is_currency(fixed.get("currency", "EUR")):
        raise InvalidError("a currency is a column, or three capitals as in `EUR`")
    order = _proven(rows, columns["date"], ORDERS, said.get("order"), "order")
    sign = _proven(rows, columns["amount"], SIGNS, said.get("sign"), "sign")
    return TableMap(header=header, columns=columns, fixed=fixed, order=order, sign=sign)


def _is_currency(text: str) -> bool:
    return len(text) == _LETTERS and text.isascii() and text.isalpha() and text.isupper()


def _proven(
    rows: Iterable[Mapping[str, str]],
    column: str,
    forms: Mapping[str, Form],
    said: str | None,
    what: str,
) -> str:
    """Return the one form that all values of a column have.

    Raises:
        InvalidError: there is none, or more than one and nobody said which.
    """
    proof = ColumnProof()
    proof.see(row[column].strip() for row in rows)
    possible = [name for name, form in forms.items() if form in proof.forms()]
    if said is not None:
        possible = [name for name in possible if name == said]
    if not possible:
        raise InvalidError(f"the column `{column}` is not written so: {said or '/'.join(forms)}")
    if len(possible) > 1:
        raise InvalidError(f"`{column}` may be {' or '.join(possible)}: say which with `{what}=`")
    return possible[0]


def mapped(batch: Batch, table: TableMap) -> Batch:
    """Return a batch whose rows under the mapping's header are bookings."""
    items: list[Item] = []
    rejects = list(batch.rejects)
    for item in batch.items:
        found = _mapped(item, table)
        if isinstance(found, Item):
            items.append(found)
        else:
            rejects.append(found)
    return structs.replace(batch, items=items, rejects=rejects)


def _mapped(item: Item, table: TableMap) -> Found:
    texts = texts_of(item)
    if texts is None or tuple(texts) != table.header:
        return item
    told = {role: texts[column].strip() for role, column in table.columns.items()}
    shown = "\t".join(texts.values())
    day = _read(told["date"], ORDERS[table.order])
    if day is None or day.when is None:
        return reject(item.position, Why.NO_TIME, "a row without a day in its column", shown)
    amount = _read(told["amount"], SIGNS[table.sign])
    if amount is None:
        return reject(item.position, Why.MALFORMED, "a row without an amount", shown)
    told = {**table.fixed, **told}
    fields: dict[str, Plain] = {
        "at": day.when.at,
        "offset_min": day.when.offset_min,
        "amount": str(amount.value),
        "currency": told.get("currency") or None,
        "payee": told.get("payee") or None,
        "memo": told.get("memo") or None,
        "account": told.get("account", "")[-_END:] or None,
    }
    return Item(
        dataset="bookings",
        fields=fields,
        raw={"row": dict(texts)},
        original_id=None,
        position=item.position,
    )


def _read(text: str, form: Form) -> Cell | None:
    proof = ColumnProof()
    proof.see([text])
    return converter(form)(text) if form in proof.forms() else None


def map_plain(table: TableMap) -> dict[str, Plain]:
    """Return a mapping as the settings of a source hold it."""
    return {
        "header": list(table.header),
        "columns": dict(table.columns),
        "fixed": dict(table.fixed),
        "order": table.order,
        "sign": table.sign,
    }


def map_from(plain: Mapping[str, Plain]) -> TableMap:
    """Return a mapping from the settings of a source."""
    return TableMap(
        header=tuple(plain["header"]),
        columns=dict(plain["columns"]),
        fixed=dict(plain["fixed"]),
        order=str(plain["order"]),
        sign=str(plain["sign"]),
    )
