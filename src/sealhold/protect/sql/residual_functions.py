"""The closed list of functions: which types each takes, what it gives, what it does.

- What looks at the session's settings takes them first.
- `extract`, `date_part`, `date_trunc`, `concat`, `concat_ws` and LIKE are made by the compiler, as
  what they do depends on a constant or on how many arguments there are.

Source: docs/spec/57-values-and-residuals.md section 9; PostgreSQL 15, pg_proc.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from sealhold.protect.pgtypes.types import PgType, named
from sealhold.protect.sql import residual_math as math
from sealhold.protect.sql import residual_texts as texts
from sealhold.protect.sql.residual_resolve import OTHER, Signature
from sealhold.protect.sql.residual_terms import INT4, INT8, NUMERIC, TEXT, Value

_BYTEA: Final = named("bytea")
_BPCHAR: Final = named("bpchar")
_FLOAT4, _FLOAT8 = named("float4"), named("float8")
_INT2: Final = named("int2")


def _one(gives: PgType, run: Callable[..., Value], *takes: PgType) -> tuple[Signature, ...]:
    return (Signature(takes, gives, run),)


def _rounding(
    on_numeric: Callable[..., Decimal], on_float: Callable[[float], float]
) -> tuple[Signature, ...]:
    return (
        Signature((_FLOAT8,), _FLOAT8, on_float),
        Signature((NUMERIC,), NUMERIC, on_numeric),
    )


def _digits(run: Callable[..., Decimal]) -> tuple[Signature, ...]:
    return (Signature((NUMERIC, INT4), NUMERIC, run),)


def _ends(side: str) -> tuple[Signature, ...]:
    return (
        Signature((TEXT,), TEXT, texts.trimmed(side)),
        Signature((TEXT, TEXT), TEXT, texts.trimmed(side)),
    )


def _parts() -> tuple[Signature, ...]:
    return (
        Signature((TEXT, INT4), TEXT, texts.substring),
        Signature((TEXT, INT4, INT4), TEXT, texts.substring),
        Signature((_BYTEA, INT4), _BYTEA, texts.substring_of_bytes),
        Signature((_BYTEA, INT4, INT4), _BYTEA, texts.substring_of_bytes),
    )


def _length() -> tuple[Signature, ...]:
    return (
        Signature((TEXT,), INT4, len),
        Signature((_BPCHAR,), INT4, lambda text: len(text.rstrip(" "))),
    )


FUNCTIONS: Final[dict[str, tuple[Signature, ...]]] = {
    "lower": _one(TEXT, texts.lower, TEXT),
    "upper": _one(TEXT, texts.upper, TEXT),
    "length": (*_length(), Signature((_BYTEA,), INT4, len)),
    "char_length": _length(),
    "character_length": _length(),
    "octet_length": (
        Signature((TEXT,), INT4, lambda text: len(text.encode())),
        Signature((_BPCHAR,), INT4, lambda text: len(text.encode())),
        Signature((_BYTEA,), INT4, len),
    ),
    "btrim": _ends("both"),
    "ltrim": _ends("left"),
    "rtrim": _ends("right"),
    "substr": _parts(),
    "substring": (
        *_parts(),
        Signature((TEXT, TEXT), OTHER, len),
        Signature((TEXT, TEXT, TEXT), OTHER, len),
    ),
    "replace": _one(TEXT, texts.replace, TEXT, TEXT, TEXT),
    "left": _one(TEXT, texts.left, TEXT, INT4),
    "right": _one(TEXT, texts.right, TEXT, INT4),
    "reverse": _one(TEXT, lambda text: text[::-1], TEXT),
    "strpos": _one(INT4, texts.position, TEXT, TEXT),
    "starts_with": _one(named("bool"), str.startswith, TEXT, TEXT),
    "position": (
        Signature((TEXT, TEXT), INT4, texts.position),
        Signature((_BYTEA, _BYTEA), INT4, lambda value, wanted: value.find(wanted) + 1),
    ),
    "abs": (
        *(Signature((t,), t, math.integers("abs", t)) for t in (_INT2, INT4, INT8)),
        Signature((NUMERIC,), NUMERIC, lambda value: value.copy_abs()),
        *(Signature((t,), t, abs) for t in (_FLOAT4, _FLOAT8)),
    ),
    "round": (*_rounding(math.rounded, math.ROUND_FLOAT), *_digits(math.rounded)),
    "trunc": (*_rounding(math.truncated, math.TRUNC_FLOAT), *_digits(math.truncated)),
    "ceil": _rounding(math.ceiling, math.CEIL_FLOAT),
    "ceiling": _rounding(math.ceiling, math.CEIL_FLOAT),
    "floor": _rounding(math.floor, math.FLOOR_FLOAT),
    "mod": (
        *(Signature((t, t), t, math.integers("%", t)) for t in (_INT2, INT4, INT8)),
        Signature((NUMERIC, NUMERIC), NUMERIC, math.remainder),
    ),
}
