"""What a column probably holds, guessed from its name, type and counts, and how to protect that.

- Words of a name are looked up, whole: `date_of_birth` is a birth, `reborn` is not.
- Few different values are told by their frequency: such a column is sealed, not matched.

Source: docs/spec/16-protection-policy.md section 7.
"""

import re
from dataclasses import dataclass, replace
from typing import Final

from sealhold.protect.livecatalogue import LiveColumn
from sealhold.protect.policy import ColumnPolicy
from sealhold.protect.typefamilies import Family, Kind, kind_of

FEW: Final = 100  # different values; with fewer, how often each occurs tells which is which
LONG: Final = 48  # bytes on average, from which a text is more than a name or a number
_SEARCHED: Final = ("storage", "search", "update")

_TEXT: Final = frozenset({Family.TEXT})
_NUMBERS: Final = frozenset({Family.NUMERIC, Family.INTEGER, Family.FLOAT})
_MOMENTS: Final = frozenset({Family.DATE, Family.TIMESTAMP})
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    """What a word in a name means, if the type fits."""

    words: frozenset[str]
    families: frozenset[Family]
    class_: str
    protect: str  # sealed, match or clear
    why: str
    pad: int = 0


_RULES: Final = (  # the first that fits
    _Rule(
        words=frozenset({"password", "passwd", "secret", "token", "hash", "pin", "key", "otp"}),
        families=_TEXT,
        class_="confidential",
        protect="sealed",
        why="looks like a secret",
        pad=64,
    ),
    _Rule(
        words=frozenset({"email", "mail", "emailaddress"}),
        families=_TEXT,
        class_="identifier",
        protect="match",
        why="looks like an e-mail address",
    ),
    _Rule(
        words=frozenset({"birth", "birthday", "birthdate", "dob", "born", "death", "died"}),
        families=_MOMENTS | _TEXT | {Family.INTEGER},
        class_="quasi_identifier",
        protect="sealed",
        why="looks like a date of birth; `order` would find ranges, and show nearly all of it",
    ),
    _Rule(
        words=frozenset(
            {"note", "notes", "comment", "comments", "remark", "remarks", "description", "text"}
            | {"diagnosis", "finding", "findings", "message", "body", "reason", "history"}
            | {"report", "content"}
        ),
        families=_TEXT,
        class_="confidential",
        protect="sealed",
        why="looks like free text",
        pad=256,
    ),
    _Rule(
        words=frozenset(
            {"iban", "bic", "ssn", "passport", "tax", "taxid", "insurance", "nir", "card"}
            | {"licence", "license", "plate", "phone", "tel", "telephone", "mobile", "cell", "fax"}
            | {"login", "username", "account", "customer", "patient", "person", "member"}
        ),
        families=_TEXT | {Family.INTEGER},
        class_="identifier",
        protect="match",
        why="looks like a number or name that somebody is known by",
    ),
    _Rule(
        words=frozenset(
            {"name", "firstname", "lastname", "surname", "forename", "givenname", "fullname"}
            | {"maiden", "nickname", "first", "last", "middle"}
        ),
        families=_TEXT,
        class_="identifier",
        protect="match",
        why="looks like a name",
    ),
    _Rule(
        words=frozenset(
            {"address", "street", "city", "town", "zip", "zipcode", "postcode", "postal", "county"}
            | {"country", "lat", "lon", "latitude", "longitude", "region", "state"}
        ),
        families=frozenset(Family),
        class_="quasi_identifier",
        protect="sealed",
        why="looks like a place; `match` would find it",
    ),
    _Rule(
        words=frozenset(
            {"gender", "sex", "age", "nationality", "ethnicity", "religion", "marital"}
            | {"occupation"}
        ),
        families=frozenset(Family),
        class_="quasi_identifier",
        protect="sealed",
        why="looks like a trait that many people share",
    ),
    _Rule(
        words=frozenset(
            {"amount", "price", "salary", "balance", "income", "cost", "total", "fee", "wage"}
            | {"revenue", "budget", "credit", "debit", "paid", "due", "value"}
        ),
        families=_NUMBERS,
        class_="confidential",
        protect="sealed",
        why="looks like an amount; `order` would find ranges, and show their order",
    ),
    _Rule(
        words=frozenset({"created", "updated", "modified", "inserted", "changed", "deleted"}),
        families=_MOMENTS,
        class_="non_confidential",
        protect="clear",
        why="looks like upkeep: the provider sees when a row changes anyhow",
    ),
)


