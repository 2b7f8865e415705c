"""Reading an ODRL policy as a share: what is understood wholly, or nothing.

- One permission and any prohibitions. A key, operand, operator, action or unit that is not known
  is refused by its name and place; so is a policy of another profile or conflict strategy.
- What ODRL says in several ways is read in each: `eq` of one for `isAnyOf`, `gt` for `gteq`, a
  purpose under `isNoneOf` as a bar.
- Nothing is fetched. A context is ours, or the one name by which ODRL's own is known.

Source: docs/spec/49-sharing.md section 9.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Final, TypeVar

from sealhold.model.encoding import Plain
from sealhold.model.errors import InvalidGrantError
from sealhold.model.ids import Collection as Dataset
from sealhold.model.ids import ContactId, FieldName, GrantId, Id16, Purpose, TaskDigest
from sealhold.model.quantities import Instant
from sealhold.policy import dpv
from sealhold.policy.documents import Fields, parse_instant
from sealhold.policy.odrl import CONTEXT, NOTE, PROFILE
from sealhold.policy.odrlterms import (
    ACTIONS,
    CONTACT,
    DATASET,
    EVERY_ACTION,
    FIELDS,
    OBJECT,
    OPERATORS,
    PER,
    ROWS,
    SHARE,
    Constraint,
    circle_of,
)
from sealhold.policy.share import (
    MAX_DAYS,
    MAX_DEPTH,
    Bar,
    Clauses,
    Count,
    Duties,
    Per,
    What,
    default_tier,
)
from sealhold.policy.sharepapers import MAX_BARS, MAX_OBJECTS, parse_clauses, to_document
from sealhold.policy.shareterms import Action, Tier

ODRL: Final = "http://www.w3.org/ns/odrl.jsonld"  # a name: nothing is ever read from there
_CONTEXTS: Final[tuple[Plain, ...]] = (CONTEXT, ODRL, [ODRL, CONTEXT])
_POLICY: Final = frozenset({"@context", "@type", "uid", "permission"})
_BESIDE: Final = frozenset({"profile", "conflict", "prohibition", "sealhold:tier", "sealhold:note"})
_PERMISSION: Final = frozenset({"target", "action", "constraint"})
_OURS: Final = frozenset(
    {"duty", "sealhold:precision", "sealhold:omit", "sealhold:hands", "sealhold:task"}
)
_BY_WORD: Final = {word: action for action, word in ACTIONS.items()}
_DAYS: Final = re.compile(r"P([0-9]{1,5})D", re.ASCII)
_MANY: Final = 64  # constraints or duties of one rule
ItemT = TypeVar("ItemT")


def import_odrl(document: Plain) -> tuple[GrantId, Clauses]:
    """Return the id of a share and its clauses, as an ODRL policy says them.

    Raises:
        InvalidGrantError: something in it is not understood; the message names it.
        UnknownPurposeError: a purpose is not in the vocabulary.
    """
    # THREAT T478: a rule that is not understood is refused, since it could be what forbids
    read = _fields(document, "odrl", _POLICY, _BESIDE)
    if document["@context"] not in _CONTEXTS:
        raise read.fault("@context", "is another than ODRL's; nothing is fetched")
    read.exactly("@type", "Set")
    for name, wanted in (("profile", PROFILE), ("conflict", "prohibit"), ("sealhold:note", NOTE)):
        if read.has(name):
            read.exactly(name, wanted)
    share = GrantId(Id16(_octets(document["uid"], SHARE, 16, "odrl.uid")))
    permissions = _list(document["permission"], 1, "odrl.permission")
    if not permissions:
        raise InvalidGrantError("`odrl.permission` is empty")
    clauses = _permission(permissions[0])
    if read.has("sealhold:tier"):
        clauses = replace(clauses, tier=_tier(document["sealhold:tier"]))
    barred = _list(document.get("prohibition", []), MAX_BARS, "odrl.prohibition")
    bars = tuple(_bar(each, place, document["uid"]) for place, each in enumerate(barred))
    clauses = replace(clauses, bars=(*bars, *clauses.bars))
    return share, parse_clauses(to_document(clauses))  # the limits of a share hold here, too


def _permission(document: Plain) -> Clauses:
    place = "odrl.permission.0"
    read = _fields(document, place, _PERMISSION, _OURS)
    constraints = _constraints(document["constraint"], place)
    count = _one(constraints, "count", place, _count)
    begin, end = _interval([each for each in constraints if each.left == "dateTime"], place)
    purposes = [each for each in constraints if each.left == "purpose"]
    given = [each for each in purposes if each.operator != "isNoneOf"]
    for each in constraints:
        if each.left not in {"recipient", "purpose", "dateTime", "count"}:
            raise InvalidGrantError(f"`{place}` has a `{each.left}`, which stands elsewhere")
    if len(given) != 1:
        raise InvalidGrantError(f"`{place}` has {len(given)} purposes, one list is read")
    who = _one(constraints, "recipient", place, _recipients)
    if who is None:
        raise InvalidGrantError(f"`{place}` lacks a `recipient`")
    barred = [_purposes(each) for each in purposes if each.operator == "isNoneOf"]
    return Clauses(
        who=who,
        what=_what(document["target"], f"{place}.target"),
        actions=_actions(document["action"], f"{place}.action"),
        purposes=_purposes(given[0]),
        not_before=begin,
        not_after=end,
        count=count,
        precision=_ours(read, "sealhold:precision", str),
        omit=frozenset(_ours(read, "sealhold:omit", FieldName)),
        reshare=read.integer("sealhold:hands", 0, MAX_DEPTH) if read.has("sealhold:hands") else 0,
        duties=_duties(document.get("duty", []), f"{place}.duty"),
        bars=tuple(Bar(purposes=each) for each in barred),
        tier=default_tier(count),
        task=TaskDigest(read.octets("sealhold:task", 32)) if read.has("sealhold:task") else None,
    )


def _bar(document: Plain, place: int, uid: Plain) -> Bar:
    where = f"odrl.prohibition.{place}"
    _fields(document, where, _PERMISSION, frozenset())
    target = document["target"]
    what = What() if target == uid else _what(target, f"{where}.target")
    if what.is_selector:
        raise InvalidGrantError(f"`{where}.target` is a collection; only objects are barred")
    action = document["action"]
    found: frozenset[Purpose] = frozenset()
    for each in _constraints(document["constraint"], where):
        if each.left != "purpose" or each.operator == "isNoneOf" or found:
            raise InvalidGrantError(f"`{where}` has more than one list of purposes")
        found = _purposes(each)
    return Bar(
        ids=what.ids,
        actions=frozenset() if action == EVERY_ACTION else _actions(action, f"{where}.action"),
        purposes=found,
    )


def _what(target: Plain, place: str) -> What:
    if isinstance(target, str):
        target = [target]
    if isinstance(target, list):
        listed = _list(target, MAX_OBJECTS, place)
        return What(ids=frozenset(Id16(_octets(each, OBJECT, 16, place)) for each in listed))
    read = _fields(target, place, frozenset({"@type", "source", "refinement"}), frozenset())
    read.exactly("@type", "AssetCollection")
    source = read.line("source", len(DATASET) + 64)
    if not source.startswith(DATASET):
        raise read.fault("source", f"does not begin with `{DATASET}`")
    refined = _constraints(target["refinement"], place)
    if len(refined) != 1:
        raise read.fault("refinement", "is not one constraint")
    return What(dataset=Dataset(source.removeprefix(DATASET)), rows=_rows(refined[0], place))


def _rows(found: Constraint, place: str) -> str:
    rows = None
    if found.operator == "eq" and isinstance(found.right, str):
        if found.left == ROWS:
            rows = found.right
        elif found.left == "spatial":
            rows = circle_of(found.right, found.beside.get(FIELDS))
    if rows is None:
        raise InvalidGrantError(f"`{place}` has a refinement `{found.left}` that is not understood")
    return rows


def _actions(document: Plain, place: str) -> frozenset[Action]:
    listed = [document] if isinstance(document, str) else _list(document, len(Action), place)
    for each in listed:
        if not isinstance(each, str) or each not in _BY_WORD:
            raise InvalidGrantError(f"`{place}` has the unknown action {_said(each)}")
    return frozenset(_BY_WORD[each] for each in listed)


def _duties(document: Plain, place: str) -> Duties:
    found = Duties()
    for number, each in enumerate(_list(document, _MANY, place)):
        where = f"{place}.{number}"
        _fields(each, where, frozenset({"action"}), frozenset({"constraint"}))
        limits = _constraints(each.get("constraint", []), where)
        match each["action"], limits:
            case "inform", []:
                found = replace(found, notify=True)
            case "sealhold:receipt", []:
                found = replace(found, receipt=True)
            case "delete", [Constraint("elapsedTime", "lteq" | "eq", right)]:
                found = replace(found, delete_after=_days(right, where))
            case action, _:
                raise InvalidGrantError(f"`{where}` has the unknown duty {_said(action)}")
    return found


def _days(right: Plain, place: str) -> int:
    found = _DAYS.fullmatch(_value(right, "xsd:duration", place))
    if found is None or int(found[1]) > MAX_DAYS:
        raise InvalidGrantError(f"`{place}` has an `elapsedTime` that is not a number of days")
    return int(found[1])


def _interval(found: list[Constraint], place: str) -> tuple[Instant, Instant | None]:
    begin: Instant | None = None
    end: Instant | None = None
    for each in found:
        at = _instant(each.right, place)
        # Times have milliseconds here, so the first one after `at` is the next.
        match each.operator, begin, end:
            case ("gteq" | "gt") as operator, None, _:
                begin = at if operator == "gteq" else Instant(at + 1)
            case ("lt" | "lteq") as operator, _, None:
                end = at if operator == "lt" else Instant(at + 1)
            case _:
                raise InvalidGrantError(f"`{place}` has a `dateTime` that is not understood")
    return begin or Instant(0), end


def _instant(right: Plain, place: str) -> Instant:
    try:
        return parse_instant(_value(right, "xsd:dateTime", place))
    except ValueError as err:
        raise InvalidGrantError(f"`{place}` has a `dateTime` that is no UTC time") from err


def _count(found: Constraint, place: str) -> Count:
    most = found.right
    if type(most) is not int or found.operator not in {"lteq", "lt"}:
        raise InvalidGrantError(f"`{place}` has a `count` that is not understood")
    per = found.beside.get(PER, Per.GRANT.value)
    try:
        return Count(most=most - (found.operator == "lt"), per=Per(per))
    except ValueError as err:
        raise InvalidGrantError(f"`{place}` counts per the unknown {_said(per)}") from err


def _recipients(found: Constraint, place: str) -> frozenset[ContactId]:
    texts = _texts(found, place)
    return frozenset(ContactId(_octets(each, CONTACT, 32, place)) for each in texts)


def _purposes(found: Constraint) -> frozenset[Purpose]:
    texts = _texts(found, "odrl")
    for each in texts:
        if not each.startswith("dpv:"):
            raise InvalidGrantError(f"`odrl` has the unknown purpose {_said(each)}")
    return frozenset(dpv.require(each.removeprefix("dpv:")) for each in texts)


def _texts(found: Constraint, place: str) -> list[str]:
    """Return what `isAnyOf`, `isNoneOf` or `eq` name.

    Raises:
        InvalidGrantError: another operator, or something else than texts.
    """
    match found.operator, found.right:
        case "eq", str(one):
            return [one]
        case "isAnyOf", list(many) if all(isinstance(one, str) for one in many):
            return many
        case "isNoneOf", list(many) if found.left == "purpose" and all(
            isinstance(one, str) for one in many
        ):
            return many
        case _:
            raise InvalidGrantError(f"`{place}` has a `{found.left}` that is not understood")


def _constraints(document: Plain, place: str) -> list[Constraint]:
    found = []
    for number, each in enumerate(_list(document, _MANY, f"{place}.constraint")):
        where = f"{place}.constraint.{number}"
        left = each.get("leftOperand") if isinstance(each, dict) else None
        beside = {"count": PER, "spatial": FIELDS}.get(left if isinstance(left, str) else "")
        read = _fields(
            each,
            where,
            frozenset({"leftOperand", "operator", "rightOperand"}),
            frozenset({beside} if beside else ()),
        )
        name, operator = read.line("leftOperand", 64), read.line("operator", 64)
        if name not in _OPERANDS:
            raise read.fault("leftOperand", f"is the unknown {_said(name)}")
        if operator not in OPERATORS:
            raise read.fault("operator", f"is the unknown {_said(operator)}")
        extra = {beside: each[beside]} if beside and beside in each else {}
        found.append(Constraint(name, operator, each["rightOperand"], extra))
    return found


_OPERANDS: Final = frozenset(
    {"dateTime", "count", "purpose", "recipient", "spatial", "elapsedTime", ROWS}
)


def _one(
    found: list[Constraint], left: str, place: str, parse: Callable[[Constraint, str], ItemT]
) -> ItemT | None:
    mine = [each for each in found if each.left == left]
    if len(mine) > 1:
        raise InvalidGrantError(f"`{place}` has `{left}` twice")
    return parse(mine[0], place) if mine else None


def _ours(read: Fields, name: str, parse: Callable[[str], ItemT]) -> tuple[ItemT, ...]:
    return read.items(name, 256, parse) if read.has(name) else ()


def _tier(text: Plain) -> Tier:
    for tier in Tier:
        if tier.word == text:
            return tier
    raise InvalidGrantError(f"`odrl.sealhold:tier` is the unknown {_said(text)}")


def _value(right: Plain, kind: str, place: str) -> str:
    """Return the text of a typed value, or a bare text.

    Raises:
        InvalidGrantError: of another type.
    """
    if isinstance(right, dict) and right.keys() == {"@value", "@type"} and right["@type"] == kind:
        right = right["@value"]
    if not isinstance(right, str):
        raise InvalidGrantError(f"`{place}` has something else than a `{kind}`")
    return right


def _octets(text: Plain, prefix: str, count: int, place: str) -> bytes:
    digits = text.removeprefix(prefix) if isinstance(text, str) else ""
    try:
        found = bytes.fromhex(digits)
    except ValueError:
        found = b""
    if len(found) != count or prefix + found.hex() != text:
        raise InvalidGrantError(f"`{place}` is not `{prefix}` and {2 * count} digits")
    return found


def _fields(
    document: Plain, place: str, required: frozenset[str], optional: frozenset[str]
) -> Fields:
    return Fields(
        document, place=place, required=required, optional=optional, error=InvalidGrantError
    )


def _list(document: Plain, limit: int, place: str) -> list[Plain]:
    if not isinstance(document, list) or len(document) > limit:
        raise InvalidGrantError(f"`{place}` is not a list of at most {limit}")
    return document


def _said(text: Plain) -> str:
    return f"`{text[:64]}`" if isinstance(text, str) else "value"
