"""What compiles expressions: it finds the term of a node, and the operator that a name means.

- A closed list of nodes, operators and functions; everything else is refused by name.
- Texts are put in order only where the statement or the caller says that order C is meant.
- Under GROUP BY, what is grouped by is read off the group, and a column outside of it is refused.

Source: docs/spec/57-values-and-residuals.md sections 8 and 9.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, Literal, Protocol, TypeAlias

from postgast import pg_query_pb2 as pb

from sealhold.protect.pgtypes.codec import codec
from sealhold.protect.pgtypes.types import element_of
from sealhold.protect.sql.residual_applying import applied
from sealhold.protect.sql.residual_names import Find
from sealhold.protect.sql.residual_operators import (
    BINARY,
    EQUALITIES,
    NEGATED,
    ORDERS,
    comparison,
)
from sealhold.protect.sql.residual_resolve import Signature, choose
from sealhold.protect.sql.residual_terms import (
    BOOL,
    TEXT,
    TEXTS,
    UNKNOWN,
    CannotDo,
    Frame,
    Run,
    Term,
    Value,
)
from sealhold.protect.sql.residual_typing import Typing

TextOrder: TypeAlias = Literal["C", "refuse"]
Nodes: TypeAlias = Mapping[str, Callable[["Compiler", Any], Term]]
IN_ORDER_C: Final = 'write COLLATE "C" where texts are put in order'


class Groups(Protocol):
    """What is known of the groups of a statement while its outputs are compiled."""

    def grouped(self, node: pb.Node) -> Term | None:
        """Return the term of an expression that is grouped by, None if it is not."""

    def aggregate(self, node: pb.FuncCall) -> Term | None:
        """Return the term of an aggregate, None if the function is none."""


class Compiler:
    """Compiles the expressions of one statement."""

    def __init__(self, nodes: Nodes, find: Find, typing: Typing, text_order: TextOrder) -> None:
        self._nodes = nodes
        self.find = find
        self.typing = typing
        self.text_order = text_order
        self.groups: Groups | None = None
        self._held = 0  # values that an expression keeps beside its row

    def term(self, node: pb.Node) -> Term:
        """Return the term of an expression.

        Raises:
            CannotDo: something in it is not in the list.
        """
        if self.groups is not None:
            found = self.groups.grouped(node)
            if found is not None:
                return found
        kind = node.WhichOneof("node")
        compile_it = self._nodes.get(kind or "")
        if compile_it is None:
            raise CannotDo(f"`{kind}` is not in the list")
        return compile_it(self, getattr(node, kind or ""))

    def terms(self, nodes: Sequence[pb.Node]) -> list[Term]:
        """Return the terms of several expressions."""
        return [self.term(node) for node in nodes]

    def truth(self, node: pb.Node) -> Term:
        """Return the term of a condition.

        Raises:
            CannotDo: it is no truth value, or not in the list.
        """
        return self.as_truth(self.term(node))

    def as_truth(self, term: Term) -> Term:
        """Return the term as a truth value.

        Raises:
            CannotDo: it is none.
        """
        if term.type is not UNKNOWN and term.type.oid != BOOL.oid:
            raise CannotDo(f"a condition of type {term.type.name}")
        return self.typing.typed(term, BOOL)

    def ordered(self, term: Term) -> Callable[[Value], Value]:
        """Return what makes values of a term comparable.

        Raises:
            CannotDo: the server's order of them is not known here.
        """
        if (element_of(term.type) or term.type).name in TEXTS:
            self._check_order(term)
        made = codec(term.type)
        if term.type.name in {"json", "jsonb"} or element_of(term.type) is not None:
            raise CannotDo(f"an order of {term.type.name} is not in the list")
        return made.key

    def equal(self, term: Term) -> Callable[[Value], Value]:
        """Return what makes values of a term hash and compare as the server's equality does.

        Raises:
            CannotDo: the type has no equality.
        """
        if (element_of(term.type) or term.type).name == "json":
            raise CannotDo("json has no equality", "cast to jsonb")
        return codec(term.type).same

    def _check_order(self, *terms: Term) -> None:
        if self.text_order != "C" and not any(term.is_in_c for term in terms):
            raise CannotDo("an order of texts other than C is not known here", IN_ORDER_C)

    def operator(self, name: str, left: Term, right: Term) -> Term:
        """Return the term of an operator between two others.

        Raises:
            CannotDo: not in the list for these types.
        """
        signature = self.signature(name, left, right)
        parts = [
            self.typing.typed(term, to, is_asked_for=name == "||")
            for term, to in zip((left, right), signature.takes, strict=True)
        ]
        return applied(signature, parts)

    def signature(self, name: str, left: Term, right: Term) -> Signature:
        """Return which operator a name means between two terms.

        Raises:
            CannotDo: none of the list, or one that orders texts.
        """
        name = NEGATED.get(name, name)
        given = [left.type, right.type]
        arrays = [each for each in given if element_of(each) is not None]
        if arrays and (name in EQUALITIES or name in ORDERS):
            if len({each.oid for each in arrays}) > 1 or any(
                each is not UNKNOWN and each not in arrays for each in given
            ):
                raise CannotDo("a comparison of arrays of different types")
            if name in ORDERS:
                raise CannotDo("an order of arrays is not in the list")
            return comparison(name, arrays[0], arrays[0])
        candidates = BINARY.get(name)
        if candidates is None:
            raise CannotDo(f"the operator `{name}` is not in the list")
        found = choose(candidates, given, f"the operator `{name}`", is_operator=True)
        if found.compares_text:
            self._check_order(left, right)
        return _filled(found)

    def hold(self, term: Term) -> tuple[Term, Run | None]:
        """Return a term that reads what was computed once, and what computes it first."""
        if term.is_constant or term.slot is not None:
            return term, None
        self._held -= 1
        key, inner = self._held, term.run

        def keep(frame: Frame) -> Value:
            frame.values[key] = inner(frame)

        return replace(term, run=lambda frame: frame.values[key]), keep


def _filled(signature: Signature) -> Signature:
    """Return the signature with what stands for any type read as text, as `||` does it."""
    takes = tuple(TEXT if to.name.startswith("any") else to for to in signature.takes)
    return signature if takes == signature.takes else replace(signature, takes=takes)
