"""A protection policy as it stands in a file: TOML in, values out, with the line of each key.

- Unknown keys, wrong types and values out of range are told all at once, each with its line.
- A file with such faults gives no policy: nothing of it is used.
- The digest is of the exact bytes, and it is what the next version names as `previous`.

Source: docs/spec/16-protection-policy.md sections 1 and 2.
"""

import re
import tomllib
from dataclasses import dataclass
from typing import Final

from sealhold.crypto.digest import sha256
from sealhold.protect.findings import Finding, Findings, has_errors, refuse
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
from sealhold.protect.policykeys import Keys
from sealhold.protect.policywords import (
    ALPHABET,
    ALPHABETS,
    AUDITS,
    BUCKET,
    CLASSES,
    COLUMN,
    COLUMN_IS,
    DATASET,
    DIGEST,
    FOLDS,
    FORMAT,
    ID,
    KINDS,
    METHODS,
    NAME_IS,
    PADS,
    PREFIX,
    REACTIONS,
    RIGHTS,
    SERVERS,
    SQL_NAME,
    TABLE,
    TABLE_IS,
    TECHNIQUES,
    TOKENS,
    TYPE,
    USAGES,
    VISIBLE,
    WORD,
)
from sealhold.protect.tomllines import Lines, lines_of

MAX_POLICY: Final = 1_048_576  # bytes; a thousand tables of twenty columns have some 800,000
MAX_NUMBER: Final = 2**63 - 1

_AT: Final = re.compile(r"\(at line ([0-9]+)")

# what holds of each part where its file says nothing
LIMITS: Final = Limits()
TABLE_ALONE: Final = TablePolicy(dataset="", name="", columns=())
COLUMN_ALONE: Final = ColumnPolicy(name="", type="")
RELEASE_ALONE: Final = Anonymise(table="", quasi=())
OBJECT_ALONE: Final = ObjectPolicy(bucket="")


@dataclass(frozen=True, slots=True)
class PolicyFile:
    """What a file says, and what is wrong with how it says it."""

    policy: Policy | None  # None if there is an error
    lines: Lines
    findings: tuple[Finding, ...]


def load(data: bytes) -> Policy:
    """Return the policy that `data` writes down; whether it makes sense is not asked.

    Raises:
        InvalidPolicyError: it cannot be read.
    """
    found = read(data)
    refuse(found.findings)
    assert found.policy is not None  # noqa: S101  # reason: absent only beside an error
    return found.policy


def read(data: bytes) -> PolicyFile:
    """Return the policy that `data` writes down, or else all that is wrong with the writing."""
    try:
        text = _text(data)
        told = tomllib.loads(text)
    except (ValueError, RecursionError) as err:
        at = _AT.search(str(err))
        return _unreadable(int(at[1]) if at else 1, str(err))
    lines = lines_of(text)
    findings = Findings(lines)
    policy = _policy(Keys(told, (), findings), digest_of(data), lines)
    gathered = findings.all()
    return PolicyFile(None if has_errors(gathered) else policy, lines, gathered)


def digest_of(data: bytes) -> str:
    """Return how the next version names these bytes: `sha256:` and 64 hex digits."""
    return f"sha256:{sha256(data).hex()}"


def _text(data: bytes) -> str:
    """Return the text of a file.

    Raises:
        ValueError: too long, or not UTF-8.
    """
    if len(data) > MAX_POLICY:
        raise ValueError(f"more than {MAX_POLICY:,} bytes")
    return data.decode().replace("\r\n", "\n")


def _unreadable(line: int, why: str) -> PolicyFile:
    lines = Lines({("policy",): line})
    findings = Findings(lines)
    findings.error("not-toml", ("policy",), f"not TOML: {why}", "correct how it is written")
    return PolicyFile(None, lines, findings.all())


