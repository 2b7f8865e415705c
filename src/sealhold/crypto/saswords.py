"""Six words that two people compare: 60 bits of a keyed hash over all that was said.

- Whoever stands between two devices has one attempt at them, by the order of the messages: the
  newcomer is bound to its part before it sees the other's.
- The list is that of recovery cards: 1,024 words, 10 bits each.

Source: docs/spec/13-pairing.md section 7.
"""

from sealhold.crypto.cardwords import WORDS
from sealhold.crypto.digest import keyed
from sealhold.crypto.kdf import derive
from sealhold.crypto.secret import Secret
from sealhold.crypto.tags import Tag

COUNT = 6
_BITS = 10  # of a word


def words(session: Secret, transcript: bytes) -> tuple[str, ...]:
    """Return the six words of a session in which `transcript` was said."""
    digest = keyed(derive(session, Tag.PAIRING_WORDS), Tag.PAIRING_WORDS, transcript)
    return spelt(digest)


def spelt(digest: bytes, count: int = COUNT) -> tuple[str, ...]:
    """Return the first bits of a digest as words: 60 bits as six of them."""
    bits = int.from_bytes(digest) >> len(digest) * 8 - count * _BITS
    return tuple(WORDS[bits >> _BITS * at & 1023] for at in reversed(range(count)))


def are_same(shown: tuple[str, ...], typed: str) -> bool:
    """Return whether `typed` are the words that are shown here; capitals and hyphens count not."""
    return tuple(typed.lower().replace("-", " ").split()) == shown
