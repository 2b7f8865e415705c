"""Clauses as the JSON document that is signed, and back: one form, strictly read.

- A key or value that is not known is refused by its name. Lists that stand for sets are sorted and
  hold nothing twice, so equal clauses are equal bytes.
- Without an end, a count or a program the key is absent; there is no `null`.

Source: docs/spec/49-sharing.md section 2.
"""

from collections.abc import Callable
from typing import Final, TypeVar

from sealhold.model.encoding import Plain
from sealhold.model.errors import InvalidGrantError
from sealhold.model.ids import (
    ID_BYTES,
    Collection,
    ContactId,
    FieldName,
    Id16,
    TaskDigest,
)
from sealhold.model.quantities import rfc3339
from sealhold.policy import dpv
from sealhold.policy.documents import Fields
from sealhold.policy.filter_tokens import MAX_TEXT
from sealhold.policy.share import (
    MAX_COUNT,
    MAX_DAYS,
    MAX_DEPTH,
    Bar,
    Clauses,
    Count,
    Duties,
    Per,
    What,
    check,
)
from sealhold.policy.shareterms import Action, Tier

VERSION: Final = 1
MAX_PEOPLE: Final = 256
MAX_OBJECTS: Final = 10_000  # named one by one; more are meant by a dataset and a filter
MAX_PURPOSES: Final = 64
MAX_FIELDS: Final = 256
MAX_RULES: Final = 16
MAX_BARS: Final = 64
CONTACT_BYTES: Final = 32

_REQUIRED: Final = frozenset(
    {"v", "who", "what", "actions", "purposes", "not_before", "precision", "omit", "reshare"}
    | {"duties", "bars", "tier"}
)
_OPTIONAL: Final = frozenset({"not_after", "count", "task"})
_TIERS: Final = {tier.word: tier for tier in Tier}
ItemT = TypeVar("ItemT")


def to_document(clauses: Clauses) -> dict[str, Plain]:
    """Return the JSON document that `parse_clauses` reads back as `clauses`."""
    document: dict[str, Plain] = {
        "v": VERSION,
        "who": sorted(each.hex() for each in clauses.who),
        "what": _write_what(clauses.what),
        "actions": sorted(clauses.actions),
        "purposes": sorted(clauses.purposes),
        "not_before": rfc3339(clauses.not_before),
        "precision": list(clauses.precision),
        "omit": sorted(clauses.omit),
        "reshare": clauses.reshare,
        "duties": _write_duties(clauses.duties),
        "bars": [write_bar(bar) for bar in clauses.bars],
        "tier": clauses.tier.word,
    }
    if clauses.not_after is not None:
        document["not_after"] = rfc3339(clauses.not_after)
    if clauses.count is not None:
        document["count"] = {"max": clauses.count.most, "per": clauses.count.per.value}
    if clauses.task is not None:
        document["task"] = clauses.task.hex()
    return document


def parse_clauses(document: Plain) -> Clauses:
    """Return the clauses that a JSON document holds.

    Raises:
        InvalidGrantError: a key is unknown or missing, a value is unknown, of another type or
            beyond its limit, or they do not agree with each other.
        UnknownPurposeError: a purpose is not in the vocabulary.
    """
    # THREAT T478: what is not understood could be what the owner meant most
    read = Fields(
        document, place="share", required=_REQUIRED, optional=_OPTIONAL, error=InvalidGrantError
    )
    read.exactly("v", VERSION)
    clauses = Clauses(
        who=_set(read, "who", MAX_PEOPLE, _contact),
        what=_what(document["what"]),
        actions=_set(read, "actions", len(Action), _action),
        purposes=_set(read, "purposes", MAX_PURPOSES, dpv.require),
        not_before=read.instant("not_before"),
        not_after=read.instant("not_after") if read.has("not_after") else None,
        count=_count(read) if read.has("count") else None,
        precision=read.items("precision", MAX_RULES, _rule),
        omit=_set(read, "omit", MAX_FIELDS, FieldName),
        reshare=read.integer("reshare", 0, MAX_DEPTH),
        duties=_duties(document["duties"]),
        bars=_bars(document["bars"]),
        tier=_tier(read.line("tier", 2)),
        task=TaskDigest(read.octets("task", 32)) if read.has("task") else None,
    )
    check(clauses)
    return clauses


