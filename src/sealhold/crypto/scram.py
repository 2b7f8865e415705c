"""The arithmetic of SCRAM-SHA-256: what a password becomes, and how each side proves it knows it.

- A verifier is what a server keeps: salt, rounds, the stored key and the server key. Nobody logs in
  with it, but who has it can guess passwords.
- For a name that nobody has, `mock` gives the salt that this name always gets: an outsider cannot
  tell whether there is such a user.
- `endpoint` is the hash of a certificate that both ends of a TLS connection see.

Source: docs/spec/56-postgresql-proxy.md section 2; RFC 5802, RFC 7677, RFC 5929 section 4.
"""

import hashlib
import hmac
import stringprep
import unicodedata
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from sealhold.crypto.secret import Secret
from sealhold.model.clock import Entropy

ROUNDS: Final = 4096  # as PostgreSQL makes them
SALT_BYTES: Final = 16
KEY_BYTES: Final = 32
MAX_ROUNDS: Final = 1_000_000  # of a server that we log in to: about 0.3 s

_WEAK: Final = {"md5", "sha1"}  # RFC 5929: SHA-256 stands in for them
_PROHIBITED: Final = (
    stringprep.in_table_a1,
    stringprep.in_table_c12,
    stringprep.in_table_c21_c22,
    stringprep.in_table_c3,
    stringprep.in_table_c4,
    stringprep.in_table_c5,
    stringprep.in_table_c6,
    stringprep.in_table_c7,
    stringprep.in_table_c8,
    stringprep.in_table_c9,
)


@dataclass(frozen=True, slots=True)
class Verifier:
    """What a server keeps of a password."""

    salt: bytes
    rounds: int
    stored: bytes  # 32 bytes
    server: bytes  # 32 bytes


@dataclass(frozen=True, slots=True)
class ClientKeys:
    """What a client makes of its password for one salt and count of rounds."""

    client: bytes  # 32 bytes
    stored: bytes
    server: bytes


def client_keys(password: Secret, salt: bytes, rounds: int) -> ClientKeys:
    """Return the keys of a password; takes about a millisecond for 4,096 rounds.

    Raises:
        ValueError: rounds below 1 or above `MAX_ROUNDS`.
    """
    if not 1 <= rounds <= MAX_ROUNDS:
        raise ValueError("a count of rounds that nobody asks for")
    salted = hashlib.pbkdf2_hmac("sha256", _prepared(password.reveal()), salt, rounds)
    client = _hmac(salted, b"Client Key")
    return ClientKeys(client, hashlib.sha256(client).digest(), _hmac(salted, b"Server Key"))


def verifier_of(password: Secret, entropy: Entropy, rounds: int = ROUNDS) -> Verifier:
    """Return what a server keeps of a new password."""
    salt = entropy(SALT_BYTES)
    keys = client_keys(password, salt, rounds)
    return Verifier(salt, rounds, keys.stored, keys.server)


def mock(key: Secret, name: bytes) -> Verifier:
    """Return the verifier of a user who does not exist: always the same, and no password fits."""
    salt = _hmac(key.reveal(), b"salt" + name)[:SALT_BYTES]
    return Verifier(
        salt,
        ROUNDS,
        _hmac(key.reveal(), b"stored" + name),
        _hmac(key.reveal(), b"server" + name),
    )


def proof(keys: ClientKeys, said: bytes) -> bytes:
    """Return the 32 bytes by which a client shows that it knows the password.

    Args:
        keys: of the client's password.
        said: all that was said, as RFC 5802 puts it together.
    """
    return _xor(keys.client, _hmac(keys.stored, said))


def proves(verifier: Verifier, said: bytes, shown: bytes) -> bool:
    """Return whether a client's proof fits, in a time that does not tell how nearly."""
    if len(shown) != KEY_BYTES:
        return False
    client = _xor(shown, _hmac(verifier.stored, said))
    return hmac.compare_digest(hashlib.sha256(client).digest(), verifier.stored)


def signature(server: bytes, said: bytes) -> bytes:
    """Return the 32 bytes by which a server shows that it keeps the verifier."""
    return _hmac(server, said)


def endpoint(certificate: bytes) -> bytes:
    """Return the hash of a certificate in DER, empty where none is defined for its signature."""
    try:
        algorithm = x509.load_der_x509_certificate(certificate).signature_hash_algorithm
    except (ValueError, UnsupportedAlgorithm):
        return b""
    if algorithm is None:
        return b""
    name = "sha256" if algorithm.name in _WEAK else algorithm.name
    return hashlib.new(name, certificate).digest()


def _prepared(password: bytes) -> bytes:
    """Return a password as SASLprep has it; as it is where that refuses it, as PostgreSQL does."""
    if password.isascii():
        return password
    try:
        text = password.decode()
    except UnicodeDecodeError:
        return password
    mapped = "".join(
        " " if stringprep.in_table_c12(each) else each
        for each in text
        if not stringprep.in_table_b1(each)
    )
    normal = unicodedata.ucd_3_2_0.normalize("NFKC", mapped)
    if not normal or any(refuses(each) for each in normal for refuses in _PROHIBITED):
        return password
    if any(map(stringprep.in_table_d1, normal)):
        ends = stringprep.in_table_d1(normal[0]) and stringprep.in_table_d1(normal[-1])
        if not ends or any(map(stringprep.in_table_d2, normal)):
            return password
    return normal.encode()


def _hmac(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, "sha256")


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))