def _policy(keys: Keys, digest: str, lines: Lines) -> Policy:
    keys.word("format", (FORMAT,), "")
    if not keys.has("format"):
        keys.fault("format", f"`{FORMAT}`")
    limits = keys.table("limits")
    policy = Policy(
        name=keys.text("name", ID, "a name of letters, digits, `_` and `-`"),
        version=keys.whole("version", 1, MAX_NUMBER, None),
        previous=keys.text("previous", DIGEST, "`sha256:` and 64 hex digits", ""),
        names=keys.word("names", ("clear", "hidden"), "clear"),
        default=Unlisted(keys.word("default", ("refuse", "clear"), "refuse")),
        limits=Limits(
            fetch_rows=limits.whole("fetch_rows", 1, 10**9, LIMITS.fetch_rows),
            fetch_bytes=limits.size("fetch_bytes", 65_536, 2**40, LIMITS.fetch_bytes),
            pending=limits.whole("pending", 1, 10**6, LIMITS.pending),
        ),
        csps=tuple(_csp(each) for each in keys.tables("csp")),
        tables=tuple(_table(each, lines) for each in keys.tables("table")),
        never_together=tuple(_together(each) for each in keys.tables("constraint")),
        anonymise=tuple(_anonymise(each, lines) for each in keys.tables("anonymise")),
        objects=tuple(_object(each, lines) for each in keys.tables("object")),
        roles=tuple(_role(each, lines) for each in keys.tables("role")),
        digest=digest,
    )
    limits.end()
    keys.end()
    return policy


def _csp(keys: Keys) -> Csp:
    csp = Csp(
        id=keys.text("id", ID, "a name of letters, digits, `_` and `-`"),
        kind=keys.word("kind", SERVERS, "postgres"),
        url=keys.text("url", VISIBLE, "an address"),
        secret=keys.text("secret", VISIBLE, "`env:NAME` or `vault:NAME`", ""),
        group=keys.text("group", WORD, "a word for who runs it", ""),
        replica_of=keys.text("replica_of", ID, "the id of a `[[csp]]`", ""),
    )
    keys.end()
    return csp


def _table(keys: Keys, lines: Lines) -> TablePolicy:
    rate = keys.table("rate")
    table = TablePolicy(
        dataset=keys.text("dataset", DATASET, "a name of small letters, digits, `_` and `-`"),
        name=keys.text("name", SQL_NAME, NAME_IS),
        schema=keys.text("schema", SQL_NAME, NAME_IS, TABLE_ALONE.schema),
        key=keys.texts("key", SQL_NAME, NAME_IS),
        csps=keys.texts("csps", ID, "ids of `[[csp]]`"),
        bind=Bind(keys.word("bind", tuple(each.value for each in Bind), "row")),
        integrity=Integrity(
            keys.word("integrity", tuple(each.value for each in Integrity), "cell")
        ),
        rows_per_minute=rate.whole("rows_per_minute", 0, MAX_NUMBER, 0),
        distinct_per_hour=rate.whole("distinct_per_hour", 0, MAX_NUMBER, 0),
        decoys=keys.whole("decoys", 0, 1_000_000, 0),
        bait=keys.whole("bait", 0, 10_000, 0),
        reactions=keys.words("reactions", REACTIONS, ("notify",)),
        columns=tuple(_column(each, lines) for each in keys.tables("column")),
        line=lines.of(keys.path),
    )
    rate.end()
    keys.end()
    return table


