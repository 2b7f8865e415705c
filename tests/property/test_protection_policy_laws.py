"""Laws of protection policies: written and read again, the lines of keys, ways to split."""

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations, product

from hypothesis import given, settings
from hypothesis import strategies as st

from sealhold.protect.findings import has_errors
from sealhold.protect.livecatalogue import LiveColumn, LiveTable, Reference
from sealhold.protect.policy import (
    Anonymise,
    Bind,
    ColumnPolicy,
    Csp,
    Integrity,
    Limits,
    Mask,
    ObjectPolicy,
    Policy,
    Role,
    Shares,
    TablePolicy,
    Unlisted,
)
from sealhold.protect.policycheck import check
from sealhold.protect.policyfile import digest_of, load, read
from sealhold.protect.policytext import write
from sealhold.protect.policywords import (
    CLASSES,
    KINDS,
    METHODS,
    PADS,
    REACTIONS,
    RIGHTS,
    SERVERS,
    TECHNIQUES,
    USAGES,
)
from sealhold.protect.proposing import propose
from sealhold.protect.splitting import EXACT, placed
from sealhold.protect.tomllines import Path, lines_of

NAMES = st.from_regex(r"[a-zA-Zä_][a-z0-9_$ -]{0,12}", fullmatch=True)
IDS = st.from_regex(r"[a-zA-Z0-9][a-zA-Z0-9_-]{0,12}", fullmatch=True)
WORDS = st.from_regex(r"[a-z\"\\#=.é]{1,8}", fullmatch=True)


def some(words: tuple[str, ...]) -> st.SearchStrategy[tuple[str, ...]]:
    """Draw some words of a list, each once."""
    return st.lists(st.sampled_from(words), min_size=1, unique=True).map(tuple)


COLUMNS = st.builds(
    ColumnPolicy,
    name=NAMES,
    type=st.sampled_from(["text", "numeric(10,2)", "timestamp with time zone", "text[]"]),
    class_=st.sampled_from(CLASSES),
    kind=st.sampled_from(KINDS),
    usages=some(USAGES),
    protect=st.just(("clear",)) | some(TECHNIQUES),
    domain=st.just("") | WORDS,
    pad=st.sampled_from(PADS),
    audit=st.sampled_from(["none", "write", "all"]),
    fold=st.sampled_from(["none", "casefold"]),
    tokens=st.sampled_from(["unicode", "prefix3-8"]),
    bits=st.sampled_from([0, 8, 32]),
    scale=st.none() | st.integers(0, 18),
    range=st.none() | st.sampled_from([(0, 1), (-5, 2**40)]),
    buckets=st.integers(2, 65_536),
    alphabet=st.sampled_from(["digits", "alnum", '=ab"\\']),
    null=st.sampled_from(["clear", "hidden"]),
)
TABLES = st.builds(
    TablePolicy,
    dataset=st.from_regex(r"[a-z0-9][a-z0-9_-]{0,12}", fullmatch=True),
    name=NAMES,
    columns=st.lists(COLUMNS, max_size=3).map(tuple),
    schema=NAMES,
    key=st.lists(NAMES, unique=True, max_size=2).map(tuple),
    csps=st.lists(IDS, unique=True, max_size=2).map(tuple),
    bind=st.sampled_from(Bind),
    integrity=st.sampled_from(Integrity),
    rows_per_minute=st.integers(0, 10**9),
    distinct_per_hour=st.integers(0, 10**9),
    decoys=st.integers(0, 1000),
    reactions=some(REACTIONS),
)
REFERENCES = st.tuples(NAMES, NAMES).map(".".join)
POLICIES = st.builds(
    Policy,
    name=IDS,
    version=st.integers(1, 2**63 - 1),
    previous=st.sampled_from(["", digest_of(b"before")]),
    names=st.sampled_from(["clear", "hidden"]),
    default=st.sampled_from(Unlisted),
    limits=st.builds(
        Limits,
        fetch_rows=st.integers(1, 10**9),
        fetch_bytes=st.integers(65_536, 2**40),
        pending=st.integers(1, 10**6),
    ),
    csps=st.lists(
        st.builds(Csp, id=IDS, kind=st.sampled_from(SERVERS), url=st.just("https://x.example/"),
                  secret=st.sampled_from(["", "env:X"]), group=st.just("") | WORDS),
        max_size=2,
    ).map(tuple),
    tables=st.lists(TABLES, max_size=3).map(tuple),
    never_together=st.lists(
        st.lists(REFERENCES, min_size=2, max_size=3, unique=True).map(tuple), max_size=2
    ).map(tuple),
    anonymise=st.lists(
        st.builds(
            Anonymise, table=NAMES, quasi=st.lists(NAMES, unique=True, max_size=2).map(tuple),
            k=st.integers(2, 99), l=st.integers(1, 99), t=st.floats(0, 1),
            suppress_max=st.floats(0, 1), method=st.sampled_from(METHODS),
        ),
        max_size=1,
    ).map(tuple),
    objects=st.lists(
        st.builds(
            ObjectPolicy, bucket=st.just("scans"), prefix=st.text('a/"é', max_size=5),
            split=st.none() | st.builds(Shares, k=st.integers(1, 255), n=st.integers(2, 255),
                                        csps=st.lists(IDS, unique=True, max_size=2).map(tuple)),
            names=st.sampled_from(["sealed", "clear"]), segment=st.sampled_from([4096, 65_536]),
        ),
        max_size=1,
    ).map(tuple),
    roles=st.lists(
        st.builds(
            Role, name=IDS, users=st.lists(WORDS, unique=True, max_size=2).map(tuple),
            masks=st.lists(
                st.builds(
                    Mask, column=REFERENCES, show=st.sampled_from(["nothing", "prefix3"]),
                    writes=st.booleans(),
                ),
                max_size=2, unique_by=lambda mask: mask.column,
            ).map(tuple),
            may=st.lists(st.sampled_from(RIGHTS), unique=True, max_size=2).map(tuple),
            tables=st.lists(NAMES, unique=True, max_size=2).map(tuple),
        ),
        max_size=1,
    ).map(tuple),
)  # fmt: skip


