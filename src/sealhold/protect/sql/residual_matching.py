"""LIKE and ILIKE, with NOT and ESCAPE.

- A pattern is made ready once, and again only when it changes.

Source: docs/spec/57-values-and-residuals.md section 11; PostgreSQL 15, chapter 9.7.1.
"""

from collections.abc import Callable

from postgast import pg_query_pb2 as pb

from sealhold.protect.sql.residual_applying import negation
from sealhold.protect.sql.residual_compiler import Compiler
from sealhold.protect.sql.residual_resolve import Signature
from sealhold.protect.sql.residual_terms import (
    BOOL,
    TEXT,
    CannotDo,
    Frame,
    Run,
    Term,
    Value,
    made_of,
)
from sealhold.protect.sql.residual_texts import Pattern, escaped, like, lower, lower_ascii


def matching(compiler: Compiler, node: pb.A_Expr, name: str) -> Term:
    """Return the term of a match with a pattern; `name` is the operator, with `!` if negated.

    Raises:
        CannotDo: not on texts.
    """
    value = compiler.term(node.lexpr)
    pattern, escape = _pattern(compiler, node.rexpr)
    signature = compiler.signature(name.removeprefix("!"), value, pattern)
    texts = _typed(compiler, signature, value, pattern)
    if escape is not None:
        texts.append(compiler.typing.typed(escape, TEXT))
    in_c = compiler.text_order == "C" or any(each.is_in_c for each in texts)
    fold = lower_ascii if in_c else lower
    runs = [each.run for each in texts]
    found = made_of(BOOL, _run(runs, fold if name.endswith("*") else None), texts)
    return negation(found) if name.startswith("!") else found


def _typed(compiler: Compiler, signature: Signature, *terms: Term) -> list[Term]:
    return [
        compiler.typing.typed(term, to) for term, to in zip(terms, signature.takes, strict=True)
    ]


def _pattern(compiler: Compiler, node: pb.Node) -> tuple[Term, Term | None]:
    """Return the pattern and its escape character.

    Raises:
        CannotDo: not in the list.
    """
    if node.WhichOneof("node") != "func_call":
        return compiler.term(node), None
    called = node.func_call
    if called.funcname[-1].string.sval != "like_escape":
        return compiler.term(node), None
    if len(called.args) != 2:  # noqa: PLR2004  # reason: pattern and escape
        raise CannotDo("`like_escape` with other than two arguments")
    pattern, escape = compiler.terms(called.args)
    return compiler.typing.settled(pattern), escape


def _run(runs: list[Run], fold: Callable[[str], str] | None) -> Run:
    key = object()

    def ready(frame: Frame, given: tuple[str, ...]) -> Pattern:
        made = frame.given.made
        known = made.get(key)
        if known is not None and known[0] == given:
            test: Pattern = known[1]
            return test
        pattern = escaped(*given) if len(given) > 1 else given[0]
        test = like(pattern if fold is None else fold(pattern))
        made[key] = given, test
        return test

    def run(frame: Frame) -> Value:
        text, *given = [each(frame) for each in runs]
        if text is None or None in given:
            return None
        return ready(frame, tuple(given))(text if fold is None else fold(text))

    return run
