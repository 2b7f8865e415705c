"""A protection policy as TOML, in its one canonical form.

- Keys stand in a fixed order. A key whose value is what holds without it is left out, but for what
  says how a column is protected: that is always there to be read.
- Reading what was written gives the policy again; a test holds them together.
- A comment may stand above a table or column: what was guessed, and why.

Source: docs/spec/16-protection-policy.md section 3.
"""

import json
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from sealhold.protect.policy import (
    Anonymise,
    ColumnPolicy,
    Csp,
    ObjectPolicy,
    Policy,
    Role,
    TablePolicy,
)
from sealhold.protect.policyfile import (
    COLUMN_ALONE,
    LIMITS,
    OBJECT_ALONE,
    RELEASE_ALONE,
    TABLE_ALONE,
)
from sealhold.protect.policywords import FORMAT
from sealhold.protect.tomllines import Path

Notes = Mapping[Path, str]
"""Comments, by where they stand: `()`, `("table", 0)`, `("table", 0, "column", 2)`."""

NO_NOTES: Final[Notes] = MappingProxyType({})
_Value = str | int | float | tuple[str, ...] | tuple[int, ...]
_SHORT: Final = 100  # characters of a line of a comment


def write(policy: Policy, notes: Notes = NO_NOTES) -> bytes:
    """Return the text of a policy; its digest is that of these bytes and is not written."""
    lines = [*_comment(notes, ()), *_head(policy)]
    for csp in policy.csps:
        lines += ["", "[[csp]]", *_csp(csp)]
    for number, table in enumerate(policy.tables):
        path = ("table", number)
        lines += ["", *_comment(notes, path), "[[table]]", *_table(table)]
        for place, column in enumerate(table.columns):
            above = _comment(notes, (*path, "column", place))
            lines += ["", *above, "[[table.column]]", *_column(column)]
    for columns in policy.never_together:
        lines += ["", "[[constraint]]", f"never_together = {_written(columns)}"]
    for release in policy.anonymise:
        lines += ["", "[[anonymise]]", *_release(release)]
    for each in policy.objects:
        lines += ["", "[[object]]", *_object(each)]
    for role in policy.roles:
        lines += ["", "[[role]]", *_role(role)]
    return ("\n".join(lines) + "\n").encode()


def _head(policy: Policy) -> Iterator[str]:
    yield from _keys({"format": FORMAT, "name": policy.name, "version": policy.version}, {})
    yield from _keys({"previous": policy.previous}, {"previous": ""})
    yield from _keys({"names": policy.names, "default": policy.default.value}, {})
    limits, usual = policy.limits, LIMITS
    changed = list(
        _keys(
            {
                "fetch_rows": limits.fetch_rows,
                "fetch_bytes": limits.fetch_bytes,
                "pending": limits.pending,
            },
            {
                "fetch_rows": usual.fetch_rows,
                "fetch_bytes": usual.fetch_bytes,
                "pending": usual.pending,
            },
        )
    )
    if changed:
        yield from ("", "[limits]", *changed)


def _csp(csp: Csp) -> Iterator[str]:
    yield from _keys({"id": csp.id, "kind": csp.kind, "url": csp.url}, {})
    yield from _keys({"secret": csp.secret, "group": csp.group}, {"secret": "", "group": ""})
    yield from _keys({"replica_of": csp.replica_of}, {"replica_of": ""})


def _table(table: TablePolicy) -> Iterator[str]:
    yield from _keys({"dataset": table.dataset, "name": table.name}, {})
    yield from _keys(_table_keys(table), _table_keys(TABLE_ALONE))
    rate = {
        "rows_per_minute": table.rows_per_minute,
        "distinct_per_hour": table.distinct_per_hour,
    }
    limits = ", ".join(f"{key} = {value}" for key, value in rate.items() if value)
    if limits:
        yield f"rate = {{ {limits} }}"


