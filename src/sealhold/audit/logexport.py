"""The whole log in a file, from which anybody adds up its statements again.

- Entries and salts as they were hashed, in their order; of those that nobody can open any more the
  hash. Nothing in it can be left out: the log's signed root is over all of it.
- It tells all that the log does: it is for the owner, and for whom the owner shows it.

Source: docs/spec/40-statement.md section 7.
"""

import binascii
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sealhold.audit.checkpoint import open_checkpoint
from sealhold.audit.event import decode
from sealhold.audit.reading import Line
from sealhold.audit.sums import Noted
from sealhold.audit.tables import SALT_BYTES, entry_hash
from sealhold.crypto.merkle import HASH_BYTES, Frontier
from sealhold.crypto.note import Checkpoint, VerifierKey, parse_verifier_key
from sealhold.model.encoding import from_json, to_json
from sealhold.model.errors import BadProofError, InvalidEncodingError
from sealhold.model.quantities import Instant

EXPORT_TYPE = "application/vnd.sealhold.log-export+json"
ERASED = b"!"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """A log as a file has it, every entry of it under the signed root."""

    key: VerifierKey
    newest: Checkpoint
    entries: tuple[Noted, ...]


def write_export(lines: Iterable[Line], note: str, key: VerifierKey) -> Iterator[bytes]:
    """Yield the lines of the file; `lines` are all entries, the oldest first."""
    yield to_json({"key": str(key), "note": note, "type": EXPORT_TYPE, "v": 1}) + b"\n"
    for line in lines:
        told = b64encode(line.salt + line.event)
        yield (told if line.event else ERASED + b64encode(line.leaf.hash)) + b"\n"


def read_export(data: bytes) -> Exported:
    """Return a log, whole under the key that the file names; whom to trust is open.

    Raises:
        InvalidEncodingError: not an export in its one form.
        BadSignatureError: the key in it did not sign the checkpoint.
        BadProofError: an entry is not the one that was logged, out of place, or left out.
    """
    head, *rest = data.split(b"\n")
    match from_json(head):
        case {"key": str() as key_text, "note": str() as note, "type": kind, "v": 1} if (
            kind == EXPORT_TYPE
        ):
            key = parse_verifier_key(key_text)
        case _:
            raise InvalidEncodingError("not an export of a log")
    told = {"key": str(key), "note": note, "type": EXPORT_TYPE, "v": 1}
    if to_json(told) != head or not rest or rest.pop() != b"":
        raise InvalidEncodingError("not the one form of an export of a log")
    newest = open_checkpoint(note, (key,))
    entries = tuple(_noted(seq, line) for seq, line in enumerate(rest))
    _check_times(entries)
    # THREAT T418: no entry can be edited, left out or put in: the signed root is over all of them
    if (len(entries), root_at(entries, len(entries))) != (newest.size, newest.root):
        raise BadProofError(f"the {len(entries)} entries do not lead to the signed root")
    return Exported(key=key, newest=newest, entries=entries)


def root_at(entries: Iterable[Noted], size: int) -> bytes:
    """Return the root of the log over its first `size` entries."""
    frontier = Frontier()
    for noted in entries:
        if noted.seq == size:
            break
        frontier.append(noted.leaf)
    return frontier.root()


def _noted(seq: int, line: bytes) -> Noted:
    is_erased = line.startswith(ERASED)
    body = _base64(line.removeprefix(ERASED))
    if is_erased:
        if len(body) != HASH_BYTES:
            raise InvalidEncodingError(f"entry {seq}: not a leaf hash")
        return Noted(seq, body, None)
    salt, event = body[:SALT_BYTES], body[SALT_BYTES:]
    try:
        logged = decode(event)
    except InvalidEncodingError as err:
        raise InvalidEncodingError(f"entry {seq}: {err}") from err
    if logged.seq != seq:
        raise BadProofError(f"entry {logged.seq} stands at place {seq}")
    return Noted(seq, entry_hash(salt, event), logged)


def _check_times(entries: Iterable[Noted]) -> None:
    at = Instant(0)
    for noted in entries:
        if noted.logged is not None:
            if noted.logged.at < at:
                raise BadProofError(f"entry {noted.seq}: earlier than the entry before")
            at = noted.logged.at


def _base64(text: bytes) -> bytes:
    try:
        data = b64decode(text, validate=True)
    except (binascii.Error, ValueError) as err:
        raise InvalidEncodingError("not base64") from err
    if b64encode(data) != text:
        raise InvalidEncodingError("not the one form of base64")
    return data