def _column(keys: Keys, lines: Lines) -> ColumnPolicy:
    column = ColumnPolicy(
        name=keys.text("name", SQL_NAME, NAME_IS),
        type=keys.text("type", TYPE, "a type as PostgreSQL names it"),
        class_=keys.word("class", CLASSES, COLUMN_ALONE.class_),
        kind=keys.word("kind", KINDS, COLUMN_ALONE.kind),
        usages=keys.words("usages", USAGES, COLUMN_ALONE.usages),
        protect=_protect(keys),
        domain=keys.text("domain", WORD, "a word", ""),
        pad=keys.one_of("pad", PADS, 0),
        audit=keys.word("audit", AUDITS, COLUMN_ALONE.audit),
        fold=keys.word("fold", FOLDS, COLUMN_ALONE.fold),
        tokens=keys.text("tokens", TOKENS, "`unicode` or `prefix3-8`", COLUMN_ALONE.tokens),
        bits=keys.one_of("bits", (0, *range(8, 33)), 0),
        scale=keys.whole_or_none("scale", 0, 18),
        range=keys.pair("range", -(2**63), MAX_NUMBER),
        buckets=keys.whole("buckets", 2, 65_536, COLUMN_ALONE.buckets),
        alphabet=keys.text(
            "alphabet",
            ALPHABET,
            f"{', '.join(ALPHABETS)}, or `=` and its characters",
            COLUMN_ALONE.alphabet,
        ),
        null=keys.word("null", ("clear", "hidden"), COLUMN_ALONE.null),
        line=lines.of(keys.path),
    )
    keys.end()
    return column


def _protect(keys: Keys) -> tuple[str, ...]:
    """Return the techniques of a column: a list of them, or `"clear"`."""
    if keys.value("protect") == "clear":
        return ("clear",)
    return keys.words("protect", TECHNIQUES, ("sealed",))


def _together(keys: Keys) -> tuple[str, ...]:
    columns = keys.texts("never_together", COLUMN, COLUMN_IS)
    if len(columns) < 2:  # noqa: PLR2004  # reason: one column alone is with no other
        keys.fault("never_together", "two columns or more")
    keys.end()
    return columns


def _anonymise(keys: Keys, lines: Lines) -> Anonymise:
    found = Anonymise(
        table=keys.text("table", SQL_NAME, "the name of a `[[table]]`"),
        quasi=keys.texts("quasi", SQL_NAME, NAME_IS),
        sensitive=keys.texts("sensitive", SQL_NAME, NAME_IS),
        k=keys.whole("k", 2, 1_000_000, RELEASE_ALONE.k),
        l=keys.whole("l", 1, 1_000_000, RELEASE_ALONE.l),
        t=keys.fraction("t", RELEASE_ALONE.t),
        suppress_max=keys.fraction("suppress_max", RELEASE_ALONE.suppress_max),
        method=keys.word("method", METHODS, RELEASE_ALONE.method),
        line=lines.of(keys.path),
    )
    keys.end()
    return found


def _object(keys: Keys, lines: Lines) -> ObjectPolicy:
    found = ObjectPolicy(
        bucket=keys.text("bucket", BUCKET, "the name of a bucket"),
        prefix=keys.text("prefix", PREFIX, "the beginning of names", ""),
        split=_shares(keys.table("split")) if keys.has("split") else None,
        names=keys.word("names", ("sealed", "clear"), OBJECT_ALONE.names),
        segment=keys.one_of("segment", (4_096, 16_384, 65_536, 262_144, 1_048_576), 65_536),
        line=lines.of(keys.path),
    )
    keys.end()
    return found


def _shares(keys: Keys) -> Shares:
    shares = Shares(
        k=keys.whole("k", 1, 255, None),
        n=keys.whole("n", 2, 255, None),
        csps=keys.texts("csps", ID, "ids of `[[csp]]`"),
    )
    keys.end()
    return shares


def _role(keys: Keys, lines: Lines) -> Role:
    role = Role(
        name=keys.text("name", ID, "a name of letters, digits, `_` and `-`"),
        users=keys.texts("users", WORD, "names of users, or `*` for all who are in no other role"),
        may=keys.words("may", RIGHTS, ()),
        tables=keys.texts("tables", TABLE, TABLE_IS),
        masks=tuple(_mask(each, lines) for each in keys.tables("mask")),
        line=lines.of(keys.path),
    )
    keys.end()
    return role


def _mask(keys: Keys, lines: Lines) -> Mask:
    mask = Mask(
        column=keys.text("column", COLUMN, COLUMN_IS),
        show=keys.text("show", VISIBLE, "what is shown of it"),
        writes=keys.truth("writes"),
        line=lines.of(keys.path),
    )
    keys.end()
    return mask
