"""What is said between two proxies: a statement with its values, and the receipt of the answer.

- The receipt is signed by the owner's key. It names grant, nonce and statement, how many rows there
  were and the hash of their bytes, and when: the time and the newest checkpoint of the owner's log.

Source: docs/spec/67-proxy-to-proxy.md section 4.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sealhold.crypto import dsse
from sealhold.crypto.digest import framed, sha256
from sealhold.crypto.sign import PublicKey, SigningKey
from sealhold.model.encoding import Plain, from_json, to_json
from sealhold.model.errors import InvalidEncodingError
from sealhold.model.quantities import Instant
from sealhold.protect.peers.paper import ID_BYTES, Values

PAYLOAD_TYPE: Final = "application/vnd.sealhold.query-receipt+json"
FORMAT: Final = "sealhold-query-receipt/1"
NONCE_BYTES: Final = 16
MAX_VALUES: Final = 1_000
MAX_REQUEST: Final = 262_144  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One statement that another proxy asks."""

    grant: bytes  # 16
    sql: str
    values: Values
    nonce: bytes  # 16
    at: Instant

    @property
    def statement(self) -> bytes:
        """The hash of text and values."""
        return sha256(framed(self.sql.encode(), to_json(list(self.values))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What an owner signed about one answer."""

    grant: bytes
    nonce: bytes
    statement: bytes  # hash of text and values
    rows: int
    answer: bytes  # hash of the hashes of the frames with columns and rows, in order
    at: Instant
    head: bytes  # hash of the newest checkpoint of the owner's log


def write_ask(ask: Ask) -> bytes:
    """Return the bytes of a request."""
    said: dict[str, Plain] = {
        "grant": ask.grant.hex(),
        "sql": ask.sql,
        "values": list(ask.values),
        "nonce": ask.nonce.hex(),
        "at": ask.at,
    }
    return to_json(said)


def read_ask(data: bytes) -> Ask:
    """Return what is asked.

    Raises:
        InvalidEncodingError: it is no request.
    """
    match from_json(data, limit=MAX_REQUEST):
        case {
            "grant": str() as grant,
            "sql": str() as sql,
            "values": list() as values,
            "nonce": str() as nonce,
            "at": int() as at,
            **more,
        } if not more and len(values) <= MAX_VALUES:
            pass
        case _:
            raise InvalidEncodingError("not a request of a proxy")
    if any(not isinstance(each, str | None) for each in values):
        raise InvalidEncodingError("a value that is no text")
    return Ask(
        grant=_bytes(grant, ID_BYTES),
        sql=sql,
        values=tuple(values),
        nonce=_bytes(nonce, NONCE_BYTES),
        at=Instant(at),
    )


def answer_hash(frames: Iterable[bytes]) -> bytes:
    """Return the hash of an answer, by the hashes of its frames."""
    return sha256(*frames)


def sign_receipt(receipt: Receipt, key: SigningKey) -> bytes:
    """Return the envelope of a receipt."""
    said: dict[str, Plain] = {
        "format": FORMAT,
        "grant": receipt.grant.hex(),
        "nonce": receipt.nonce.hex(),
        "statement": receipt.statement.hex(),
        "rows": receipt.rows,
        "answer": receipt.answer.hex(),
        "at": receipt.at,
        "head": receipt.head.hex(),
    }
    return dsse.sign(PAYLOAD_TYPE, to_json(said), [key])


def open_receipt(envelope: bytes, owner: PublicKey) -> Receipt:
    """Return the receipt that an owner signed.

    Raises:
        InvalidEncodingError: it is none.
        BadSignatureError: the owner did not sign it.
    """
    match from_json(dsse.open(envelope, PAYLOAD_TYPE, [owner]).payload):
        case {
            "format": "sealhold-query-receipt/1",
            "grant": str() as grant,
            "nonce": str() as nonce,
            "statement": str() as statement,
            "rows": int() as rows,
            "answer": str() as answer,
            "at": int() as at,
            "head": str() as head,
        }:
            return Receipt(
                grant=_bytes(grant, ID_BYTES),
                nonce=_bytes(nonce, NONCE_BYTES),
                statement=bytes.fromhex(statement),
                rows=rows,
                answer=bytes.fromhex(answer),
                at=Instant(at),
                head=bytes.fromhex(head),
            )
        case _:
            raise InvalidEncodingError("not a receipt of a proxy")


def _bytes(text: str, length: int) -> bytes:
    try:
        found = bytes.fromhex(text)
    except ValueError as err:
        raise InvalidEncodingError("not hex") from err
    if len(found) != length:
        raise InvalidEncodingError(f"{len(found)} bytes, not {length}")
    return found
