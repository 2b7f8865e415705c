"""Known answers for the log and its papers: ours, frozen with each format, and published ones.

A vector names a call, its arguments and its outcome, as in known.py. A frozen vector
is never changed: logs and papers of that form lie with people.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePublicNumbers,
)
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from sealhold.audit.bundle import verify_bundle
from sealhold.audit.event import Actor, Event, EventKind, Outcome, decode, encode
from sealhold.audit.receipt import verify_receipt
from sealhold.audit.tables import TABLES, entry_hash
from sealhold.audit.verify import verify_log
from sealhold.crypto import dsse, merkle, note
from sealhold.crypto.seal import NOBODY, Sealer
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import SigningKey
from sealhold.model.encoding import Plain
from sealhold.model.ids import Id16
from sealhold.model.quantities import Instant
from sealhold.stores.backends.memory import MemoryRecords
from sealhold.stores.spec import Put
from tests.vectors.known import Args, cases, check

HERE = Path(__file__).parent
SPEC = HERE.parents[1] / "docs" / "spec"

TEXTS = {"purpose", "collection", "reason", "template"}
WORDS = {"kind": EventKind, "actor": Actor, "outcome": Outcome}


def hexed(value: str) -> bytes:
    return bytes.fromhex(value)


def leaves(args: Args) -> list[bytes]:
    return [merkle.leaf_hash(hexed(leaf)) for leaf in args["leaves"]]


def proved_inclusion(args: Args) -> list[str]:
    hashes, index = leaves(args), args["index"]
    proof = merkle.prove_inclusion(hashes, index)
    merkle.verify_inclusion(index, len(hashes), hashes[index], proof, merkle.root(hashes))
    return [part.hex() for part in proof]


def proved_consistency(args: Args) -> list[str]:
    hashes, size1 = leaves(args), args["size1"]
    proof = merkle.prove_consistency(hashes, size1)
    merkle.verify_consistency(
        size1, len(hashes), merkle.root(hashes[:size1]), merkle.root(hashes), proof
    )
    return [part.hex() for part in proof]


def opened_note(args: Args) -> str:
    keys = [note.parse_verifier_key(text) for text in args["keys"]]
    return note.open_note(args["note"], keys).text


def checkpoint(args: Args) -> list[object]:
    found = note.parse_checkpoint(args["text"])
    return [found.origin, found.size, found.root.hex()]


def signature_of_pae_holds(args: Args) -> bool:
    key = EllipticCurvePublicNumbers(int(args["x"]), int(args["y"]), SECP256R1()).public_key()
    raw = hexed(args["signature"])
    halves = (int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    message = dsse.pae(args["type"], hexed(args["payload"]))
    key.verify(encode_dss_signature(*halves), message, ECDSA(SHA256()))
    return True


def event_of(tree: Args) -> Event:
    def value(name: str, written: Plain) -> Plain:
        if name in WORDS:
            return WORDS[name][written]
        if name == "fields":
            return tuple(written)
        return hexed(written) if isinstance(written, str) and name not in TEXTS else written

    return Event(**{name: value(name, written) for name, written in tree.items()})


def encoded(args: Args) -> str:
    data = encode(event_of(args["event"]), args["seq"], Instant(args["at"]), args["before"])
    assert decode(data).event == event_of(args["event"])
    return data.hex()


def verified_log(args: Args) -> Args:
    keys = {Id16(hexed(name)): Secret(hexed(key), "k") for name, key in args["subjects"].items()}
    keys[NOBODY] = Secret(hexed(args["log"]), "log")
    public = SigningKey(Secret(hexed(args["sign"]), "log-sign")).public
    store = MemoryRecords()
    store.open(TABLES, None, create=True)
    fence = store.lease(NOBODY, NOBODY, 60, Instant(0))
    names = {"log"}  # the one text cell
    rows = [
        Put(table, tuple(hexed(c) if isinstance(c, str) and c not in names else c for c in row))
        for table, kept in args["rows"].items()
        for row in kept
    ]
    store.commit((), lambda _: rows, fence)
    report = verify_log(
        store,
        {name: Sealer(key) for name, key in keys.items()}.get,
        [note.VerifierKey(args["origin"], public)],
        args["newest"],
    )
    return {"faults": list(report.faults), "size": report.size, "root": report.root.hex()}


def pinned(args: Args) -> list[bytes]:
    return [hexed(key) for key in args["pinned"]]


CALLS: dict[str, Callable[[Args], object]] = {
    "root": lambda a: merkle.root(leaves(a)).hex(),
    "prove_inclusion": proved_inclusion,
    "prove_consistency": proved_consistency,
    "open_note": opened_note,
    "parse_checkpoint": checkpoint,
    "pae": lambda a: dsse.pae(a["type"], hexed(a["payload"])).hex(),
    "p256_of_pae": signature_of_pae_holds,
    "encode": encoded,
    "decode": lambda a: decode(hexed(a["event"])),
    "entry_hash": lambda a: entry_hash(hexed(a["salt"]), hexed(a["event"])).hex(),
    "verify_log": verified_log,
    "verify_bundle": lambda a: verify_bundle(a["bundle"].encode(), pinned(a)).exit_code,
    "verify_receipt": lambda a: verify_receipt(a["receipt"].encode(), pinned(a)).exit_code,
    "payload": lambda a: dsse.read_unverified(a["receipt"].encode())[1].decode(),
}


CASES = cases("05-audit")


@pytest.mark.parametrize("case", CASES)
def test_a_known_answer_holds(case: Args) -> None:
    check(CALLS, case)


def test_every_call_has_a_vector() -> None:
    assert {param.values[0]["call"] for param in CASES} == set(CALLS)


def test_the_spec_lists_every_kind_of_event_with_its_number() -> None:
    page = (SPEC / "05-audit-log.md").read_text()

    assert [
        kind for kind in EventKind if f"| {kind.value} | `{kind.name.lower()}` |" not in page
    ] == []


def test_the_spec_lists_every_field_of_an_event() -> None:
    page = (SPEC / "05-audit-log.md").read_text()

    assert [name for name in Event.__struct_fields__ if f"`{name}`" not in page] == []
