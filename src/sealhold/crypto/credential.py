"""A secret that only one TPM can open, and only for one key it holds: `TPM2_MakeCredential`.

- Whoever trusts an endorsement key wraps a secret to it together with the name of another key. The
  TPM gives the secret out only if it holds a key of that name; so who hears it back knows that
  both keys lie in one TPM.
- Endorsement keys on P-256 and RSA of 2048 to 4096 bits, with SHA-256 names and AES-128, as
  vendors make them. One-time values come from the caller's entropy, save those of the library.

Source: docs/spec/21-evidence.md section 9; TPM 2.0 Library, part 1, section 24 and annexes B, C.
"""

import hashlib
import hmac

from cryptography.hazmat.decrepit.ciphers.modes import CFB
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.serialization import load_der_public_key

from sealhold.model.clock import Entropy
from sealhold.model.errors import InvalidError

SEED_BYTES = 32
MAX_SECRET = 32  # bytes; a TPM takes no more than its name's hash has
AES_BYTES = 16
MIN_RSA, MAX_RSA = 2048, 4096  # bits


def make_credential(endorsement: bytes, name: bytes, secret: bytes, entropy: Entropy) -> bytes:
    """Return the blob that a TPM turns back into `secret`, in the file form of tpm2-tools.

    Args:
        endorsement: DER of the public endorsement key.
        name: of the key that must lie beside it, 34 bytes.
        secret: 1 to 32 bytes.
        entropy: where the seed for an RSA key comes from.

    Raises:
        InvalidError: a key of another kind, or a secret of another length.
    """
    if not 0 < len(secret) <= MAX_SECRET:
        raise InvalidError(f"a secret of {len(secret)} bytes, from 1 to {MAX_SECRET}")
    seed, wrapped = _seed(endorsement, entropy)
    cipher = Cipher(AES(_kdfa(seed, b"STORAGE", name, AES_BYTES)), CFB(bytes(AES_BYTES)))
    encryptor = cipher.encryptor()
    hidden = encryptor.update(_sized(secret)) + encryptor.finalize()
    key = _kdfa(seed, b"INTEGRITY", b"", SEED_BYTES)
    outer = hmac.new(key, hidden + name, hashlib.sha256).digest()
    blob = _sized(outer) + hidden
    return bytes.fromhex("badcc0de00000001") + _sized(blob) + _sized(wrapped)


def _seed(endorsement: bytes, entropy: Entropy) -> tuple[bytes, bytes]:
    """Return a seed, and how the endorsement key is told of it.

    Raises:
        InvalidError: a key of another kind.
    """
    try:
        public = load_der_public_key(endorsement)
    except ValueError as err:
        raise InvalidError("an endorsement key that is none") from err
    if isinstance(public, rsa.RSAPublicKey) and MIN_RSA <= public.key_size <= MAX_RSA:
        seed = entropy(SEED_BYTES)
        digest = hashes.SHA256()
        how = padding.OAEP(padding.MGF1(digest), digest, b"IDENTITY\0")
        return seed, public.encrypt(seed, how)
    if isinstance(public, ec.EllipticCurvePublicKey) and isinstance(public.curve, ec.SECP256R1):
        once = ec.generate_private_key(public.curve)
        shared = once.exchange(ec.ECDH(), public)
        mine, theirs = once.public_key().public_numbers(), public.public_numbers()
        x, y = mine.x.to_bytes(32), mine.y.to_bytes(32)
        parties = x + theirs.x.to_bytes(32)
        seed = hashlib.sha256(b"\0\0\0\1" + shared + b"IDENTITY\0" + parties).digest()
        return seed, _sized(x) + _sized(y)
    raise InvalidError("an endorsement key of a kind that is not taken")


def _kdfa(key: bytes, label: bytes, context: bytes, count: int) -> bytes:
    """Return `count` bytes, at most 32, for the use that `label` names."""
    bits = (count * 8).to_bytes(4)
    data = b"\0\0\0\1" + label + b"\0" + context + bits
    return hmac.new(key, data, hashlib.sha256).digest()[:count]


def _sized(value: bytes) -> bytes:
    return len(value).to_bytes(2) + value