@dataclass(frozen=True, slots=True)
class Guess:
    """How to protect a column, and why."""

    column: ColumnPolicy
    why: str


def guess(column: LiveColumn, *, is_key: bool, rows: int | None) -> Guess:
    """Return a guess about one column.

    Args:
        column: what is known of it.
        is_key: rows are found by it, or it refers to another table.
        rows: how many there are, if that is known.
    """
    kind, words = kind_of(column.type), words_of(column.name)
    alone = ColumnPolicy(name=column.name, type=column.type, kind=_kind(kind))
    found = _by_name(alone, kind, words)
    if is_key and (found is None or kind.family in {Family.INTEGER, Family.UUID}):
        return _key(alone, kind)
    if found is None:
        found = _by_type(alone, kind, column)
    if is_key or "match" not in found.column.protect:
        return _generated(found, column)
    values = _values(column, rows)
    if values is not None and values < FEW:
        sealed = replace(found.column, protect=("sealed",), usages=("storage", "update"))
        return _generated(
            Guess(
                sealed, f"{found.why}; some {values} values: how often each occurs would tell it"
            ),
            column,
        )
    return _generated(found, column)


def words_of(name: str) -> frozenset[str]:
    """Return the words of a name: `dateOfBirth` and `date_of_birth` have the same."""
    return frozenset(each.casefold() for each in _WORD.findall(name)) | {name.casefold()}


def _by_name(alone: ColumnPolicy, kind: Kind, words: frozenset[str]) -> Guess | None:
    """Return what the words of the name say, as far as the type fits."""
    for rule in _RULES:
        if words & rule.words and kind.family in rule.families:
            if rule.protect == "match":
                return _found(alone, rule.class_, rule.why)
            if rule.protect == "sealed":
                return _sealed(alone, rule.class_, rule.why, rule.pad)
            return Guess(replace(alone, protect=("clear",), class_=rule.class_), rule.why)
    return None


def _by_type(alone: ColumnPolicy, kind: Kind, column: LiveColumn) -> Guess:
    """Return what is left to say where the name says nothing."""
    if kind.family in _MOMENTS:
        told = "a time: sealed; `order` would find ranges, and show their order"
        return _sealed(alone, "quasi_identifier", told)
    if kind.family is Family.TEXT and (column.width or 0) >= LONG:
        return _sealed(alone, "confidential", "long text", pad=256)
    return _sealed(alone, "confidential", "says nothing by its name; `match` would find it")


def _key(alone: ColumnPolicy, kind: Kind) -> Guess:
    if kind.family in {Family.INTEGER, Family.UUID}:
        told = "a key that says nothing by itself: clear, so that rows are found and joined"
        return Guess(replace(alone, protect=("clear",), class_="technical_identifier"), told)
    return _found(alone, "identifier", "a key that may say something of somebody")


def _found(alone: ColumnPolicy, class_: str, why: str) -> Guess:
    made = replace(alone, protect=("match",), class_=class_, usages=_SEARCHED)
    return Guess(made, f"{why}: found by equality, which shows which rows are equal")


def _sealed(alone: ColumnPolicy, class_: str, why: str, pad: int = 0) -> Guess:
    made = replace(alone, protect=("sealed",), class_=class_, usages=("storage", "update"))
    return Guess(replace(made, pad=pad), why)


def _generated(found: Guess, column: LiveColumn) -> Guess:
    if not column.is_generated or found.column.is_clear:
        return found
    return Guess(found.column, f"{found.why}; GENERATED: the proxy refuses that where it is hidden")


def _values(column: LiveColumn, rows: int | None) -> int | None:
    """Return how many different values there are, as the database estimates."""
    if column.distinct is None:
        return None
    if column.distinct >= 0:
        return int(column.distinct)
    return None if rows is None else int(-column.distinct * rows)


def _kind(kind: Kind) -> str:
    match kind.family:
        case Family.INTEGER:
            return "numeric_discrete"
        case Family.NUMERIC | Family.FLOAT:
            return "numeric_continuous"
        case Family.DATE | Family.TIMESTAMP | Family.TIME:
            return "categoric_ordinal"
        case Family.GEOMETRY:
            return "geometric_object"
        case _:
            return "categoric"