def _write_what(what: What) -> dict[str, Plain]:
    if what.is_selector:
        return {"dataset": what.dataset, "rows": what.rows}
    return {"ids": sorted(each.hex() for each in what.ids)}


def _what(document: Plain) -> What:
    if isinstance(document, dict) and "ids" in document:
        read = _fields(document, "share.what", frozenset({"ids"}))
        return What(ids=_set(read, "ids", MAX_OBJECTS, _id))
    read = _fields(document, "share.what", frozenset({"dataset", "rows"}))
    rows = read.line("rows", MAX_TEXT)
    if not rows:
        raise read.fault("rows", "is empty; every row is the word `all`")
    return What(dataset=Collection(read.name("dataset")), rows=rows)


def _count(read: Fields) -> Count:
    inner = read.inner("count", frozenset({"max", "per"}))
    return Count(most=inner.integer("max", 1, MAX_COUNT), per=inner.choice("per", Per))


def _write_duties(duties: Duties) -> dict[str, Plain]:
    document: dict[str, Plain] = {"notify": duties.notify, "receipt": duties.receipt}
    if duties.delete_after is not None:
        document["delete_after"] = duties.delete_after
    return document


def _duties(document: Plain) -> Duties:
    read = _fields(document, "share.duties", frozenset({"notify", "receipt"}), {"delete_after"})
    for name in ("notify", "receipt"):
        if type(document[name]) is not bool:
            raise read.fault(name, "is neither `true` nor `false`")
    return Duties(
        notify=document["notify"],
        receipt=document["receipt"],
        delete_after=read.integer("delete_after", 0, MAX_DAYS)
        if read.has("delete_after")
        else None,
    )


def write_bar(bar: Bar) -> dict[str, Plain]:
    """Return what is barred, as it stands in a document."""
    return {
        "ids": sorted(each.hex() for each in bar.ids),
        "actions": sorted(bar.actions),
        "purposes": sorted(bar.purposes),
    }


def _bars(document: Plain) -> tuple[Bar, ...]:
    if not isinstance(document, list) or len(document) > MAX_BARS:
        raise InvalidGrantError(f"`share.bars` is not a list of at most {MAX_BARS}")
    return tuple(_bar(each, place) for place, each in enumerate(document))


def _bar(document: Plain, place: int) -> Bar:
    read = _fields(document, f"share.bars.{place}", frozenset({"ids", "actions", "purposes"}))
    return Bar(
        ids=_set(read, "ids", MAX_OBJECTS, _id),
        actions=_set(read, "actions", len(Action), _action),
        purposes=_set(read, "purposes", MAX_PURPOSES, dpv.require),
    )


def _fields(
    document: Plain, place: str, required: frozenset[str], optional: set[str] | None = None
) -> Fields:
    return Fields(
        document,
        place=place,
        required=required,
        optional=frozenset(optional or ()),
        error=InvalidGrantError,
    )


def _set(read: Fields, name: str, limit: int, parse: Callable[[str], ItemT]) -> frozenset[ItemT]:
    """Return the list in the field `name`, which is sorted and holds nothing twice, as a set."""
    texts = read.items(name, limit, str)
    if list(texts) != sorted(set(texts)):
        raise read.fault(name, "is not sorted, or holds something twice")
    return frozenset(map(parse, texts))


def _contact(text: str) -> ContactId:
    return ContactId(_octets(text, CONTACT_BYTES, "who"))


def _id(text: str) -> Id16:
    return Id16(_octets(text, ID_BYTES, "ids"))


def _octets(text: str, count: int, name: str) -> bytes:
    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if len(found) != count or found.hex() != text:
        raise InvalidGrantError(f"`share` has in `{name}` no {2 * count} hexadecimal digits")
    return found


def _action(text: str) -> Action:
    try:
        return Action(text)
    except ValueError as err:
        raise InvalidGrantError(f"`share` has the unknown action `{text[:64]}`") from err


def _rule(text: str) -> str:
    if not text or len(text) > MAX_TEXT:
        raise InvalidGrantError(f"`share.precision` has a rule of {len(text)} characters")
    return text


def _tier(text: str) -> Tier:
    if text not in _TIERS:
        raise InvalidGrantError(f"`share.tier` is the unknown `{text}`")
    return _TIERS[text]
