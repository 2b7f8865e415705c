"""Known answers for sealing and keys: ours, frozen with each format, and those of the standards.

A vector names a call, its arguments and its outcome: `ok` with a result, or the kind of refusal.
Bytes are hex. A frozen vector is never changed: data that it stands for lies in people's vaults.
"""

import hashlib
import hmac
from base64 import b64decode
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from blake3 import blake3
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey, MLDSA65PublicKey

from sealhold.crypto import chunkid, clientproof, digest, kdf, rootid, sethash, sign, token
from sealhold.crypto.cutter import Cutter
from sealhold.crypto.entropy import seeded
from sealhold.crypto.fastcutter import FastCutter
from sealhold.crypto.hybrid import BoxKey
from sealhold.crypto.roots import keyfile, passphrase, tpm2
from sealhold.crypto.roots.software import SoftwareRoot
from sealhold.crypto.seal import (
    KeyKind,
    Sealer,
    body_aad,
    open_once,
    seal_once,
    wrap_aad,
)
from sealhold.crypto.secret import Secret
from sealhold.crypto.tags import Tag
from sealhold.model.ids import Collection
from sealhold.model.quantities import Instant
from tests.vectors.known import Args, cases, check

HERE = Path(__file__).parent


def hexed(value: str) -> bytes:
    return bytes.fromhex(value)


def secret(value: str) -> Secret:
    return Secret(hexed(value), "vector key")


def parts(args: Args) -> list[bytes]:
    return [hexed(part) for part in args["parts"]]


def from_seed(seed: str) -> Callable[[int], bytes]:
    return seeded(hexed(seed))


def place_of_wrap(args: Args) -> bytes:
    app, subject, record = (hexed(args[name]) for name in ("app", "subject", "record"))
    return wrap_aad(KeyKind[args["kind"]], app, subject, record, args["version"])


def place_of_body(args: Args) -> bytes:
    return body_aad(
        KeyKind[args["kind"]],
        hexed(args["app"]),
        hexed(args["subject"]),
        Collection(args["collection"]),
        hexed(args["record"]),
        args["part"],
        args["version"],
    )


def rows(args: Args) -> str:
    total = sethash.SetHash(secret(args["key"]))
    for table, cells, v in args["rows"]:
        total.add(table, [hexed(c["hex"]) if isinstance(c, dict) else c for c in cells], v)
    return total.digest().hex()


def fast_cuts(args: Args) -> list[int]:
    data = seeded(hexed(args["seed"]))(args["length"])
    return [len(chunk) for chunk in FastCutter(secret(args["key"])).cut(data)]


def cuts(args: Args) -> list[int]:
    data = from_seed(args["seed"])(args["length"])
    return [len(chunk) for chunk in Cutter(secret(args["key"])).cut(data)]


def checked(args: Args) -> str:
    found = token.check(
        secret(args["key"]),
        args["token"],
        now=Instant(args["now"]),
        admits=lambda caveat: caveat.encode().decode() in args["admits"],
    )
    return found.id.hex()


def epoch_key(args: Args) -> str:
    root = SoftwareRoot(secret(args["root"]), {args["epoch"]: hexed(args["slot"])})
    return root.unwrap(args["epoch"], hexed(args["sealed"]), "epoch key").reveal().hex()


def tpm_slot(args: Args) -> dict[str, object]:
    sealed = Sealer(secret(args["root"])).open(hexed(args["slot"]), tpm2._place(args["epoch"]))
    found = asdict(tpm2._Slot.of(sealed)).items()
    shown = {name: each.hex() if isinstance(each, bytes) else each for name, each in found}
    return {**shown, "registers": list(shown["registers"])}


def tpm_key(args: Args) -> str:
    key = tpm2.slot_key(secret(args["root"]), args["epoch"], secret(args["released"]))
    place = tpm2._key_place(args["epoch"])
    return Sealer(key).unwrap(hexed(args["sealed"]), place, "epoch key").reveal().hex()


def signature_holds(args: Args) -> str:
    public = sign.PublicKey(hexed(args["public"]))
    sign.verify(public, Tag[args["tag"]], hexed(args["message"]), hexed(args["signature"]))
    return "holds"


def root_signature_holds(args: Args) -> str:
    public, signature = hexed(args["public"]), hexed(args["signature"])
    rootid.verify(public, Tag[args["tag"]], hexed(args["message"]), signature)
    return "holds"


def stretched(args: Args) -> str:
    memory_kib, passes, lanes = args["work"]
    params = kdf.Stretch(memory_kib=memory_kib, passes=passes, lanes=lanes)
    return kdf.stretch(secret(args["passphrase"]), hexed(args["salt"]), params).reveal().hex()


def lattice_key(args: Args) -> str:
    public = MLDSA65PrivateKey.from_seed_bytes(hexed(args["seed"])).public_key()
    return hashlib.sha256(public.public_bytes_raw()).hexdigest()


def lattice_signature_holds(args: Args) -> str:
    key = MLDSA65PublicKey.from_public_bytes(
        MLDSA65PrivateKey.from_seed_bytes(hexed(args["seed"])).public_key().public_bytes_raw()
    )
    key.verify(hexed(args["signature"]), hexed(args["message"]), context=hexed(args["context"]))
    return "holds"


