"""What each technique can do and what it shows, as far as a policy can be judged by it.

- The techniques themselves say what they answer and leak (`spec.py`); a test holds both together.
- What a provider learns is a set of words here, so that two versions of a policy can be compared:
  the one of which it learns something new is the weaker one.

Source: docs/spec/16-protection-policy.md section 4.2.
"""

from dataclasses import dataclass
from typing import Final

from sealhold.protect.typefamilies import Family


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """One technique."""

    serves: frozenset[str]  # usages of a policy
    learns: frozenset[str]  # by the provider
    families: frozenset[Family]  # of types it can hold
    is_cell: bool = False  # it fills the column itself, so no other of its sort can
    suffix: str = ""  # of its companion
    finds_one: bool = False  # a row by equality, so that a key can be looked up by it


_ALL: Final = frozenset(Family)
_EQUAL: Final = _ALL - {Family.DOCUMENT, Family.GEOMETRY, Family.OTHER}
_ONE_FORM: Final = frozenset(  # equal values are the same bytes
    {Family.INTEGER, Family.NUMERIC, Family.TEXT, Family.DATE, Family.TIMESTAMP, Family.TIME}
    | {Family.BOOLEAN, Family.BYTES, Family.UUID}
)
_NUMBERS: Final = frozenset({Family.INTEGER, Family.NUMERIC})
_ORDERED: Final = _NUMBERS | {Family.FLOAT, Family.DATE, Family.TIMESTAMP, Family.TIME}
_TEXT: Final = frozenset({Family.TEXT})
_KEPT: Final = frozenset({"storage", "update"})

FACTS: Final = {
    "sealed": Facts(serves=_KEPT, learns=frozenset({"length"}), families=_ALL, is_cell=True),
    "match": Facts(
        serves=frozenset({"search", "update"}),
        learns=frozenset({"equality"}),
        families=_EQUAL,
        suffix="_m",
        finds_one=True,
    ),
    "deterministic": Facts(
        serves=_KEPT | {"search"},
        learns=frozenset({"equality", "length"}),
        families=_ONE_FORM,
        is_cell=True,
        finds_one=True,
    ),
    "order": Facts(
        serves=frozenset({"search", "update", "compute"}),  # MIN and MAX
        learns=frozenset({"equality", "order"}),
        families=_ORDERED,
        suffix="_o",
        finds_one=True,
    ),
    "range-hidden": Facts(
        serves=frozenset({"search", "update"}),
        learns=frozenset({"access"}),
        families=_NUMBERS,
    ),
    "words": Facts(
        serves=frozenset({"search", "update"}), learns=frozenset({"access"}), families=_TEXT
    ),
    "he-sum": Facts(
        serves=frozenset({"compute", "update"}),
        learns=frozenset({"rows"}),
        families=_NUMBERS,
        suffix="_s",
    ),
    "paillier-sum": Facts(
        serves=frozenset({"compute", "update"}),
        learns=frozenset({"rows"}),
        families=_NUMBERS,
        suffix="_p",
    ),
    "fpe": Facts(
        serves=_KEPT | {"search"},
        learns=frozenset({"equality", "length", "format"}),
        families=_TEXT,
        is_cell=True,
        finds_one=True,
    ),
    "token": Facts(
        serves=_KEPT | {"search"},
        learns=frozenset({"equality", "length", "format"}),
        families=_TEXT | _NUMBERS | {Family.UUID},
        is_cell=True,
        finds_one=True,
    ),
    "split": Facts(
        serves=frozenset({"storage", "search", "update", "compute"}),
        learns=frozenset({"fragment", "equality", "order", "length", "format"}),
        families=_ALL,
    ),
    "anonymise": Facts(
        serves=frozenset({"compute"}), learns=frozenset({"coarse"}), families=_ALL, is_cell=True
    ),
    "redact": Facts(
        serves=frozenset({"compute"}),
        learns=frozenset({"rest"}),
        families=_TEXT | {Family.DOCUMENT, Family.JSONB},
        is_cell=True,
    ),
    "private-lookup": Facts(
        serves=frozenset({"storage", "search"}), learns=frozenset(), families=_ALL
    ),
}
CLEAR: Final = Facts(
    serves=frozenset({"storage", "search", "update", "compute"}),
    learns=frozenset({"value"}).union(*(each.learns for each in FACTS.values())),
    families=_ALL,
    is_cell=True,
    finds_one=True,
)
"""Of a column that the provider reads."""
