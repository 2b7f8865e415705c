"""One entry of the log with its proof, in a file that anybody can check without the vault.

- Strict JSON in its one form: entry and salt as they were hashed, the inclusion proof, the signed
  checkpoint and the log's public key.
- The key in the file only says which key to look at. Whether to trust it is up to the reader, who
  names the keys; without one, the best verdict is "whole".
- It shows one entry and the size of the log. It is for the owner to hand out, knowing that.

Source: docs/spec/05-audit-log.md section 8.
"""

import binascii
from base64 import b64decode, b64encode
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from sealhold.audit.checkpoint import open_checkpoint
from sealhold.audit.event import Event, Logged, decode
from sealhold.audit.log import read_head
from sealhold.audit.reading import read_entry
from sealhold.audit.tables import CHECKPOINT, SALT_BYTES, Openers, checkpoint_aad, entry_hash
from sealhold.audit.tree import StoredTree
from sealhold.audit.verdict import check_trust, judge, no_proof
from sealhold.crypto.merkle import Frontier, verify_inclusion
from sealhold.crypto.note import VerifierKey, open_note, parse_verifier_key
from sealhold.crypto.seal import NOBODY, Sealer
from sealhold.model.encoding import Plain, from_json, to_json
from sealhold.model.errors import (
    BadProofError,
    InvalidEncodingError,
    LockedError,
    NotFoundError,
    TamperedError,
)
from sealhold.model.quantities import rfc3339
from sealhold.model.shown import Check, Verdict
from sealhold.stores.spec import ReadView

BUNDLE_TYPE = "application/vnd.sealhold.audit-bundle+json"
MAX_PROOF = 63  # hashes: a log's size is below 2^63

