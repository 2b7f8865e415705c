"""Calls of functions: those of the table, and those that need a constant or many arguments.

Source: docs/spec/57-values-and-residuals.md section 9.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from postgast import pg_query_pb2 as pb

from sealhold.protect.pgtypes.codec import Settings, codec
from sealhold.protect.pgtypes.types import PgType, named
from sealhold.protect.sql.residual_applying import applied
from sealhold.protect.sql.residual_compiler import Compiler
from sealhold.protect.sql.residual_fields import (
    date_part,
    extract,
    truncated,
    truncated_span,
    truncated_zoned,
)
from sealhold.protect.sql.residual_functions import FUNCTIONS
from sealhold.protect.sql.residual_resolve import Signature, choose
from sealhold.protect.sql.residual_terms import (
    NUMERIC,
    TEXT,
    CannotDo,
    Frame,
    Term,
    Value,
    made_of,
)
from sealhold.protect.sql.residual_texts import MAX_TEXT, lower_ascii, upper_ascii

AGGREGATES: Final = frozenset(
    {
        "count", "sum", "avg", "min", "max", "bool_and", "bool_or", "every", "string_agg",
        "array_agg",
    }
)  # fmt: skip
_FLOAT8: Final = named("float8")
_STABLE: Final = frozenset({"timestamptz"})


def name_of(node: pb.FuncCall) -> str:
    """Return the name of the function that is called.

    Raises:
        CannotDo: it is of a schema of its own.
    """
    names = [part.string.sval for part in node.funcname]
    if len(names) > 2 or (len(names) == 2 and names[0] != "pg_catalog"):  # noqa: PLR2004  # reason: schema and name
        raise CannotDo(f"the function `{'.'.join(names)}` is not in the list")
    name: str = names[-1]
    return name


def call(compiler: Compiler, node: pb.FuncCall) -> Term:
    """Return the term of a function's result.

    Raises:
        CannotDo: not in the list.
    """
    name = name_of(node)
    if name in AGGREGATES:
        raise CannotDo(f"the aggregate `{name}` may not stand here")
    is_plain = not (
        node.agg_order
        or node.HasField("agg_filter")
        or node.HasField("over")
        or node.agg_star
        or node.agg_distinct
        or node.agg_within_group
        or node.func_variadic
    )
    if not is_plain:
        raise CannotDo(f"the function `{name}` with such a clause is not in the list")
    if name in {"extract", "date_part", "date_trunc"}:
        return _of_field(compiler, name, compiler.terms(node.args))
    if name in {"concat", "concat_ws"}:
        return _joined(compiler, compiler.terms(node.args), is_spaced=name == "concat_ws")
    candidates = FUNCTIONS.get(name)
    if candidates is None:
        raise CannotDo(f"the function `{name}` is not in the list")
    parts = compiler.terms(node.args)
    signature = choose(candidates, [part.type for part in parts], f"the function `{name}`")
    typed = [
        compiler.typing.typed(part, to) for part, to in zip(parts, signature.takes, strict=True)
    ]
    if name in _IN_C and (compiler.text_order == "C" or any(part.is_in_c for part in typed)):
        signature = replace(signature, run=_IN_C[name])
    return applied(signature, typed)


_IN_C: Final = {"lower": lower_ascii, "upper": upper_ascii}
_KINDS: Final = {
    "extract": ("date", "time", "timestamp", "timestamptz", "interval", "timetz"),
    "date_part": ("date", "time", "timestamp", "timestamptz", "interval", "timetz"),
    "date_trunc": ("timestamp", "timestamptz", "interval"),
}


def _of_field(compiler: Compiler, name: str, parts: Sequence[Term]) -> Term:
    if len(parts) != 2 or parts[0].literal is None:  # noqa: PLR2004  # reason: field and value
        raise CannotDo(f"`{name}` of a field that the statement does not name")
    word = parts[0].literal
    candidates = [Signature((TEXT, named(kind)), _gives(name, kind), len) for kind in _KINDS[name]]
    found = choose(candidates, [TEXT, parts[1].type], f"the function `{name}`")
    kind = found.takes[1].name
    if name == "date_part" and kind == "date":
        kind = "timestamp"  # as the server defines it
    value = compiler.typing.typed(parts[1], named(kind))
    signature = Signature(
        (value.type,), found.gives, _made(name, word, kind), is_stable=kind in _STABLE
    )
    return applied(signature, [value])


def _gives(name: str, kind: str) -> PgType:
    if name == "extract":
        return NUMERIC
    return _FLOAT8 if name == "date_part" else named(kind)


def _made(name: str, word: str, kind: str) -> Callable[..., Value]:
    if name == "extract":
        return extract(word, kind)
    if name == "date_part":
        return date_part(word, kind)
    if kind == "interval":
        return truncated_span(word)
    return truncated_zoned(word) if kind == "timestamptz" else truncated(word)


def _joined(compiler: Compiler, parts: Sequence[Term], *, is_spaced: bool) -> Term:
    """Return concat or concat_ws: NULL is left out, but for a separator that is NULL.

    Raises:
        CannotDo: not in the list.
    """
    if len(parts) < 1 + is_spaced:
        raise CannotDo("`concat` without arguments")
    typed = [compiler.typing.settled(part) for part in parts]
    if is_spaced:
        typed[0] = compiler.typing.typed(typed[0], TEXT)
    forms = [(part.run, codec(part.type)) for part in typed]
    plain = all(part.type.name in {"text", "varchar"} for part in typed)

    def run(frame: Frame) -> Value:
        settings: Settings = frame.given.settings
        texts = [
            None if (value := inner(frame)) is None else form.spell(value, settings)
            for inner, form in forms
        ]
        separator = ""
        if is_spaced:
            first = texts.pop(0)
            if first is None:
                return None
            separator = first
        joined = separator.join([text for text in texts if text is not None])
        if len(joined) > MAX_TEXT:
            raise CannotDo("a text that is too long")
        return joined

    return made_of(TEXT, run, typed, is_stable=not plain)
