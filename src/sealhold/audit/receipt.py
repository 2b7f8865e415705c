"""Receipts: signed papers on what happened, in one form for every kind.

- A receipt is strict JSON in an envelope of `crypto.dsse`, signed by the vault that issues it. A
  second party signs the very same bytes beside it.
- The owner's copy names its place in the log. Any other copy has none, a random id of its own and
  no field that is the owner's alone: a place tells how much else happened.
- The log's entry holds the digest of what went out, so paper and log point at each other.

Source: docs/spec/06-receipts.md sections 2 and 4.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from sealhold.audit.event import MAX_AT
from sealhold.audit.forms import read_count, read_hash, read_id, read_text
from sealhold.audit.receiptbody import (
    Body,
    ExposureBody,
    ReceiptKind,
    RunBody,
    read_body,
    write_body,
)
from sealhold.audit.verdict import check_trust, judge, no_proof
from sealhold.crypto import dsse
from sealhold.crypto.digest import sha256
from sealhold.crypto.sign import PublicKey, SigningKey, key_digest
from sealhold.model.encoding import Plain, from_json, to_json
from sealhold.model.errors import BadSignatureError, InvalidEncodingError
from sealhold.model.ids import Id16, ReceiptId, canonical
from sealhold.model.quantities import Instant, rfc3339
from sealhold.model.shown import Check, Verdict

RECEIPT_TYPE = "application/vnd.sealhold.receipt+json"

_PAPER = "this receipt"
# Two places that tell a receipt, so that one changed byte leaves one: the type, and `{"about":` as
# the envelope writes it.
_MARKS = (f'"payloadType":"{RECEIPT_TYPE}"'.encode(), b'{"payload":"eyJhYm91dCI6')


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the log tells of it."""

    origin: str
    size: int  # of the first checkpoint that covers the entry
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What a receipt says."""

    id: ReceiptId  # random, never a time
    at: Instant
    about: Id16  # the grant, job or request that it is of
    audit: Place | None  # None in whatever goes to anybody but the owner
    body: Body

    @property
    def kind(self) -> ReceiptKind:
        """What it is a receipt of."""
        return self.body.kind


@dataclass(frozen=True, slots=True)
class OpenedReceipt:
    """A receipt whose signatures were checked."""

    receipt: Receipt
    issuer: PublicKey
    cosigners: tuple[PublicKey, ...]  # of the keys that the caller named


def issue(receipt: Receipt, key: SigningKey) -> bytes:
    """Return `receipt` as the paper that `key` signs."""
    return dsse.sign(RECEIPT_TYPE, _write(receipt, key.public), (key,))


def outsider_copy(receipt: Receipt, fresh: ReceiptId) -> Receipt:
    """Return what anybody but the owner may have, under an id of its own."""
    body = receipt.body
    if isinstance(body, RunBody):
        # THREAT T55: rows, cost and repetition are facts about the person, place about the vault.
        body = replace(body, rows_read=None, cost=None, repeated=None)
    return replace(receipt, id=fresh, audit=None, body=body)


def countersign(paper: bytes, issuers: Collection[bytes], key: SigningKey) -> bytes:
    """Return `paper` with a second party's signature, after checking the issuer's.

    Raises:
        InvalidEncodingError: not a receipt.
        BadSignatureError: not issued by one of `issuers`, or altered.
        InvalidError: this key signed it already.
    """
    open_receipt(paper, issuers)
    return dsse.add_signature(paper, RECEIPT_TYPE, key)


def open_receipt(paper: bytes, trusted: Collection[bytes]) -> OpenedReceipt:
    """Return the receipt that one of `trusted` issued.

    Raises:
        InvalidEncodingError: not a receipt in its one form.
        BadSignatureError: not issued by one of `trusted`, or altered.
    """
    receipt, issuer, signers = _open(paper, trusted)
    if issuer not in trusted:
        raise BadSignatureError(f"issued by key {key_digest(issuer)}, which is not trusted here")
    return OpenedReceipt(receipt, issuer, tuple(key for key in signers if key != issuer))


def place_of(paper: bytes) -> Place | None:
    """Return where a receipt says that the log tells of it; None in any copy but the owner's.

    Raises:
        InvalidEncodingError: not a receipt in its one form.
        BadSignatureError: the issuer in it did not sign it.
    """
    return _open(paper, ())[0].audit


def receipt_digest(paper: bytes) -> bytes:
    """Return the 32-byte SHA-256 of what is signed; a second signature does not change it.

    Raises:
        InvalidEncodingError: not a signed document.
    """
    return sha256(dsse.read_unverified(paper)[1])


def looks_like_receipt(data: bytes) -> bool:
    """Return whether `data` is a receipt, perhaps an altered one."""
    return any(mark in data for mark in _MARKS)


def verify_receipt(data: bytes, pinned: Collection[bytes]) -> Verdict:
    """Return what holds of a receipt. `pinned`: the public keys that the reader trusts."""
    if not looks_like_receipt(data):
        return no_proof("a receipt")
    return judge(_PAPER, _steps(data, pinned))


def _steps(data: bytes, pinned: Collection[bytes]) -> Iterator[Check]:
    # THREAT T53: the signature is over the very bytes that are read here.
    receipt, issuer, signers = _open(data, pinned)
    what = f"{receipt.kind} {canonical(receipt.about)} at {rfc3339(receipt.at)}"
    yield Check(name="form", held=True, detail=what)
    if isinstance(receipt.body, RunBody) and receipt.body.third_party is not None:
        detail = f"secrecy of the files it read: {receipt.body.third_party.value}"
        yield Check(name="third party", held=True, detail=detail)
    if isinstance(receipt.body, ExposureBody):
        yield from _exposure(receipt.body)
    _, _, names = dsse.read_unverified(data)
    beside = len(signers) - 1
    detail = f"the issuer, {beside} beside it that you trust, {len(names) - 1 - beside} unknown"
    yield Check(name="signature", held=True, detail=detail)
    yield check_trust(issuer, pinned)


def _exposure(body: ExposureBody) -> Iterator[Check]:
    objects, versions = (sum(getattr(had, n) for had in body.had) for n in ("objects", "versions"))
    places = len(body.had)
    detail = f"{body.called}: keys of {versions} versions of {objects} objects in {places} places"
    yield Check(name="it had", held=True, detail=detail)
    still = [had.name for had in body.had if not had.ends]
    if still:
        detail = f"until their owners hear of it: {', '.join(still)}"
        yield Check(name="it still gets", held=True, detail=detail)
    yield Check(name="limit", held=True, detail=body.limit.value)


def _open(
    paper: bytes, publics: Collection[bytes]
) -> tuple[Receipt, PublicKey, tuple[PublicKey, ...]]:
    _, claimed, _ = dsse.read_unverified(paper)
    _, issuer = _read(claimed)
    # The issuer's own signature is asked for in any case: a second party's alone issues nothing.
    opened = dsse.open(paper, RECEIPT_TYPE, {issuer, *publics})
    receipt, issuer = _read(opened.payload)
    if issuer not in opened.signers:
        raise BadSignatureError("the issuer did not sign")
    return receipt, issuer, opened.signers


def _write(receipt: Receipt, issuer: bytes) -> bytes:
    place = receipt.audit
    return to_json(
        {
            "about": canonical(receipt.about),
            "at": receipt.at,
            "audit": place and {"index": place.index, "origin": place.origin, "size": place.size},
            "body": write_body(receipt.body),
            "id": canonical(receipt.id),
            "issuer": issuer.hex(),
            "kind": receipt.kind.value,
            "v": 1,
        }
    )


def _read(payload: bytes) -> tuple[Receipt, PublicKey]:
    match from_json(payload):
        case {
            "about": about,
            "at": at,
            "audit": audit,
            "body": body,
            "id": name,
            "issuer": issuer,
            "kind": kind,
        } if read_count(at) <= MAX_AT:
            key = PublicKey(read_hash(issuer))
            receipt = Receipt(
                id=ReceiptId(read_id(name)),
                at=Instant(at),
                about=read_id(about),
                audit=_read_place(audit),
                body=read_body(read_text(kind), body),
            )
        case _:
            raise InvalidEncodingError("not a receipt")
    # INVARIANT: one receipt, one form: no field twice said, none that is not read.
    if _write(receipt, key) != payload:
        raise InvalidEncodingError("not the one form of a receipt")
    return receipt, key


def _read_place(tree: Plain) -> Place | None:
    match tree:
        case None:
            return None
        case {"origin": origin, "size": size, "index": index} if read_count(index) < read_count(
            size
        ):
            return Place(origin=read_text(origin), size=size, index=index)
        case _:
            raise InvalidEncodingError("not a place in a log")
