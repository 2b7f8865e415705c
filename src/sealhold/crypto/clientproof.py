"""Proof that a call is made by the client to whose key its token is bound: checked, never made.

- One line beside the token: the client's Ed25519 key, when the line was made, a nonce, the SHA-256
  of the body, and a signature over these and over method, address and token. Whoever copies a token
  has no key; whoever copies a whole call has one that counts once.
- There is one written form, in small hex digits. Any other is none.

Source: docs/spec/30-access.md section 11; docs/spec/03-keys.md section 7.
"""

import re
from dataclasses import dataclass

from sealhold.crypto.digest import sha256
from sealhold.crypto.sign import PublicKey, verify_raw
from sealhold.crypto.tags import Tag
from sealhold.model.errors import BadSignatureError, BadTokenError
from sealhold.model.quantities import Instant

MAX_LINE = 400  # characters; the form has 324
FORM = re.compile(
    r"v1\.(?P<key>[0-9a-f]{64})\.(?P<at>[0-9]{1,14})\.(?P<nonce>[0-9a-f]{32})"
    r"\.(?P<body>[0-9a-f]{64})\.(?P<signature>[0-9a-f]{128})",
    re.ASCII,
)
NO = "this is no proof of a client"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientProof:
    """A line of proof, taken apart and not yet checked."""

    key: bytes  # 32 bytes
    at: Instant
    nonce: bytes  # 16 bytes
    body: bytes  # 32 bytes: the SHA-256 of the body
    signature: bytes  # 64 bytes


def parse(line: str) -> ClientProof:
    """Return the parts of a proof, unchecked.

    Raises:
        BadTokenError: it has another form.
    """
    found = FORM.fullmatch(line) if len(line) <= MAX_LINE else None
    if found is None:
        raise BadTokenError(NO)
    key, nonce, body, signature = (
        bytes.fromhex(found[name]) for name in ("key", "nonce", "body", "signature")
    )
    at = Instant(int(found["at"]))
    if str(at) != found["at"]:  # zeros before it would be another form of the same
        raise BadTokenError(NO)
    return ClientProof(key=key, at=at, nonce=nonce, body=body, signature=signature)


def name_of(key: bytes) -> str:
    """Return what a token names a client's key by: 64 hex digits."""
    return sha256(key).hex()


def check(proof: ClientProof, method: str, target: str, token: str) -> str:
    """Return the name of the key that signed a call.

    Args:
        proof: what came beside the token.
        method: of the call.
        target: its address as it was sent, with its query.
        token: as it was sent.

    Raises:
        BadTokenError: it is for another call or token, or was changed.
    """
    try:
        verify_raw(PublicKey(proof.key), signed(proof, method, target, token), proof.signature)
    except BadSignatureError as err:
        raise BadTokenError(NO) from err
    return name_of(proof.key)


def signed(proof: ClientProof, method: str, target: str, token: str) -> bytes:
    """Return what a client signs: lines of text, none of which can hold an end of line."""
    lines = (
        Tag.CLIENT_PROOF.decode(),
        method,
        target,
        sha256(token.encode()).hex(),
        str(proof.at),
        proof.nonce.hex(),
        proof.body.hex(),
    )
    return "\n".join(lines).encode()


def is_of(proof: ClientProof, body: bytes) -> bool:
    """Return whether a proof is for this body."""
    return proof.body == sha256(body)