def _table_keys(table: TablePolicy) -> Mapping[str, _Value]:
    return {
        "schema": table.schema,
        "key": table.key,
        "csps": table.csps,
        "bind": table.bind.value,
        "integrity": table.integrity.value,
        "decoys": table.decoys,
        "bait": table.bait,
        "reactions": table.reactions,
    }


def _column(column: ColumnPolicy) -> Iterator[str]:
    yield from _keys({"name": column.name, "type": column.type, "class": column.class_}, {})
    yield from _keys({"kind": column.kind}, {"kind": COLUMN_ALONE.kind})
    protect = "clear" if column.is_clear else column.protect
    yield from _keys({"usages": column.usages, "protect": protect}, {})
    yield from _keys(_column_keys(column), _column_keys(COLUMN_ALONE))


def _column_keys(column: ColumnPolicy) -> Mapping[str, _Value | None]:
    return {
        "domain": column.domain,
        "pad": column.pad,
        "audit": column.audit,
        "fold": column.fold,
        "tokens": column.tokens,
        "bits": column.bits,
        "scale": column.scale,
        "range": column.range,
        "buckets": column.buckets,
        "alphabet": column.alphabet,
        "null": column.null,
    }


def _release(release: Anonymise) -> Iterator[str]:
    yield from _keys({"table": release.table, "quasi": release.quasi}, {})
    yield from _keys(_release_keys(release), _release_keys(RELEASE_ALONE))


def _release_keys(release: Anonymise) -> Mapping[str, _Value]:
    return {
        "sensitive": release.sensitive,
        "k": release.k,
        "l": release.l,
        "t": release.t,
        "suppress_max": release.suppress_max,
        "method": release.method,
    }


def _object(found: ObjectPolicy) -> Iterator[str]:
    yield from _keys({"bucket": found.bucket}, {})
    yield from _keys({"prefix": found.prefix}, {"prefix": OBJECT_ALONE.prefix})
    if found.split:
        shares = found.split
        csps = _written(shares.csps)
        yield f"split = {{ k = {shares.k}, n = {shares.n}, csps = {csps} }}"
    yield from _keys(
        {"names": found.names, "segment": found.segment},
        {"names": OBJECT_ALONE.names, "segment": OBJECT_ALONE.segment},
    )


def _role(role: Role) -> Iterator[str]:
    values: Mapping[str, _Value] = {
        "name": role.name,
        "users": role.users,
        "may": role.may,
        "tables": role.tables,
    }
    yield from _keys(values, {"users": (), "may": (), "tables": ()})
    for mask in role.masks:
        yield from ("", "[[role.mask]]")
        yield from _keys({"column": mask.column, "show": mask.show}, {})
        if mask.writes:
            yield "writes = true"


def _keys(values: Mapping[str, _Value | None], usual: Mapping[str, _Value | None]) -> Iterator[str]:
    for key, value in values.items():
        if value is not None and (key not in usual or value != usual[key]):
            yield f"{key} = {_written(value)}"


def _written(value: _Value) -> str:
    match value:
        case str():
            return _quoted(value)
        case tuple():
            return f"[{', '.join(_written(each) for each in value)}]"
        case _:
            return repr(value)


def _quoted(text: str) -> str:
    """Return a text as TOML quotes it: as JSON does, which escapes more than TOML must."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _comment(notes: Notes, path: Path) -> list[str]:
    """Return a comment in lines, broken between words."""
    lines: list[str] = []
    for paragraph in notes.get(path, "").splitlines():
        line = "#"
        for word in paragraph.split():
            if len(line) + len(word) >= _SHORT and line != "#":
                lines.append(line)
                line = "#"
            line += f" {word}"
        lines.append(line)
    return [_unsaid(each) for each in lines]


def _unsaid(line: str) -> str:
    """Return a line of a comment without what no comment may hold."""
    return "".join(each if each.isprintable() else " " for each in line)
