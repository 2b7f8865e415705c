"""Which operator or function a name means for given types: PostgreSQL's own way of choosing.

- Exact matches first, then those with the fewest conversions, then preferred types, then the
  category of what has no type yet. What stays ambiguous is refused.
- The tables hold what the server's catalogue holds for the types of the list.

Source: docs/spec/57-values-and-residuals.md section 8; PostgreSQL 15, chapter 10.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from sealhold.protect.pgtypes.types import PgType, array_of, by_oid, element_of, plain
from sealhold.protect.sql.residual_terms import TEXT, UNKNOWN, CannotDo, Value

OTHER: Final = PgType(0, "other")  # what a candidate gives that matters in a choice, but is refused
ANY: Final = PgType(2276, "any")
ANY_ELEMENT: Final = PgType(2776, "anynonarray")
ANY_ARRAY: Final = PgType(2277, "anyarray")

_CATEGORY: Final = {
    "bool": "B", "int2": "N", "int4": "N", "int8": "N", "numeric": "N", "float4": "N",
    "float8": "N", "text": "S", "varchar": "S", "bpchar": "S", "name": "S", "date": "D",
    "time": "D", "timetz": "D", "timestamp": "D", "timestamptz": "D", "interval": "T",
    "bytea": "U", "uuid": "U", "json": "U", "jsonb": "U", "unknown": "X",
}  # fmt: skip
_PREFERRED: Final = frozenset({"bool", "float8", "text", "timestamptz", "interval"})
_IMPLICIT: Final = {
    "int2": {"int4", "int8", "numeric", "float4", "float8"},
    "int4": {"int8", "numeric", "float4", "float8"},
    "int8": {"numeric", "float4", "float8"},
    "numeric": {"float4", "float8"},
    "float4": {"float8"},
    "text": {"varchar", "bpchar", "name"},
    "varchar": {"text", "bpchar", "name"},
    "bpchar": {"text", "varchar", "name"},
    "name": {"text"},
    "date": {"timestamp", "timestamptz"},
    "timestamp": {"timestamptz"},
    "time": {"interval", "timetz"},
}


@dataclass(frozen=True, slots=True)
class Signature:
    """One operator or function: the types it takes, and what it gives."""

    takes: tuple[PgType, ...]
    gives: PgType
    run: Callable[..., Value]
    is_strict: bool = True  # NULL in, NULL out
    is_stable: bool = False  # takes the session's settings first
    compares_text: bool = False  # its answer depends on the order of texts


def category(t: PgType) -> str:
    """Return the server's category of a type: N for numbers, S for texts, ..."""
    return _CATEGORY.get(t.name, "A")


def is_preferred(t: PgType) -> bool:
    """Whether the type is the one that its category is converted to in doubt."""
    return t.name in _PREFERRED


def converts(given: PgType, to: PgType) -> bool:
    """Whether a value is converted without being asked for."""
    if given.oid == to.oid or given is UNKNOWN or to is ANY:
        return True
    if to is ANY_ELEMENT:
        return element_of(given) is None
    if to is ANY_ARRAY:
        return element_of(given) is not None
    return to.name in _IMPLICIT.get(given.name, ())


def choose(
    candidates: Sequence[Signature],
    given: Sequence[PgType],
    what: str,
    *,
    is_operator: bool = False,
) -> Signature:
    """Return the candidate that the server takes.

    Raises:
        CannotDo: none, or it is not clear which.
    """
    fitting = [each for each in candidates if len(each.takes) == len(given)]
    for each in fitting:
        if all(type_.oid == to.oid for type_, to in zip(given, each.takes, strict=True)):
            return _allowed(each, what)
    if is_operator and len(given) == 2 and (given[0] is UNKNOWN) != (given[1] is UNKNOWN):  # noqa: PLR2004  # reason: left and right
        known = given[1] if given[0] is UNKNOWN else given[0]
        for each in fitting:
            if all(to.oid == known.oid for to in each.takes):
                return _allowed(each, what)
    fitting = [each for each in fitting if _accepts(each, given)]
    found = _best(fitting, given)
    if found is None or found.gives is OTHER:
        kinds = ", ".join(each.name for each in given)
        raise CannotDo(f"{what} on ({kinds}) is not in the list, or not clear", "add casts")
    return found


