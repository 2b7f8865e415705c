"""`sealhold bench log`: sealed and signed updates of a document, into entries and out again.

- An update is a word typed: an operation of its own, sealed under the key of the document's
  lineage. Updates go into entries as they fit; each entry is sealed and signed once.
- On one core, without a store: what a device does for each update, both ways.

Source: docs/benchmarks.md.
"""

from itertools import pairwise
from typing import Final

from sealhold.bench.harness import Bench, seconds
from sealhold.crypto.docauthor import author_of
from sealhold.crypto.entropy import seeded
from sealhold.crypto.seal import new_key
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import PublicKey, SigningKey
from sealhold.model.clock import Entropy
from sealhold.sharing.devices.doclineage import open_edits, seal_edits
from sealhold.sharing.devices.documents import Document
from sealhold.sharing.devices.logicaltime import LogicalTime
from sealhold.sharing.devices.oplog import (
    FIRST,
    LogId,
    Place,
    Told,
    entry_hash,
    open_entry,
    seal_entry,
)
from sealhold.sharing.devices.ops import DocOp

UPDATES: Final = 20_000
QUICK: Final = 2_000
BATCH: Final = 2_000  # updates of one entry
COLLECTION: Final = b"c" * 16
LINEAGE: Final = b"l" * 16
LOG: Final = LogId(b"d" * 16, b"i" * 16)
EPOCH: Final = b"e" * 16


def measure(bench: Bench) -> None:
    """Time the sealing of updates, and their opening, each by itself."""
    updates = _updates(bench.count(UPDATES, QUICK))
    entropy = seeded(b"bench of the log")
    keys = _Keys(entropy)
    logs: list[list[bytes]] = []
    sealing = bench.median(lambda: seconds(lambda: logs.append(keys.sealed(updates))))
    bench.check(keys.opened(logs[-1]) == updates, "an update came out otherwise")
    opening = bench.median(lambda: seconds(lambda: keys.opened(logs[-1])))
    bench.figures["updates"] = len(updates)
    bench.figures["sealed_per_s"] = len(updates) / sealing
    bench.figures["opened_per_s"] = len(updates) / opening
    bench.figures["update_bytes"] = sum(map(len, logs[-1])) / len(updates)


class _Keys:
    """What a device needs to write a log, and another to read it."""

    def __init__(self, entropy: Entropy) -> None:
        self._entropy = entropy
        self._secret: Secret = new_key(entropy, "epoch secret")
        self._key: Secret = new_key(entropy, "edits key")
        self._signer = SigningKey(new_key(entropy, "signing seed"))
        self._public: PublicKey = self._signer.public

    def sealed(self, updates: list[bytes]) -> list[bytes]:
        """Return the entries of a log that tell updates."""
        log: list[bytes] = []
        prev = FIRST
        for seq, at in enumerate(range(0, len(updates), BATCH), 1):
            ops = tuple(
                DocOp(LINEAGE, 0, seal_edits(each, COLLECTION, LINEAGE, self._key, self._entropy))
                for each in updates[at : at + BATCH]
            )
            told = Told(LogicalTime(seq, 0), (), ops)
            place = Place(COLLECTION, LOG, seq, prev)
            entry = seal_entry(told, place, EPOCH, self._secret, self._signer, self._entropy)
            log.append(entry)
            prev = entry_hash(entry)
        return log

    def opened(self, log: list[bytes]) -> list[bytes]:
        """Return the updates that a log tells."""
        found: list[bytes] = []
        before = [FIRST, *map(entry_hash, log)]
        for seq, (entry, (prev, _)) in enumerate(zip(log, pairwise(before), strict=True), 1):
            place = Place(COLLECTION, LOG, seq, prev)
            told = open_entry(entry, place, self._secret, self._public)
            found.extend(
                open_edits(op.sealed, COLLECTION, LINEAGE, self._key)
                for op in told.ops
                if isinstance(op, DocOp)
            )
        return found


def _updates(count: int) -> list[bytes]:
    """Return updates of a document into which words are typed."""
    key = new_key(seeded(b"numbers"), "collection secret")
    document = Document(author_of(key, LOG.device, LOG.incarnation))
    found: list[bytes] = []
    for number in range(count):
        document.insert(0, f"word {number % 1_000} ")
        found += document.outgoing()
    return found
