"""What all executions of one query have in common: worked out with the first, kept with the plan.

- It follows from the plan alone, and holds no value of a client.

Source: docs/spec/56-postgresql-proxy.md section 5.
"""

from dataclasses import replace
from typing import Any

from sealhold.protect.pgtypes.codec import Codec, codec
from sealhold.protect.pgtypes.types import PgType
from sealhold.protect.sql.plan import Given, Hidden, Query
from sealhold.protect.sql.rows import RowReader
from sealhold.protect.sql.wire import BINARY, format_of


class Recipe:
    """One query."""

    __slots__ = ("_asked", "_has_rest", "_outputs", "forms", "given", "hidden", "hides", "key",
                 "needed", "reader", "seen", "sources", "texts", "width")  # fmt: skip

    def __init__(self, query: Query) -> None:
        self._outputs = query.outputs  # not the query itself, which keeps this: no circle
        self._has_rest = query.residual is not None or bool(query.wholes)
        self._asked: tuple[tuple[int, ...], int, tuple[int, ...]] | None = None  # the last ones
        sources = self.sources = tuple(each.source for each in query.parameters)
        self.key = (query.sql, tuple(each.oid for each in query.parameters))
        self.needed = _needed(query)  # values that a client must give
        self.hides = any(isinstance(each, Hidden) for each in sources)
        self.given = any(isinstance(each, Given) for each in sources)
        self.forms: tuple[Codec[Any] | None, ...] = tuple(  # of the client's values
            None if each is None else codec(_plain(each)) for each in query.types
        )
        self.seen = tuple(  # which of them are looked at here
            any(_is_seen(each, at) for each in sources if isinstance(each, Hidden))
            for at in range(len(query.types))
        )
        outputs = query.outputs or ()
        places = [each.at for each in outputs] + [each.rid_at for each in outputs if each.rid_at]
        places += [each.rid_at + 2 for each in query.wholes]  # behind it are version and tag
        self.width = max(places, default=-1) + 1  # columns of the provider's answer
        self.hidden = sum(each.column is not None for each in outputs)
        self.texts = tuple(  # which outputs are not the same as text and in binary form, and how
            (at, codec(each.column.type))
            for at, each in enumerate(outputs)
            if each.column is not None and not codec(each.column.type).is_text
        )
        self.reader = RowReader(self.width) if outputs else None

    def asked(self, results: tuple[int, ...], width: int) -> tuple[int, ...]:
        """Return the format of each of the provider's columns, for those the client asked for.

        Raises:
            WireError: the client's formats do not fit the columns.
        """
        last = self._asked
        if last is None or last[0] != results or last[1] != width:
            last = self._asked = (results, width, self._formats(results, width))
        return last[2]

    def _formats(self, results: tuple[int, ...], width: int) -> tuple[int, ...]:
        if self._outputs is None:
            return results
        if self._has_rest:
            return (BINARY,)
        formats = [BINARY] * width
        for at, output in enumerate(self._outputs):
            if output.column is None:
                formats[output.at] = format_of(results, at)
        return tuple(formats)


def recipe_of(query: Query) -> Recipe:
    """Return what all executions of a query have in common.

    Raises:
        TypeRefusedError: a parameter of a type that the proxy does not know.
    """
    kept = query.kept
    if not kept:
        kept.append(Recipe(query))
    found: Recipe = kept[0]
    return found


def _needed(query: Query) -> int:
    used = [len(query.types)]
    for each in query.parameters:
        source = each.source
        if isinstance(source, (Given, Hidden)) and source.client is not None:
            used.append(source.client + 1)
    return max(used)


def _is_seen(source: Hidden, client: int) -> bool:
    return source.client == client or source.client is None


def _plain(type_: PgType) -> PgType:
    """Return a type without its modifier: a value that is compared is not cut by it."""
    return type_ if type_.typmod == -1 else replace(type_, typmod=-1)
