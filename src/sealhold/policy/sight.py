"""What a grant lets be seen of a dataset: which rows, and how finely.

- Each row is judged and made coarser by itself: what is seen of it depends on no other row, so the
  budget of one object holds whatever else there is. Rules that need other rows are refused.
- Nothing here depends on the clock. Times of day are those of the zone that is named.

Source: docs/spec/07-grants.md section 4.5.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sealhold.model.encoding import Plain
from sealhold.model.errors import InvalidFilterError
from sealhold.model.ids import FieldName
from sealhold.model.records import Column
from sealhold.policy.coarsen import coarsen
from sealhold.policy.filter_ast import Every, Filter
from sealhold.policy.precision import parse_rules
from sealhold.policy.precision_ast import Aggregate, Alone, Rule, SampleEvery
from sealhold.policy.rowfilter import matches, parse_filter

EVERY_ROW: Final = "all"
_REFUSED: Final = {
    SampleEvery: "`sample_every` keeps a row or not for what other rows there are, and no budget"
    " counts that; `sample(t, 15m, 1m)` among the rows looks at each by itself",
    Aggregate: "`aggregate` makes one row of many, and each object has a budget of its own",
}


@dataclass(frozen=True, slots=True)
class Said:
    """What is seen, as a grant says it."""

    rows: str = EVERY_ROW
    precision: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether nothing is taken away."""
        return self.rows == EVERY_ROW and not self.precision


@dataclass(frozen=True, slots=True)
class Sight:
    """The same, ready to be used."""

    said: Said
    rows: Filter
    rules: tuple[Rule, ...]

    def shows(
        self, row: Mapping[str, Plain], fields: frozenset[FieldName]
    ) -> dict[str, Plain] | None:
        """Return `fields` of a row as they are seen; None if the row is not."""
        if not matches(self.rows, row):
            return None
        left = {name: value for name, value in row.items() if name in fields}
        return coarsen(self.rules, [left])[0] if self.rules else left


WHOLE: Final = Said()
EVERYTHING: Final = Sight(WHOLE, Every(), ())


def parse_sight(said: Said, columns: Sequence[Column]) -> Sight:
    """Return what `said` means over `columns`.

    Raises:
        InvalidFilterError: not in the language, dependent on the clock, or on other rows.
    """
    if said.is_whole:
        return EVERYTHING
    rules = parse_rules(said.precision, columns)
    for rule in rules:
        # THREAT T431: a row that is shown because others are away would tell of those others
        if not isinstance(rule, Alone):
            raise InvalidFilterError(_REFUSED[type(rule)])
    return Sight(said, parse_filter(said.rows, columns), rules)
