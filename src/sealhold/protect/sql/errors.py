"""Errors, as a client of PostgreSQL is told them: ours, and the provider's in the client's names.

- Ours have a code of `SH...`, or PostgreSQL's where it has one for the very same.
- Of the provider's the SQLSTATE stays. Names of physical columns become the client's; values that
  stand in a text become `(protected)`; positions go, since they count in another text.

Source: docs/spec/56-postgresql-proxy.md section 7.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from sealhold.model.errors import (
    DatabaseAwayError,
    DeniedError,
    ExhaustedError,
    InvalidError,
    QuarantinedError,
    RowStaleError,
    SealholdError,
    StaleError,
    TamperedError,
    UnavailableError,
)
from sealhold.protect.sql.parsing import parse_notice
from sealhold.protect.sql.wire import build_notice

CANNOT_RESOLVE: Final = "SH001"
NOT_POSSIBLE: Final = "SH002"
TAMPERED: Final = "SH003"
STALE: Final = "SH004"
AWAY: Final = "SH005"
LIMIT: Final = "SH006"
POLICY: Final = "SH007"
QUARANTINED: Final = "SH008"
READ_ONLY: Final = "25006"

UNDEFINED: Final = frozenset((b"42P01", b"42703", b"42883", b"3F000", b"42704"))
_HEAD: Final = 5
_DETAILS: Final = (b"D", b"H", b"W")  # what is said of rows and of functions
_DROPPED: Final = (b"P", b"p", b"q")  # positions and the provider's own texts
_TEXTS: Final = (b"M", b"D", b"H", b"W")
_VALUES: Final = (
    (re.compile(r"\)=\(.*\)", re.DOTALL), ")=(protected)"),
    (
        re.compile(r"(Failing row contains |row is |with values? )\(.*\)", re.DOTALL),
        r"\1(protected)",
    ),
    (re.compile(r"\\x[0-9a-f]{16,}"), "(protected)"),
)
_SAID: Final[tuple[tuple[type[SealholdError], str], ...]] = (
    (RowStaleError, STALE),
    (TamperedError, TAMPERED),
    (StaleError, STALE),
    (DatabaseAwayError, AWAY),
    (ExhaustedError, LIMIT),
    (QuarantinedError, QUARANTINED),
    (DeniedError, POLICY),
    (UnavailableError, POLICY),
    (InvalidError, NOT_POSSIBLE),
)


def error(
    code: str, message: str, hint: str = "", *, position: int = 0, fatal: bool = False
) -> bytes:
    """Return an ErrorResponse of ours."""
    severity = b"FATAL" if fatal else b"ERROR"
    fields = {b"S": severity, b"V": severity, b"C": code.encode(), b"M": message.encode()}
    if hint:
        fields[b"H"] = hint.encode()
    if position:
        fields[b"P"] = b"%d" % position
    return build_notice(b"E", fields)


def told(err: SealholdError) -> bytes:
    """Return an error of the vault's own as an ErrorResponse."""
    code = next((code for kind, code in _SAID if isinstance(err, kind)), "XX000")
    return error(code, str(err) or type(err).code(), err.remedy())


def finding(err: TamperedError) -> str:
    """Return what the log says is wrong at the provider."""
    return "stale" if isinstance(err, RowStaleError) else "tampered"


def sqlstate(message: bytes) -> bytes:
    """Return the SQLSTATE of an ErrorResponse."""
    return parse_notice(message[_HEAD:]).get(b"C", b"")


ABORTED: Final = error(
    "25P02", "current transaction is aborted, commands ignored until end of transaction block"
)


SWITCHED: Final = error(
    "40001", "the table was switched to its other form meanwhile", "run the transaction again"
)


def is_switched(message: bytes) -> bool:
    """Whether an error is about a column that a migration has just moved."""
    return sqlstate(message) == b"42703" and b"_sh_was_" in message


class Renaming:
    """What physical names are called for the client, and whether values are protected."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = dict(names)
        words = sorted(map(re.escape, self._names), key=len, reverse=True)
        self._words = re.compile(rf"(?<![A-Za-z0-9])({'|'.join(words)})(?![A-Za-z0-9])")

    @classmethod
    def of(cls, places: Iterable[tuple[str, str]]) -> "Renaming | None":
        """Return the renaming of pairs of physical and logical names; None if there are none."""
        names = dict(places)
        return cls(names) if names else None

    def text(self, said: str) -> str:
        """Return a text without values, in the client's names."""
        for pattern, instead in _VALUES:
            said = pattern.sub(instead, said)
        return self._words.sub(lambda found: self._names[found[1]], said)


def relayed(kind: bytes, message: bytes, *, is_bare: bool = False) -> bytes:
    """Return an error or notice about a clear statement: only its positions go.

    For a role with masks notices go, and what an error says of rows (`is_bare`).
    """
    # THREAT T738: a failed CHECK shows the whole row, a trigger says what it likes
    if is_bare and kind == b"N":
        return b""
    dropped = (*_DROPPED, *_DETAILS) if is_bare else _DROPPED
    fields = parse_notice(message[_HEAD:])
    if not any(letter in fields for letter in dropped):
        return message
    for letter in dropped:
        fields.pop(letter, None)
    return build_notice(kind, fields)


def renamed(message: bytes, renaming: Renaming | None) -> bytes:
    """Return an error about a statement on protected columns, as the client may read it."""
    if renaming is None:
        return relayed(b"E", message)
    fields = parse_notice(message[_HEAD:])
    # THREAT T651: what the provider says may hold what it should not know to say
    for letter in _DROPPED:
        fields.pop(letter, None)
    for letter in (*_TEXTS, b"c", b"n"):
        if letter in fields:
            fields[letter] = renaming.text(fields[letter].decode("utf-8", "replace")).encode()
    return build_notice(b"E", fields)


def too_many(most: int) -> bytes:
    """Return the error of a statement that would bring too much here."""
    return error(
        LIMIT,
        f"more than {most} rows, or too long ones, would have to be opened here",
        "narrow the statement, or raise `fetch_rows` in the policy",
    )
