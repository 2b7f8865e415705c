"""The statement as a signed paper, in one form that anybody can check.

- It carries the log's own word on its size and root at the end of the month.
- Names of apps and sources are the vault's word alone: the log has ids.

Source: docs/spec/40-statement.md section 6.
"""

from base64 import b64encode

import msgspec

from sealhold.audit.event import MAX_AT
from sealhold.audit.forms import read_hash
from sealhold.audit.sums import SETS, SUMS
from sealhold.crypto import dsse
from sealhold.crypto.sign import PublicKey, SigningKey
from sealhold.model.encoding import Plain, from_json, to_json
from sealhold.model.errors import InvalidEncodingError
from sealhold.model.shown.statement import Drawn, Part, Statement

STATEMENT_TYPE = "application/vnd.sealhold.statement+json"
VERSION = "sealhold.statement/1"
_MARKS = (STATEMENT_TYPE.encode(), b'{"payload":"' + b64encode(b'{"drawn":{"'))  # one is unhurt

WORDS = {Part.USE: 2, Part.ASK: 2, Part.SOURCE: 2, Part.OWN: 1, Part.UPKEEP: 1, Part.ERASED: 0}


def sign_statement(statement: Statement, key: SigningKey) -> bytes:
    """Return the statement as `key` signs it."""
    return dsse.sign(STATEMENT_TYPE, _write(statement, key.public), (key,))


def open_statement(paper: bytes) -> tuple[Statement, PublicKey]:
    """Return what a statement says, and the key in it that signed it; whom to trust is open.

    Raises:
        InvalidEncodingError: not a statement in its one form.
        BadSignatureError: altered.
    """
    _, claimed, _ = dsse.read_unverified(paper)
    _, issuer = _read(claimed)
    # THREAT T417: each figure is one that was signed
    return _read(dsse.open(paper, STATEMENT_TYPE, {issuer}).payload)


def looks_like_statement(data: bytes) -> bool:
    """Return whether `data` is a statement, perhaps an altered one."""
    return any(mark in data for mark in _MARKS)


def fields_of(statement: Statement) -> dict[str, Plain]:
    """Return the statement as JSON has it."""
    told: dict[str, Plain] = msgspec.to_builtins(statement)
    return told


def _write(statement: Statement, issuer: bytes) -> bytes:
    return to_json({**fields_of(statement), "issuer": issuer.hex(), "v": VERSION})


def _read(payload: bytes) -> tuple[Statement, PublicKey]:
    match from_json(payload):
        case {"issuer": issuer, "v": version, **told} if version == VERSION:
            key = PublicKey(read_hash(issuer))
        case _:
            raise InvalidEncodingError("not a statement")
    try:
        statement = msgspec.convert(told, Statement)
    except msgspec.ValidationError as err:
        raise InvalidEncodingError("not a statement") from err
    # INVARIANT: one statement, one form: no field twice said, none that is not read.
    fits = 0 <= statement.made <= MAX_AT and _fits(statement.drawn)
    if not fits or _write(statement, key) != payload:
        raise InvalidEncodingError("not the one form of a statement")
    return statement, key


def _fits(drawn: Drawn) -> bool:
    """Return whether all is there that the page is made of."""
    return (
        0 <= drawn.first <= drawn.last
        and drawn.earlier.keys() == set(SUMS)
        and all(
            line.sums.keys() == set(SUMS)
            and line.sets.keys() == set(SETS)
            and len(line.of) == WORDS[line.part]
            for line in drawn.lines
        )
    )
