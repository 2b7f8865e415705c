"""What the planning of one statement carries along: names, parameters, and what was touched."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from google.protobuf.message import Message

from sealhold.protect.columns import Column
from sealhold.protect.guards import Guard
from sealhold.protect.sql.functions import refuse_function
from sealhold.protect.sql.names import Names
from sealhold.protect.sql.parameters import Parameters
from sealhold.protect.sql.plan import Touch
from sealhold.protect.sql.refusing import CannotResolveError
from sealhold.protect.sql.roles import check_written
from sealhold.protect.sql.scope import Field
from sealhold.protect.sql.tree import Node, is_node

_M = TypeVar("_M", bound=Message)

KNOWN_KINDS: Final = frozenset({
    "a_array_expr", "a_const", "a_expr", "a_indices", "a_indirection", "a_star", "bool_expr",
    "boolean_test", "boolean", "case_expr", "case_when", "coalesce_expr", "collate_clause",
    "column_ref", "float", "func_call", "grouping_func", "grouping_set", "integer", "list",
    "locking_clause", "min_max_expr", "named_arg_expr", "null_test", "param_ref", "range_var",
    "res_target", "row_expr", "set_to_default", "sort_by", "sqlvalue_function", "string",
    "sub_link", "type_cast", "type_name", "window_def", "multi_assign_ref",
})  # fmt: skip


@dataclass(slots=True)
class Derived:
    """What a query in a WITH shows."""

    fields: tuple[Field, ...]  # their alias is of no meaning
    is_known: bool = True


@dataclass(slots=True)
class Work:
    """One statement while it is planned."""

    names: Names
    parameters: Parameters
    embeds: bool = False  # constants are written out, as in a view: there are no parameters
    ctes: Mapping[str, Derived] = field(default_factory=dict)
    tables: dict[str, None] = field(default_factory=dict)  # in order, each once
    opened: dict[Column, None] = field(default_factory=dict)
    written: dict[Column, None] = field(default_factory=dict)
    reads_whole: bool = False  # rows of tables that are tagged may be read, whole
    guarded: dict[str, Guard] = field(default_factory=dict)  # such tables, by their alias
    optional: set[str] = field(default_factory=set)  # those that an outer join may have no row of
    joined: list[Node] = field(default_factory=list)  # what joins ask of rows

    def touch(self, verb: str) -> Touch:
        """Return what the statement touches.

        Raises:
            MaskedError: it writes a masked column that its role may not write.
        """
        check_written(self.written, self.names)
        return Touch(verb, tuple(self.tables), tuple(self.opened), tuple(self.written))


def rebuilt(message: _M, change: Callable[[Node], Node]) -> _M:
    """Return a copy of part of a tree, each node in it replaced by `change`."""
    copy = type(message)()
    for descriptor, value in message.ListFields():
        if descriptor.message_type is None:
            if descriptor.is_repeated:
                getattr(copy, descriptor.name).extend(value)
            else:
                setattr(copy, descriptor.name, value)
        elif descriptor.is_repeated:
            getattr(copy, descriptor.name).extend(_changed(each, change) for each in value)
        else:
            getattr(copy, descriptor.name).CopyFrom(_changed(value, change))
    return copy


def _changed(value: Any, change: Callable[[Node], Node]) -> Any:  # noqa: ANN401  # reason: any message
    return change(value) if is_node(value) else rebuilt(value, change)


def check_kind(node: Node) -> str:
    """Return the kind of a node that may stand in an expression.

    Raises:
        CannotResolveError: another kind: what it does with names is not known here.
    """
    kind = node.WhichOneof("node") or ""
    # THREAT T691: what is not understood is refused, never sent as it is
    if kind not in KNOWN_KINDS:
        raise CannotResolveError(
            f"{kind or 'an empty node'} is not understood beside protected columns"
        )
    if kind == "func_call":
        refuse_function(node.func_call)
    return kind
