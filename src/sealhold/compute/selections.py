"""What selections tell: how many places they can put an object in, by counting and differencing.

- Whoever may ask over several selections learns of an object which of them hold it: its *cell*.
  The number of cells is counted over representative values: each constant that a predicate
  compares with, one value between any two, one outside, and the absent value.
- A test that is no comparison (weekday, hour, distance) counts as if it were independent of all
  others, so the number found is never below the truth.
- Two different limits stand above it: 2 per selection, and the number of representatives.

Source: docs/spec/09-leakage.md section 3.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal, localcontext
from itertools import pairwise, product
from math import prod

from sealhold.compute.manifest import Selection
from sealhold.model.encoding import Plain
from sealhold.model.errors import InvalidManifestError
from sealhold.model.ids import FieldName
from sealhold.model.records import Dataset
from sealhold.policy.filter_ast import (
    Age,
    Among,
    And,
    Between,
    Compare,
    Comparison,
    Every,
    Filter,
    LocalTime,
    Not,
    Or,
    Sampled,
    Value,
    Weekday,
    Within,
)
from sealhold.policy.rowfilter import matches, parse_filter

EXACT = 4_200  # digits; more than a predicate has characters, so no middle is rounded to an end
MAX_TRIED = 20_000  # combinations of representatives; about 50 ms for a dozen selections

_Axes = dict[FieldName, set[Value]]


def parse_selection(selection: Selection, dataset: Dataset, fields: Iterable[str]) -> Filter:
    """Return the filter of `selection` over the `fields` that the program may see.

    Raises:
        InvalidFilterError: not in the language, over another field, or relative to the clock.
        InvalidManifestError: it tests a field that it does not declare as an attribute.
    """
    shown = set(fields)
    columns = [column for column in dataset.columns if column.name in shown]
    # THREAT T45: a predicate relative to the clock would be a new selection every day.
    found = parse_filter(selection.predicate, columns, allow_clock=False)
    if undeclared := columns_of(found) - set(selection.attributes):
        raise InvalidManifestError(
            f"selection `{selection.id}` tests `{min(undeclared)}`, which is not an attribute of it"
        )
    return found


def columns_of(asked: Filter) -> frozenset[FieldName]:
    """Return the columns that `asked` tests."""
    match asked:
        case Every():
            return frozenset()
        case And(parts) | Or(parts):
            return frozenset[FieldName]().union(*map(columns_of, parts))
        case Not(part):
            return columns_of(part)
        case Within():
            return frozenset({asked.latitude, asked.longitude})
        case Compare() | Among() | Between() | Weekday() | LocalTime() | Sampled() | Age():
            return frozenset({asked.column})


def cells(filters: Sequence[Filter]) -> int:
    """Return in how many cells the selections with these filters can put an object, at most."""
    axes: _Axes = {}
    plain = list(dict.fromkeys(_plain(each, axes) for each in filters))
    names = [str(name) for name in axes]
    values = [_representatives(constants) for constants in axes.values()]
    tried: int = prod(len(each) for each in values)
    if tried > MAX_TRIED:
        return min(1 << len(plain), tried)
    rows = (dict(zip(names, row, strict=True)) for row in product(*values))
    # INVARIANT: two objects that some selection tells apart are counted as two cells.
    return len({tuple(matches(each, row) for each in plain) for row in rows})


def _plain(asked: Filter, axes: _Axes) -> Filter:
    """Return `asked` with comparisons only; note in `axes` what each column is compared with."""
    match asked:
        case And(parts) | Or(parts):
            return type(asked)(tuple(_plain(part, axes) for part in parts))
        case Not(part):
            return Not(_plain(part, axes))
        case Compare() | Among() | Between():
            axes.setdefault(asked.column, set()).update(_constants(asked))
        case Weekday() | LocalTime() | Sampled() | Within() | Age():
            own = FieldName(repr(asked))  # no column has such a name
            axes[own] = {True}
            return Compare(column=own, how=Comparison.EQUAL, value=True)
        case Every():
            pass
    return asked


def _constants(asked: Compare | Among | Between) -> tuple[Value, ...]:
    match asked:
        case Compare():
            return (asked.value,)
        case Among():
            return asked.values
        case Between():
            return (asked.low, asked.high)


def _representatives(constants: set[Value]) -> list[Plain]:
    """Return one value for each way in which a value can stand to `constants`."""
    numbers = sorted(value for value in constants if isinstance(value, Decimal))
    texts = sorted(value for value in constants if isinstance(value, str))
    found: list[Plain] = [None]
    if numbers:
        with localcontext(prec=EXACT):
            between = [(low + high) / 2 for low, high in pairwise(numbers)]
            tried = [numbers[0] - 1, *numbers, *between, numbers[-1] + 1]
        found += [str(number) for number in tried]  # a row holds exact numbers as text
    if texts:
        after = [text + "\x00" for text in texts]  # the very next text
        found += list(dict.fromkeys(["", *texts, *after]))
    if len(found) == 1:
        found += [True, False]
    return found
