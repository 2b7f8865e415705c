"""The log's signed word on its own size and root, one per batch.

- The key's name in the note is the log's origin, so a key of one log signs for no other.
- A checkpoint tells how much happened: it goes to the owner, the owner's devices and witnesses,
  never to an app.

Source: docs/spec/05-audit-log.md section 4.
"""

from collections.abc import Collection

from sealhold.crypto.note import Checkpoint, VerifierKey, make_note, open_note, parse_checkpoint
from sealhold.crypto.sign import SigningKey
from sealhold.model.errors import BadSignatureError


def sign_checkpoint(checkpoint: Checkpoint, key: SigningKey) -> str:
    """Return the note in which the log's key vouches for `checkpoint`."""
    return make_note(checkpoint.text(), checkpoint.origin, key)


def open_checkpoint(note: str, keys: Collection[VerifierKey]) -> Checkpoint:
    """Return what one of the log's own `keys` vouches for.

    Raises:
        InvalidEncodingError: not a checkpoint.
        BadSignatureError: not signed by one of `keys`, or by one of another log.
    """
    opened = open_note(note, keys)
    found = parse_checkpoint(opened.text)
    # THREAT T52: a key that is trusted for one log must not vouch for another.
    if all(key.name != found.origin for key in opened.signers):
        raise BadSignatureError(f"a checkpoint of `{found.origin[:80]}`, signed by another log")
    return found
