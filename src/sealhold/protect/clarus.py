"""A policy of the CLARUS project, brought over into one of ours.

- Whatever is not brought over is listed. Where it was a protection, the result is no success, even
  though the column is sealed then: who wrote the policy must look.
- In doubt a column is sealed. What CLARUS gave out made coarser is sealed here, and named in
  `[[anonymise]]`, so that a release can be made of it.
- Names of providers without a host become addresses under `.invalid`, which nobody has: the owner
  fills them in.

Source: docs/spec/16-protection-policy.md section 6.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from sealhold.protect.clarusxml import Attribute, ClarusFile, Rule, Unmapped, read_clarus
from sealhold.protect.livecatalogue import LiveTable
from sealhold.protect.policy import Anonymise, ColumnPolicy, Csp, Policy, TablePolicy
from sealhold.protect.policywords import CLASSES, KINDS, SQL_NAME, TYPE, USAGES
from sealhold.protect.techniquefacts import FACTS
from sealhold.protect.typefamilies import kind_of

_TYPES: Final = {  # taken where no catalogue says better
    "categoric": "text",
    "categoric_ordinal": "text",
    "numeric_discrete": "bigint",
    "numeric_continuous": "double precision",
    "geometric_object": "bytea",
}
_PROTECTIONS: Final = {  # what each word of a rule becomes
    "null": ("clear",),
    "none": ("clear",),
    "replicate": ("clear",),
    "encryption": ("sealed",),
    "suppression": ("sealed",),
    "searchable": ("match", "order"),
    "homomorphic": ("paillier-sum",),
    "splitting": ("split",),
    "k-anonymity": ("sealed",),
    "l-diversity": ("sealed",),
    "t-closeness": ("sealed",),
    "coarsening": ("sealed",),
}
_MODULES: Final = {  # what a rule means that says no more than its module
    "encryption": "encryption",
    "searchable encryption": "searchable",
    "homomorphic encryption": "homomorphic",
    "splitting": "splitting",
    "coarsening": "coarsening",
}
_QUASI: Final = frozenset({"k-anonymity", "coarsening"})
_SENSITIVE: Final = frozenset({"t-closeness", "l-diversity"})
_METHODS: Final = {"shift": "shift", "microaggregation": "microaggregate"}
_NAMING: Final = frozenset({"id_key"})  # names a key; ours come from the dataset's
_CSP: Final = re.compile(r"csp[1-9]")
_PAIR: Final = re.compile(r"(database|host|port)=([A-Za-z0-9._-]{1,200})")


ALL: Final = "*"  # in place of a table: each that has such a column


class _Place(NamedTuple):
    """What the name of an attribute says."""

    schema: str
    table: str
    column: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Converted:
    """A policy, and what is missing in it."""

    policy: Policy
    unmapped: tuple[Unmapped, ...]

    @property
    def is_whole(self) -> bool:
        """Whether each protection was brought over."""
        return not any(each.is_protection for each in self.unmapped)


def convert(
    data: bytes, *, name: str, tables: Sequence[str] = (), catalogue: Sequence[LiveTable] = ()
) -> Converted:
    """Return the policy that a file of CLARUS says.

    Args:
        data: the file.
        name: of the policy, and of the dataset of its tables.
        tables: what `*` stands for besides the tables that the file and the catalogue name.
        catalogue: what the live database says of itself, if that is known.

    Raises:
        InvalidPolicyError: not XML, with a document type, too large, or no policy of CLARUS.
    """
    file = read_clarus(data)
    rules = _rules(file)
    csps = _csps(file)
    columns = _columns(file, rules, tables, catalogue)
    made = tuple(
        TablePolicy(
            dataset=name,
            schema=schema,
            name=table,
            key=tuple(each.name for each in found if each.class_ == "technical_identifier"),
            csps=tuple(each.id for each in csps),
            columns=tuple(found),
        )
        for (schema, table), found in columns.items()
    )
    policy = Policy(
        name=name,
        version=1,
        csps=csps,
        tables=made,
        anonymise=tuple(_releases(made, rules, file)),
    )
    return Converted(policy=policy, unmapped=tuple(file.unmapped))


def _rules(file: ClarusFile) -> Mapping[str, list[Rule]]:
    """Return the rules of each class, without those that are not known."""
    found: dict[str, list[Rule]] = {}
    for rule in file.rules:
        where = f"protection/attribute_type {rule.class_[:80]}"
        module = rule.module.replace("_", " ").replace("-", " ").casefold()
        word = rule.protection.replace("_", "-").casefold() or _MODULES.get(module, "")
        if word not in _PROTECTIONS:
            told = f"`{rule.protection[:40]}` of module `{rule.module[:40]}`: sealed instead"
            file.leave(where, told, is_protection=True)
            word = "encryption"
        found.setdefault(rule.class_, []).append(replace(rule, protection=word))
        _details(rule, word, where, file)
    return found


def _details(rule: Rule, word: str, where: str, file: ClarusFile) -> None:
    """List what a rule says besides, where it is not brought over."""
    wanted = {"k-anonymity": "k", "t-closeness": "t", "l-diversity": "l"}.get(word)
    for key, value in rule.details.items():
        match key, value:
            case _ if key in _NAMING:
                told = f"`{key}`: keys come from the dataset's key"
                file.leave(where, told, is_protection=False)
            case "clouds", _ if value.isdecimal():
                _clouds(int(value), where, file)
            case "coarsening_type", _ if value in _METHODS:
                pass
            case "k", _ if word == "coarsening" and value.isdecimal():
                pass
            case "splitting_type", "points":
                pass
            case _ if key == wanted and _number(value) is not None:
                pass
            case _:
                told = f"`{key[:40]}` of `{value[:40]}`"
                file.leave(where, told, is_protection=True)


def _clouds(count: int, where: str, file: ClarusFile) -> None:
    there = sum(1 for each in file.parameters if _CSP.fullmatch(each))
    if count > max(1, there):
        told = f"{count} providers, of which {there} are named"
        file.leave(where, told, is_protection=True)


def _number(value: str) -> float | None:
    return float(value) if re.fullmatch(r"[0-9]{1,9}(?:\.[0-9]{1,9})?", value) else None


def _csps(file: ClarusFile) -> tuple[Csp, ...]:
    found = []
    for name, value in sorted(file.parameters.items()):
        parts = dict(_PAIR.findall(value))
        if not _CSP.fullmatch(name) or not parts:
            told = f"`{name[:40]}` is no provider that is known"
            file.leave(f"protocol/parameter {name[:40]}", told, is_protection=False)
            continue
        found.append(_csp(name, parts))
    return tuple(found) or (_csp("csp1", {}),)


def _csp(name: str, parts: Mapping[str, str]) -> Csp:
    port = f":{parts['port']}" if "port" in parts else ""
    host = parts.get("host", f"{name}.invalid")
    return Csp(
        id=name,
        kind="postgres",
        url=f"postgresql://{host}{port}/{parts.get('database', '')}",
        secret=f"env:{name.upper()}_PASSWORD",
    )


def _columns(
    file: ClarusFile,
    rules: Mapping[str, list[Rule]],
    tables: Sequence[str],
    catalogue: Sequence[LiveTable],
) -> dict[tuple[str, str], list[ColumnPolicy]]:
    """Return the columns of each table; who names a table goes before who names all."""
    named = [(_place(each.name), each) for each in file.attributes]
    named.sort(key=lambda each: each[0] is not None and each[0].table == ALL)
    known = _known([place for place, _ in named if place], tables, catalogue)
    found: dict[tuple[str, str], list[ColumnPolicy]] = {each: [] for each in known}
    for place, attribute in named:
        where = f"data/attribute {attribute.name[:200]}"
        places = _tables_of(place, known, catalogue) if place else []
        if place is None or not places:
            file.leave(where, "no table is known that this is a column of", is_protection=True)
            continue
        for each in places:
            if any(one.name == place.column for one in found[each]):
                if place.table != ALL:
                    file.leave(where, "it stands twice: the first is taken", is_protection=True)
                continue
            column = _column(place.column, each, attribute, file, catalogue)
            found[each].append(_protected(column, attribute, rules, file))
    return {each: columns for each, columns in found.items() if columns}


def _place(name: str) -> _Place | None:
    """Return what `table/column` or `schema/table/column` says, if it says a column."""
    parts = name.strip("/").split("/")
    match parts:
        case [table, column]:
            place = _Place(ALL if table == ALL else "public", table, column)
        case [schema, table, column]:
            place = _Place(schema, table, column)
        case _:
            return None
    names = (place.schema, place.table)
    sound = all(each == ALL or SQL_NAME.fullmatch(each) for each in names)
    return place if sound and SQL_NAME.fullmatch(place.column) else None


def _known(
    places: Sequence[_Place], tables: Sequence[str], catalogue: Sequence[LiveTable]
) -> list[tuple[str, str]]:
    """Return all tables there are: of the file, as they were said, and of the catalogue."""
    written = [(each.schema, each.table) for each in places if ALL not in (each.schema, each.table)]
    said = [("public", each) for each in tables if SQL_NAME.fullmatch(each)]
    live = [(each.schema, each.name) for each in catalogue]
    return list(dict.fromkeys([*written, *said, *live]))


def _tables_of(
    place: _Place, known: Sequence[tuple[str, str]], catalogue: Sequence[LiveTable]
) -> list[tuple[str, str]]:
    """Return the tables that an attribute is a column of."""
    live = {(each.schema, each.name): {one.name for one in each.columns} for each in catalogue}
    return [
        (schema, table)
        for schema, table in known
        if place.schema in {ALL, schema}
        and place.table in {ALL, table}
        and ((schema, table) not in live or place.column in live[schema, table])
    ]


def _column(
    name: str,
    place: tuple[str, str],
    attribute: Attribute,
    file: ClarusFile,
    catalogue: Sequence[LiveTable],
) -> ColumnPolicy:
    """Return a column as it is described, sealed."""
    where = f"data/attribute {attribute.name[:200]}"
    kind = attribute.data_type or "categoric"
    if kind not in KINDS:
        file.leave(where, f"data type `{kind[:40]}`", is_protection=False)
        kind = "categoric"
    class_ = attribute.class_
    if class_ not in CLASSES:
        file.leave(
            where, f"attribute type `{class_[:40]}`: taken as confidential", is_protection=False
        )
        class_ = "confidential"
    live = {
        column.name: column.type
        for table in catalogue
        if (table.schema, table.name) == place
        for column in table.columns
    }
    type_ = live.get(name, _TYPES[kind])
    return ColumnPolicy(
        name=name, type=type_ if TYPE.fullmatch(type_) else "text", class_=class_, kind=kind
    )


def _protected(
    column: ColumnPolicy, attribute: Attribute, rules: Mapping[str, list[Rule]], file: ClarusFile
) -> ColumnPolicy:
    """Return the column with what its class is protected by, as far as its type can hold that."""
    where = f"data/attribute {attribute.name[:200]}"
    said = rules.get(attribute.class_, [])
    wanted = list(dict.fromkeys(each for rule in said for each in _PROTECTIONS[rule.protection]))
    if not said:
        told = f"no rule for `{attribute.class_[:40]}`: sealed"
        file.leave(where, told, is_protection=False)
    hidden = [each for each in wanted if each != "clear"]
    family = kind_of(column.type).family
    able = [each for each in hidden if family in FACTS[each].families]
    missing = [each for each in hidden if each not in able]
    # a text that is searchable is found by equality; its order would tell it
    if missing and missing != ["order"]:
        told = f"{' and '.join(f'`{each}`' for each in missing)} on `{column.type}`"
        file.leave(where, told, is_protection=True)
    if "split" in able and len(able) > 1:
        able = [each for each in able if each != "sealed"]
    protect = tuple(able) if hidden else ("clear",) if wanted else ("sealed",)
    made = replace(column, protect=protect or ("sealed",))
    return replace(made, usages=_usages(made, attribute, where, file))


def _usages(
    column: ColumnPolicy, attribute: Attribute, where: str, file: ClarusFile
) -> tuple[str, ...]:
    """Return what the column is used for: as it is said, else what its protection is for."""
    for each in attribute.usages:
        if each not in USAGES:
            file.leave(where, f"usage `{each[:40]}`", is_protection=False)
    said = tuple(each for each in USAGES if each in attribute.usages)
    if said or column.is_clear:
        return said or ("storage",)
    served = {each for technique in column.techniques for each in FACTS[technique].serves}
    return tuple(each for each in USAGES if each in served - {"update"})


def _releases(
    tables: Sequence[TablePolicy], rules: Mapping[str, list[Rule]], file: ClarusFile
) -> Iterator[Anonymise]:
    """Yield what a release of each table must keep."""
    kept = {
        word: {class_ for class_, said in rules.items() for each in said if each.protection in word}
        for word in (_QUASI, _SENSITIVE)
    }
    details = {
        key: value
        for said in rules.values()
        for each in said
        for key, value in each.details.items()
    }
    numbers = {key: _number(details.get(key, "")) for key in ("k", "l", "t")}
    method = _METHODS.get(details.get("coarsening_type", ""), "mondrian")
    for table in tables:
        quasi = tuple(each.name for each in table.columns if each.class_ in kept[_QUASI])
        sensitive = tuple(each.name for each in table.columns if each.class_ in kept[_SENSITIVE])
        if not quasi:
            if sensitive:
                told = "nothing of it is a quasi-identifier: no release is described"
                file.leave(f"data {table.name}", told, is_protection=False)  # it stays sealed
            continue
        alone = Anonymise(table=table.name, quasi=quasi)
        yield replace(
            alone,
            sensitive=sensitive,
            k=max(2, int(numbers["k"] or alone.k)),
            l=max(1, int(numbers["l"] or alone.l)),
            t=min(1.0, alone.t if numbers["t"] is None else numbers["t"]),
            method=method,
        )
