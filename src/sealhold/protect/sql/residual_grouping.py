"""Groups of a statement: what rows are grouped by, and the aggregates over each group.

Source: docs/spec/57-values-and-residuals.md section 13.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

from postgast import pg_query_pb2 as pb

from sealhold.protect.sql.residual_aggregates import Aggregate, Gathering, aggregate
from sealhold.protect.sql.residual_compiler import Compiler
from sealhold.protect.sql.residual_limits import RowLimit
from sealhold.protect.sql.residual_names import shape
from sealhold.protect.sql.residual_terms import Frame, Given, Run, Term, Value


class Grouping:
    """What is grouped by, and which aggregates were met while outputs were compiled."""

    def __init__(self, compiler: Compiler) -> None:
        self._compiler = compiler
        self._by: list[Term] = []
        self._same: list[Callable[[Value], Value]] = []
        self._places: dict[object, int] = {}
        self._aggregates: dict[object, tuple[int, Term]] = {}
        self.list: list[Aggregate] = []

    def add(self, node: pb.Node, term: Term) -> None:
        """Group by an expression, too.

        Raises:
            CannotDo: its type has no equality.
        """
        written = shape(node, self._compiler.find)
        if written not in self._places:
            self._places[written] = len(self._by)
            self._by.append(term)
            self._same.append(self._compiler.equal(term))

    def grouped(self, node: pb.Node) -> Term | None:
        """Return the term of an expression that is grouped by, None if it is not."""
        if not self._by or node.WhichOneof("node") in {"a_const", "param_ref"}:
            return None
        at = self._places.get(shape(node, self._compiler.find))
        return None if at is None else _read(self._by[at], at)

    def aggregate(self, node: pb.FuncCall) -> Term | None:
        """Return the term of an aggregate, None if the function is none.

        Raises:
            CannotDo: not in the list, or one within another.
        """
        written = shape(node, self._compiler.find)
        if written not in self._aggregates:
            self._compiler.groups = None
            try:
                found = aggregate(self._compiler, node)
            finally:
                self._compiler.groups = self
            if found is None:
                return None
            self._aggregates[written] = len(self.list), found[1]
            self.list.append(found[0])
        at, term = self._aggregates[written]
        return _read(term, len(self._by) + at)

    def groups(self, rows: Iterable[Frame], given: Given, limit: RowLimit) -> Iterator[Frame]:
        """Yield a frame for each group; one for all rows, if nothing is grouped by."""
        by = [term.run for term in self._by]
        same = self._same
        found: dict[object, tuple[Sequence[Value], list[Gathering]]] = {}
        if not by:
            found[()] = (), [Gathering(each) for each in self.list]
        for frame in rows:
            key, values = _key(frame, by, same)
            if key not in found:
                limit.hold(frame.row)
                limit.keep(values)
                found[key] = values, [Gathering(each) for each in self.list]
            for gathering in found[key][1]:
                gathering.take(frame, limit)
        for values, gathered in found.values():
            group = Frame(given, ())
            group.grouped = [*values, *[each.result() for each in gathered]]
            yield group


def _key(
    frame: Frame, by: Sequence[Run], same: Sequence[Callable[[Value], Value]]
) -> tuple[object, Sequence[Value]]:
    values = [run(frame) for run in by]
    key = tuple(
        [None if value is None else make(value) for value, make in zip(values, same, strict=True)]
    )
    return key, values


def _read(term: Term, at: int) -> Term:
    return Term(
        type=term.type,
        run=lambda frame: frame.grouped[at],
        has_columns=True,
        is_in_c=term.is_in_c,
        doomed=term.doomed,
    )
