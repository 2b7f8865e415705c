"""What is shown of an object that is shared: the derived row, made by the owner's node.

- Fields that are left out are gone before any rule is applied, so no rule can carry them along.
- Only rules that look at each row by itself stand in a share: what is shown of one object tells of
  no other, and no time, place or number is finer than its rule.

Source: docs/spec/49-sharing.md section 6.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sealhold.model.encoding import Plain
from sealhold.model.ids import FieldName
from sealhold.model.records import Column
from sealhold.policy.coarsen import coarsen
from sealhold.policy.filter_ast import Filter
from sealhold.policy.precision_ast import Alone
from sealhold.policy.share import Clauses
from sealhold.policy.sight import EVERY_ROW, Said, parse_sight


@dataclass(frozen=True, slots=True)
class Shown:
    """The clauses of a share about rows, ready to be used."""

    rows: Filter  # for `HeldShare.rows`
    rules: tuple[Alone, ...]
    fields: frozenset[FieldName]  # all columns but those that are left out

    def of(self, row: Mapping[str, Plain]) -> dict[str, Plain]:
        """Return what is shown of `row`."""
        # THREAT T482: a column that the share does not know of is not shown
        left = {name: value for name, value in row.items() if name in self.fields}
        return coarsen(self.rules, [left])[0]


def parse_shown(clauses: Clauses, columns: Sequence[Column]) -> Shown:
    """Return what `clauses` mean over the columns of the dataset that they are about.

    Raises:
        InvalidFilterError: rows or precision are not in the language, depend on the clock or on
            other rows, or name a column that there is not.
    """
    sight = parse_sight(Said(clauses.what.rows or EVERY_ROW, clauses.precision), columns)
    rules = tuple(rule for rule in sight.rules if isinstance(rule, Alone))
    names = frozenset(column.name for column in columns)
    return Shown(sight.rows, rules, names - clauses.omit)