@settings(max_examples=40)
@given(POLICIES)
def test_what_is_written_is_read_again(policy: Policy) -> None:
    text = write(policy)

    found = load(text)

    assert found.digest == digest_of(text)
    assert write(found) == text
    assert _without_digest(found) == policy


def _without_digest(policy: Policy) -> Policy:
    return replace(policy, digest="")


KEYS = st.text('ab-é "\\.#', min_size=1, max_size=4)
VALUES = st.recursive(
    st.integers() | st.booleans() | st.text("ab\"'\\#[]{}=,\né", max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(KEYS, VALUES, max_size=4), st.data())
def test_each_key_is_found_where_it_stands(told: Mapping[str, object], data: st.DataObject) -> None:
    lines: list[str] = []
    wanted: dict[Path, int] = {}
    for key, value in told.items():
        lines += data.draw(st.sampled_from([[], [""], ["# a = [1"], ["  "]]))
        wanted[(key,)] = len(lines) + 1
        lines += f"{quoted(key)} = {shown(value, data)}".split("\n")
    text = "\n".join(lines)

    found = lines_of(text)

    assert tomllib.loads(text) == told
    assert found.paths == frozenset(paths(told))
    assert {path: found.of(path) for path in wanted} == wanted


def paths(value: object, path: Path = ()) -> list[Path]:
    """Return the path of each key and entry."""
    inner: list[Path] = [path] if path else []
    if isinstance(value, dict):
        for key, each in value.items():
            inner += paths(each, (*path, key))
    if isinstance(value, list):
        for number, each in enumerate(value):
            inner += paths(each, (*path, number))
    return inner


def quoted(text: str) -> str:
    """Return a text as a basic string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def written(text: str, data: st.DataObject) -> str:
    """Return a text as one of the strings of TOML."""
    if "'" not in text and "\n" not in text and data.draw(st.booleans()):
        return f"'{text}'"
    if data.draw(st.booleans()):
        return '"""\n' + text.replace("\\", "\\\\").replace('"', '\\"') + '"""'
    return quoted(text)


def shown(value: object, data: st.DataObject) -> str:
    """Return a value as TOML, in one of several ways to write it."""
    match value:
        case bool():
            return str(value).lower()
        case str():
            return written(value, data)
        case dict():
            inner = ", ".join(f"{quoted(key)} = {shown(each, data)}" for key, each in value.items())
            return f"{{ {inner} }}"
        case list():
            gap = data.draw(st.sampled_from([" ", "\n", "\n# ]\n"]))
            return f"[{gap}" + "".join(f"{shown(each, data)},{gap}" for each in value) + "]"
        case _:
            return str(value)


@st.composite
def graphs(draw: st.DrawFn, most: int) -> tuple[list[tuple[str, str]], dict[str, list[str]]]:
    """Draw columns, which must be apart, and who may hold each."""
    names = [f"c{number}" for number in range(draw(st.integers(2, most)))]
    pairs = draw(st.lists(st.sampled_from(list(combinations(names, 2))), unique=True, max_size=12))
    owners = st.lists(st.sampled_from("pqr"), unique=True, max_size=3)
    return pairs, {name: draw(owners) for name in names}


@given(graphs(6))
def test_a_way_to_split_is_found_whenever_there_is_one_and_takes_the_fewest(
    drawn: tuple[list[tuple[str, str]], dict[str, list[str]]],
) -> None:
    pairs, owners = drawn
    names = sorted({name for pair in pairs for name in pair})
    ways = [
        dict(zip(names, way, strict=True)) for way in product(*(owners[name] for name in names))
    ]
    sound = [way for way in ways if all(way[one] != way[other] for one, other in pairs)]

    found = placed(pairs, owners)

    assert (found is not None) == bool(sound)
    if found is not None:
        assert found in sound
        assert len(set(found.values())) == min(len(set(way.values())) for way in sound)


@given(st.data())
def test_a_way_for_many_columns_keeps_them_apart(data: st.DataObject) -> None:
    names = [f"c{number}" for number in range(EXACT + 10)]
    pairs = data.draw(
        st.lists(st.sampled_from(list(combinations(names, 2))), min_size=40, unique=True)
    )
    owners = {name: list("pqrstuvwxyz") for name in names}

    found = placed(pairs, owners)

    assert found is None or all(found[one] != found[other] for one, other in pairs)


LIVE_NAMES = st.sampled_from(
    (
        *("id", "email", "e_mail", "dateOfBirth", "notes", "salary", "patient_no", "created_at"),
        *("sex", "x", "x_m", "x_o", "_sh_rid", "a.b", "n" * 62, "password", "Straße"),
    )
)
LIVE = st.lists(
    st.builds(
        LiveColumn,
        name=LIVE_NAMES,
        type=st.sampled_from(
            (
                *("bigint", "text", "character varying(12)", "date", "numeric(10,2)", "numeric"),
                *("uuid", "jsonb", "json", "boolean", "inet", "timestamp with time zone"),
                *("text[]", "bytea"),
            )
        ),
        distinct=st.none() | st.sampled_from([3.0, -1.0, 1e6]),
        width=st.none() | st.integers(1, 500),
        is_generated=st.booleans(),
    ),
    min_size=1,
    unique_by=lambda column: column.name,
).map(tuple)


@st.composite
def databases(draw: st.DrawFn) -> list[LiveTable]:
    """Draw a few tables that refer to each other."""
    found = []
    for name in draw(st.lists(st.sampled_from(["a", "b", "c d", 'q"']), min_size=1, unique=True)):
        columns = draw(LIVE)
        names = st.sampled_from([each.name for each in columns])
        references = st.builds(
            Reference,
            columns=names.map(lambda each: (each,)),
            schema=st.just("public"),
            table=st.sampled_from(["a", "b", "z"]),
            targets=LIVE_NAMES.map(lambda each: (each,)),
        )
        found.append(
            LiveTable(
                name=name,
                columns=columns,
                key=draw(st.lists(names, unique=True, max_size=2).map(tuple)),
                references=draw(st.lists(references, max_size=2).map(tuple)),
                rows=draw(st.none() | st.integers(0, 10**6)),
            )
        )
    return found


@given(databases())
def test_what_is_proposed_has_no_fault(tables: list[LiveTable]) -> None:
    csp = Csp(id="rented", kind="postgres", url="postgresql://h/d", secret="env:X")

    proposal = propose(tables, name="clinic", csp=csp)

    found = check(read(proposal.text))
    assert not has_errors(found) or [each.code for each in found] == ["nothing"]
    named = {f"{t.name}.{c.name}" for t in proposal.policy.tables for c in t.columns}
    known = {f"{t.name}.{c.name}" for t in tables for c in t.columns}
    assert named <= known