def _allowed(candidate: Signature, what: str) -> Signature:
    if candidate.gives is OTHER:
        raise CannotDo(f"{what} on {candidate.takes[0].name} is not in the list")
    return candidate


def _accepts(candidate: Signature, given: Sequence[PgType]) -> bool:
    return all(converts(type_, to) for type_, to in zip(given, candidate.takes, strict=True))


def _best(fitting: Sequence[Signature], given: Sequence[PgType]) -> Signature | None:
    if len(fitting) <= 1:
        return fitting[0] if fitting else None
    fitting = _most(fitting, given, lambda to, type_: to.oid == type_.oid)
    if len(fitting) == 1:
        return fitting[0]
    fitting = _most(
        fitting,
        given,
        lambda to, type_: (
            to.oid == type_.oid or (is_preferred(to) and category(to) == category(type_))
        ),
    )
    if len(fitting) == 1:
        return fitting[0]
    if UNKNOWN not in given:
        return None
    return _by_unknown(fitting, given)


def _most(
    fitting: Sequence[Signature],
    given: Sequence[PgType],
    matches: Callable[[PgType, PgType], bool],
) -> Sequence[Signature]:
    counts = [
        sum(
            type_ is not UNKNOWN and matches(to, type_)
            for to, type_ in zip(each.takes, given, strict=True)
        )
        for each in fitting
    ]
    return [each for each, count in zip(fitting, counts, strict=True) if count == max(counts)]


def _by_unknown(fitting: Sequence[Signature], given: Sequence[PgType]) -> Signature | None:
    """Choose by the category that what has no type would fall in, then by the known types."""
    wanted: dict[int, tuple[str, bool]] = {}
    for at, type_ in enumerate(given):
        if type_ is UNKNOWN:
            kinds = {category(each.takes[at]) for each in fitting}
            if len(kinds) > 1 and "S" not in kinds:
                break
            kind = "S" if "S" in kinds else kinds.pop()
            has_preferred = any(
                is_preferred(each.takes[at]) and category(each.takes[at]) == kind
                for each in fitting
            )
            wanted[at] = kind, has_preferred
    else:
        kept = [
            each
            for each in fitting
            if all(
                category(each.takes[at]) == kind and (not has or is_preferred(each.takes[at]))
                for at, (kind, has) in wanted.items()
            )
        ]
        if len(kept) == 1:
            return kept[0]
        fitting = kept or fitting
    known = {type_.oid: type_ for type_ in given if type_ is not UNKNOWN}
    if len(known) == 1:
        (only,) = known.values()
        kept = [each for each in fitting if all(converts(only, to) for to in each.takes)]
        if len(kept) == 1:
            return kept[0]
    return None


def common(given: Sequence[PgType], what: str) -> PgType:
    """Return the one type that the branches of a CASE, a list or the like take.

    Raises:
        CannotDo: they have none.
    """
    first = given[0]
    if first is not UNKNOWN and all(each.oid == first.oid for each in given):
        same = all(each.typmod == first.typmod for each in given)
        return first if same else plain(first)
    found = plain(first) if first is not UNKNOWN else UNKNOWN
    for each in given[1:]:
        if each is UNKNOWN or each.oid == found.oid:
            continue
        if found is UNKNOWN:
            found = plain(each)
        elif category(each) != category(found):
            raise CannotDo(f"{what} of {found.name} and {each.name} have no type in common", "")
        elif not is_preferred(found) and converts(found, each) and not converts(each, found):
            found = plain(each)
    return TEXT if found is UNKNOWN else found


def settled(signature: Signature, given: Sequence[PgType]) -> Signature:
    """Return the signature with what stands for any type filled in."""
    takes = tuple(
        (TEXT if type_ is UNKNOWN else plain(type_)) if to in {ANY, ANY_ELEMENT, ANY_ARRAY} else to
        for to, type_ in zip(signature.takes, given, strict=True)
    )
    gives = signature.gives
    if gives is ANY_ARRAY:
        gives = array_of(takes[0])
    found = by_oid(gives.oid)
    return Signature(
        takes,
        found or gives,
        signature.run,
        signature.is_strict,
        signature.is_stable,
        signature.compares_text,
    )
