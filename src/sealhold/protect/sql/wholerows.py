"""Tables whose rows are tagged, as queries read them: rows whole, and all conditions done again.

- Such a table is read by the outermost query alone, row by row, with all that the provider keeps of
  each. What the provider filters by is done once more on rows that were verified.
- Within a statement, in a set of queries, or behind a view, its rows would not come here: refused.

Source: docs/spec/63-integrity-of-rows.md section 5.
"""

from collections.abc import Sequence
from typing import Final, TypeAlias

from postgast import pg_query_pb2 as pb

from sealhold.protect.guards import TAG, VERSION
from sealhold.protect.spec import CELL
from sealhold.protect.sql import tree
from sealhold.protect.sql.names import RID, Relation
from sealhold.protect.sql.plan import Output, Whole
from sealhold.protect.sql.refusing import CannotResolveError, NotPossibleError
from sealhold.protect.sql.scope import Field
from sealhold.protect.sql.tree import Node
from sealhold.protect.sql.work import Work

_LEFT: Final = frozenset((pb.JoinType.JOIN_LEFT, pb.JoinType.JOIN_FULL))
_RIGHT: Final = frozenset((pb.JoinType.JOIN_RIGHT, pb.JoinType.JOIN_FULL))
Filtered: TypeAlias = pb.SelectStmt | pb.UpdateStmt | pb.DeleteStmt
Fields = Sequence[Field] | None
Mark = tuple[int, int]


def admit(work: Work, relation: Relation, alias: str, *, is_top: bool) -> None:
    """Note a table of a FROM whose rows are tagged.

    Raises:
        NotPossibleError: its rows would not be verified where it stands.
    """
    # THREAT T717, T721: what the provider does with rows by itself cannot be verified
    if relation.guard is None:
        if any(each.column is not None and each.column.guard for each in relation.attributes):
            raise NotPossibleError("a view of a table whose rows are verified", "name the table")
        return
    if not (is_top and work.reads_whole):
        raise NotPossibleError(
            f'rows of "{relation.name}" are verified, which only the outermost query does',
            "read it in the FROM of the statement itself",
        )
    work.guarded[alias] = relation.guard


def mark(work: Work) -> Mark:
    """Return how much is known of tables and joins so far."""
    return len(work.guarded), len(work.joined)


def note_join(
    work: Work,
    join: pb.JoinExpr,
    names: Sequence[str],
    fields: tuple[Fields, Fields],
    marks: tuple[Mark, Mark],
) -> None:
    """Note what a join asks of rows, which is asked again when they are verified.

    Args:
        work: the statement's.
        join: as the client wrote it.
        names: the columns that it merges.
        fields: what each side shows.
        marks: what was known before its left side, and before its right one.

    Raises:
        CannotResolveError: a side whose columns are not known.
    """
    (first, _), (second, _) = marks
    aliases = [*work.guarded]
    if not aliases[first:]:
        return
    left, right = fields
    if left is None or right is None:
        raise CannotResolveError("a join with columns that are not known, and verified rows")
    asked = [join.quals] if join.HasField("quals") else []
    asked += [tree.compare("=", _named(left, name), _named(right, name)) for name in names]
    absent: list[Node] = []  # a row that an outer join has NULLs for says no more than they do
    if join.jointype in _RIGHT:
        work.optional.update(aliases[first:second])
        absent.append(_nothing(left))
        _relax(work, marks[0][1], marks[1][1], absent[-1])
    if join.jointype in _LEFT:
        work.optional.update(aliases[second:])
        absent.append(_nothing(right))
        _relax(work, marks[1][1], len(work.joined), absent[-1])
    if asked:
        work.joined.append(_either([tree.both(asked), *absent]))


def _relax(work: Work, start: int, stop: int, absent: Node) -> None:
    """Let what joins within one side ask hold where that side has no row."""
    for at in range(start, stop):
        work.joined[at] = _either([work.joined[at], absent])


def conditions(select: Filtered, work: Work) -> list[Node]:
    """Return all that a statement asks of its rows."""
    asked = tree.conjuncts(select.where_clause) if select.HasField("where_clause") else []
    return [*asked, *work.joined]


def lay_out(
    cells: Sequence[tuple[Field, Node]], work: Work, first: Sequence[Node] = ()
) -> tuple[list[Node], tuple[Output, ...], tuple[Whole, ...]]:
    """Return the targets for the provider, how each is read, and rows that are verified.

    Args:
        cells: the columns that are needed, and how each is asked for.
        work: the statement's.
        first: what stands before them.
    """
    targets = [*map(tree.target, first)]
    wholes: dict[str, Whole] = {}
    for alias, guard in work.guarded.items():
        wholes[alias] = Whole(guard, len(targets), alias in work.optional)
        names = (*guard.physical, RID, VERSION, TAG)
        targets += [tree.target(tree.column(alias, name)) for name in names]
    outputs: list[Output] = []
    later: list[tuple[int, Field]] = []
    for shown, node in cells:
        whole = wholes.get(shown.alias)
        if whole is not None:  # read from what is verified, and nothing else
            at = whole.at + whole.guard.at[shown.places[CELL]]
            rid_at = None if shown.column is None else whole.rid_at
            outputs.append(Output(shown.name, at, shown.column, rid_at))
            continue
        later.append((len(outputs), shown))
        outputs.append(Output(shown.name, len(targets), shown.column))
        targets.append(tree.target(node))
    rids: dict[tuple[str, str], int] = {}
    for place, shown in later:
        row = shown.row()
        if row is None:
            continue
        key = (shown.alias, shown.rid or "")
        if key not in rids:
            rids[key] = len(targets)
            targets.append(tree.target(row))
        known = outputs[place]
        outputs[place] = Output(known.name, known.at, known.column, rids[key])
    return targets, tuple(outputs), tuple(wholes.values())


def _named(fields: Sequence[Field], name: str) -> Node:
    found = next(each for each in fields if each.name == name)
    return tree.column(found.alias, found.name)


def _nothing(fields: Sequence[Field]) -> Node:
    """Return that all columns of a side are NULL."""
    return tree.both(
        [
            Node(
                null_test=pb.NullTest(
                    arg=tree.column(each.alias, each.name),
                    nulltesttype=pb.NullTestType.IS_NULL,
                )
            )
            for each in fields
        ]
    )


def _either(ways: Sequence[Node]) -> Node:
    if len(ways) == 1:
        return ways[0]
    return Node(bool_expr=pb.BoolExpr(boolop=pb.BoolExprType.OR_EXPR, args=ways))