def hkdf_sha256(ikm: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    """RFC 5869 as its text has it: what `derive` is compared with."""
    prk = hmac.digest(salt or bytes(32), ikm, "sha256")
    okm, block = b"", b""
    for count in range(1, -(-length // 32) + 1):
        block = hmac.digest(prk, block + info + bytes([count]), "sha256")
        okm += block
    return okm[:length]


def blake3_keyed(args: Args) -> str:
    data = bytes(n % 251 for n in range(args["length"]))
    return blake3(data, key=args["key"].encode()).hexdigest()


def proven(args: Args) -> str:
    proof = clientproof.parse(args["line"])
    return clientproof.check(proof, args["method"], args["target"], args["token"])


CALLS: dict[str, Callable[[Args], Any]] = {  # reason: a result is text or a list of numbers
    "wrap_aad": lambda a: place_of_wrap(a).hex(),
    "body_aad": lambda a: place_of_body(a).hex(),
    "wrap": lambda a: (
        Sealer(secret(a["key"]))
        .wrap(secret(a["inner"]), hexed(a["aad"]), from_seed(a["entropy"]))
        .hex()
    ),
    "unwrap": lambda a: (
        Sealer(secret(a["key"])).unwrap(hexed(a["sealed"]), hexed(a["aad"]), "key").reveal().hex()
    ),
    "seal_once": lambda a: seal_once(secret(a["key"]), hexed(a["plain"]), hexed(a["aad"])).hex(),
    "open_once": lambda a: open_once(secret(a["key"]), hexed(a["sealed"]), hexed(a["aad"])).hex(),
    "open": lambda a: Sealer(secret(a["key"])).open(hexed(a["sealed"]), hexed(a["aad"])).hex(),
    "tagged": lambda a: digest.tagged(Tag[a["tag"]], *parts(a)).hex(),
    "keyed": lambda a: digest.keyed(secret(a["key"]), Tag[a["tag"]], *parts(a)).hex(),
    "mac16": lambda a: digest.mac16(secret(a["key"]), Tag[a["tag"]], *parts(a)).hex(),
    "set_hash": rows,
    "cuts": cuts,
    "fast_cuts": fast_cuts,
    "chunk_id": lambda a: chunkid.chunk_id(secret(a["key"]), hexed(a["plain"])).hex(),
    "open_chunk": lambda a: chunkid.open_chunk(
        secret(a["key"]),
        chunkid.ChunkId(hexed(a["id"])),
        secret(a["own"]),
        hexed(a["sealed"]),
    ).hex(),
    "derive": lambda a: kdf.derive(secret(a["key"]), Tag[a["tag"]], *parts(a)).reveal().hex(),
    "stretch": stretched,
    "unlock_passphrase": lambda a: (
        passphrase.unlock(hexed(a["slot"]), passphrase.passphrase(a["passphrase"])).reveal().hex()
    ),
    "unlock_keyfile": lambda a: keyfile.unlock(hexed(a["slot"]), secret(a["key"])).reveal().hex(),
    "unlock_environment": lambda a: (
        keyfile.unlock(hexed(a["slot"]), Secret(b64decode(a["value"]), "root value")).reveal().hex()
    ),
    "unwrap_epoch_key": epoch_key,
    "tpm_slot": tpm_slot,
    "unwrap_tpm_key": tpm_key,
    "public_key": lambda a: sign.SigningKey(secret(a["seed"])).public.hex(),
    "sign": lambda a: (
        sign.SigningKey(secret(a["seed"])).sign(Tag[a["tag"]], hexed(a["message"])).hex()
    ),
    "sign_raw": lambda a: sign.SigningKey(secret(a["seed"])).sign_raw(hexed(a["message"])).hex(),
    "verify": signature_holds,
    "key_words": lambda a: " ".join(sign.key_words(hexed(a["public"]))),
    "root_public": lambda a: hashlib.sha256(
        rootid.RootIdentity(secret(a["secret"])).public
    ).hexdigest(),
    "root_verify": root_signature_holds,
    "box_public": lambda a: hashlib.sha256(
        BoxKey.from_secret(secret(a["secret"])).public
    ).hexdigest(),
    "open_box": lambda a: (
        BoxKey.from_secret(secret(a["secret"])).open(hexed(a["sealed"]), hexed(a["info"])).hex()
    ),
    "check_token": checked,
    "check_client_proof": proven,
    "hkdf_sha256": lambda a: hkdf_sha256(
        hexed(a["ikm"]), hexed(a["salt"]), hexed(a["info"]), a["length"]
    ).hex(),
    "mldsa65_public": lattice_key,
    "mldsa65_verify": lattice_signature_holds,
    "blake3_keyed": blake3_keyed,
}


CASES = cases("02-sealing", "03-keys", "published")


@pytest.mark.parametrize("case", CASES)
def test_a_known_answer_holds(case: Args) -> None:
    check(CALLS, case)


def test_every_call_has_a_vector() -> None:
    used = {param.values[0]["call"] for param in CASES}

    assert used == set(CALLS)


@pytest.mark.parametrize("context", [(), (b"",), (b"a", b"bc"), (b"ab", b"c")])
def test_derive_is_hkdf_with_framed_context(context: tuple[bytes, ...]) -> None:
    key = Secret(bytes(range(32)), "key")

    derived = kdf.derive(key, Tag.KEYS_FILE, *context)

    info = digest.framed(Tag.KEYS_FILE, *context)
    assert derived.reveal() == hkdf_sha256(key.reveal(), b"", info, 32)


def test_the_spec_lists_every_kind_of_key_with_its_number() -> None:
    page = (HERE.parents[1] / "docs" / "spec" / "02-sealing.md").read_text()

    assert [kind for kind in KeyKind if f"| {kind.value} | `{kind.name}` |" not in page] == []
