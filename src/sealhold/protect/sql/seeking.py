"""What is asked of the tables beside a column for one search, and which rows come of it.

Source: docs/spec/62-words-and-ranges-in-statements.md section 4.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from sealhold.model.errors import InvalidQueryError
from sealhold.protect.pgtypes.codec import codec
from sealhold.protect.pgtypes.errors import PgValueError
from sealhold.protect.pgtypes.form import Settings
from sealhold.protect.sql.besides import Beside, RangesBeside, WordsBeside, counted
from sealhold.protect.sql.plan import Found, Sought
from sealhold.protect.sql.searching import QUERIES, read
from sealhold.protect.sql.wordtables import Steps, rows_of


def steps_of(
    source: Found,
    opened: Sequence[bytes | None],
    settings: Settings,
    begun: Mapping[Beside, int],
) -> Steps[Sequence[int]] | None:
    """Return what is to be asked; None if the answer is NULL.

    Args:
        source: the search.
        opened: the client's values, in binary form.
        settings: of the session.
        begun: tickets of tables that this transaction made or emptied.

    Raises:
        InvalidQueryError: a search that is not answered.
        PgValueError: what is no search, or no value of its type.
    """
    column = source.column
    values: list[tuple[Sought, bytes]] = []
    for each in source.sought:
        value = None
        if each.expression is not None:
            value = each.expression.evaluate((), opened, settings)
        elif each.client is not None:
            value = opened[each.client]
        if value is None:
            return None
        values.append((each, value))
    if column.words is not None and values[0][0].how in QUERIES:
        (sought, text), beside = values[0], WordsBeside(column, column.words)
        wanted = read(sought.how, _decoded(text), column.words)
        if wanted.is_negated != source.is_negated:
            raise InvalidQueryError(
                "a search for all rows but some is answered where it stands in the statement"
            )
        return rows_of(beside.table, beside.pairs, wanted, begun.get(beside, 0))
    if column.ranges is None:
        raise InvalidQueryError("a range of a column without hidden ranges")
    ranges = RangesBeside(column, column.ranges)
    return _rows_in(ranges, *_limits(ranges, values), begun.get(ranges, 0))


def _limits(
    beside: RangesBeside, values: Sequence[tuple[Sought, bytes]]
) -> tuple[int | None, int | None]:
    """Return from where to where rows are looked for: what is wanted, and no less."""
    low: int | None = None
    high: int | None = None
    for sought, value in values:
        number = codec(sought.type).to_value(value)
        if isinstance(number, float):
            number = Decimal(number)
        if isinstance(number, Decimal) and not number.is_finite():
            continue  # no bound: what is left over says what holds
        at = counted(beside.column, number)
        if sought.how in {"=", ">", ">="}:
            low = at if low is None else max(low, at)
        if sought.how in {"=", "<", "<="}:
            high = at if high is None else min(high, at)
    return low, high


def _rows_in(
    beside: RangesBeside, low: int | None, high: int | None, without: int
) -> Steps[Sequence[int]]:
    nodes = beside.ranges.cover(low, high)
    found = yield from beside.table.looked_up(beside.pairs, frozenset(nodes), without)
    return sorted(beside.ranges.rows(nodes, found))


def _decoded(text: bytes) -> str:
    try:
        return text.decode()
    except UnicodeDecodeError as err:
        raise PgValueError("22021", 'invalid byte sequence for encoding "UTF8"') from err
