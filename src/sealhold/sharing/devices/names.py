"""Names on a carrier: what a collection's parts are called there.

- All follow from the collection's secret or from ciphertext: who keeps the objects reads nothing in
  a name, and sees no two collections or carriers as one.

Source: docs/spec/11-exchange-and-op-log.md section 5.
"""

import re
from dataclasses import dataclass

from sealhold.crypto.digest import mac16
from sealhold.crypto.secret import Secret
from sealhold.crypto.tags import Tag
from sealhold.model.errors import TamperedError
from sealhold.model.ids import ObjectName
from sealhold.sharing.devices.oplog import LogId

_LOG = re.compile(r"m/[0-9a-f]{32}/log/([0-9a-f]{32})/([0-9a-f]{16})")


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A collection at one carrier."""

    secret: Secret  # of the collection
    id: bytes  # 16

    @classmethod
    def at(cls, secret: Secret, kind: str, address: str) -> "Mailbox":
        """Return the mailbox of the collection whose secret is given, at one carrier.

        Args:
            secret: 32 bytes.
            kind: of the carrier: `relay`, `bucket`, `folder`, `lan`.
            address: by which every device of the person calls it.
        """
        return cls(secret, mac16(secret, Tag.MAILBOX, kind.encode(), address.encode()))

    @property
    def prefix(self) -> str:
        """What all names of the mailbox begin with."""
        return f"m/{self.id.hex()}/"

    @property
    def members(self) -> str:
        """What names of membership entries begin with."""
        return f"{self.prefix}member/"

    @property
    def logs(self) -> str:
        """What names of log entries begin with."""
        return f"{self.prefix}log/"

    @property
    def keys(self) -> str:
        """What names of key segments begin with."""
        return f"{self.prefix}key/"

    def log(self, log: LogId) -> bytes:
        """Return the 16 bytes that a log is called by here."""
        return mac16(self.secret, Tag.LOG_NAME, self.id, log.device, log.incarnation)

    def entry(self, log: LogId, seq: int) -> ObjectName:
        """Return the name of an entry."""
        return self.numbered(self.log(log), seq)

    def numbered(self, name: bytes, seq: int) -> ObjectName:
        """Return the name of an entry of the log that is called `name` here; 0: its greeting."""
        return ObjectName(f"{self.logs}{name.hex()}/{seq:016x}")

    def member(self, digest: bytes) -> ObjectName:
        """Return the name of a membership entry that has this hash of 32 bytes."""
        return ObjectName(f"{self.members}{digest.hex()}")

    def segment(self, segment: bytes) -> ObjectName:
        """Return the name of a segment of the key bag."""
        return ObjectName(f"{self.prefix}key/{segment.hex()}")

    def pack(self, digest: bytes) -> ObjectName:
        """Return the name of a pack that has this hash of 32 bytes."""
        text = digest.hex()
        return ObjectName(f"{self.prefix}pack/{text[:2]}/{text}")


def read_entry_name(name: ObjectName) -> tuple[bytes, int]:
    """Return the log and the number that an entry's name tells.

    Raises:
        TamperedError: this is no name of an entry.
    """
    found = _LOG.fullmatch(name)
    if found is None:
        raise TamperedError("a carrier lists a name that is none of ours")
    return bytes.fromhex(found[1]), int(found[2], 16)