_PAPER = "this audit bundle"
_MARKS = (b'{"event":"', BUNDLE_TYPE.encode(), b'"proof":[', b'"salt":"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Excerpt:
    """Which entry a bundle shows, once it leads to its checkpoint."""

    index: int
    leaf: bytes  # 32 bytes: its hash in the tree
    origin: str  # of the log
    size: int  # entries under the checkpoint
    event: Event
    key: VerifierKey  # that signed the checkpoint


@dataclass(frozen=True, slots=True)
class _Bundle:
    event: bytes
    salt: bytes
    index: int
    proof: tuple[bytes, ...]
    note: str
    key: VerifierKey

    def write(self) -> bytes:
        return to_json(
            {
                "event": _text(self.event),
                "index": self.index,
                "key": str(self.key),
                "note": self.note,
                "proof": [_text(part) for part in self.proof],
                "salt": _text(self.salt),
                "type": BUNDLE_TYPE,
                "v": 1,
            }
        )


def prove_entry(
    view: ReadView,
    seq: int,
    openers: Openers,
    keys: Sequence[VerifierKey],
    *,
    first: bool = False,
) -> bytes:
    """Return the bundle of entry `seq`, under the log's newest checkpoint.

    With `first` under the first one that covers the entry: then the bundle is always the same.
    In it is the one of the log's `keys` that signed the checkpoint.

    Raises:
        NotFoundError: the log has no such entry, or its subject was erased.
        LockedError: the log's own key is not at hand.
        TamperedError: entry or head are not what was written.
    """
    own = openers(NOBODY)
    if own is None:
        raise LockedError("the log's own key is not at hand")
    line = read_entry(view, seq, openers)
    if not line.event:
        raise NotFoundError(f"entry {seq} was erased; nobody can open it any more")
    head = read_head(view, own, keys)
    frontier, note = head.frontier, head.note
    if first:
        frontier, note = _first_over(view, own, StoredTree(view, frontier), seq)
    proof = StoredTree(view, frontier).prove_inclusion(seq)
    signer = open_note(note, keys).signers[0]
    return _Bundle(line.event, line.salt, seq, proof, note, signer).write()


def _first_over(view: ReadView, own: Sealer, tree: StoredTree, seq: int) -> tuple[Frontier, str]:
    """Return the tree as the first checkpoint over an entry knows it, and that checkpoint.

    Raises:
        TamperedError: there is none, or it does not open.
    """
    page = view.scan(CHECKPOINT.name, "key", (seq + 1,), (), limit=1)
    if not page.rows:
        raise TamperedError(f"no checkpoint covers entry {seq}")
    size, sealed = page.rows[0].row
    return tree.frontier_at(size), own.open(sealed, checkpoint_aad(size)).decode()


def read_excerpt(data: bytes) -> Excerpt:
    """Return which entry a bundle shows; whose key signed the checkpoint is the caller's to judge.

    Raises:
        InvalidEncodingError: not an audit bundle in its one form.
        BadSignatureError: the key in it did not sign the checkpoint.
        BadProofError: the entry does not lead to the checkpoint.
    """
    bundle = _read(data)
    checkpoint = open_checkpoint(bundle.note, (bundle.key,))
    leaf = entry_hash(bundle.salt, bundle.event)
    logged = _in_place(bundle)
    verify_inclusion(bundle.index, checkpoint.size, leaf, bundle.proof, checkpoint.root)
    return Excerpt(
        index=bundle.index,
        leaf=leaf,
        origin=checkpoint.origin,
        size=checkpoint.size,
        event=logged.event,
        key=bundle.key,
    )


def looks_like_bundle(data: bytes) -> bool:
    """Return whether `data` is an audit bundle, perhaps an altered one."""
    return any(mark in data for mark in _MARKS)


def verify_bundle(data: bytes, pinned: Collection[bytes]) -> Verdict:
    """Return what holds of an audit bundle. `pinned`: the public keys that the reader trusts."""
    if not looks_like_bundle(data):
        return no_proof("an audit bundle")
    return judge(_PAPER, _steps(data, pinned))


def _steps(data: bytes, pinned: Collection[bytes]) -> Iterator[Check]:
    # THREAT T53: every byte of the file is in what is compared here.
    bundle = _read(data)
    logged = decode(bundle.event)
    what = f"entry {logged.seq}: {logged.event.kind.name.lower()} at {rfc3339(logged.at)}"
    yield Check(name="form", held=True, detail=what)
    checkpoint = open_checkpoint(bundle.note, (bundle.key,))
    yield Check(
        name="signature", held=True, detail=f"{checkpoint.size} entries of {checkpoint.origin}"
    )
    _in_place(bundle)
    hashed = entry_hash(bundle.salt, bundle.event)
    verify_inclusion(bundle.index, checkpoint.size, hashed, bundle.proof, checkpoint.root)
    yield Check(name="proof", held=True, detail=f"{len(bundle.proof)} hashes lead to the root")
    yield check_trust(bundle.key.public, pinned)


def _in_place(bundle: _Bundle) -> Logged:
    logged = decode(bundle.event)
    if logged.seq != bundle.index:
        raise BadProofError(f"entry {logged.seq} stands at place {bundle.index}")
    return logged


def _read(data: bytes) -> _Bundle:
    match from_json(data):
        case {
            "event": str() as event,
            "index": int() as index,
            "key": str() as key,
            "note": str() as note,
            "proof": list() as proof,
            "salt": str() as salt,
        } if len(proof) <= MAX_PROOF and type(index) is int:
            hashes = tuple(_bytes(part) for part in proof)
            bundle = _Bundle(
                _bytes(event), _bytes(salt), index, hashes, note, parse_verifier_key(key)
            )
        case _:
            raise InvalidEncodingError("not an audit bundle")
    # INVARIANT: one bundle, one form; so type, version and every other byte are checked as well.
    if bundle.write() != data or len(bundle.salt) != SALT_BYTES:
        raise InvalidEncodingError("not the one form of an audit bundle")
    return bundle


def _text(value: bytes) -> str:
    return b64encode(value).decode()


def _bytes(text: Plain) -> bytes:
    try:
        return b64decode(text, validate=True)
    except (binascii.Error, ValueError, TypeError) as err:
        raise InvalidEncodingError("not base64") from err
