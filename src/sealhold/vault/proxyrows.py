"""The rows of proxies: users, policies, secrets of providers, numbers of keys, turns of states.

- Each is a paper of the owner's under a keyed tag of its name, so a row tells no name.
- Who may log in and which policy is in force decides, so the rows are under the set hash: none of
  them comes back from an older copy of the database.

Source: docs/spec/59-proxy-in-a-vault.md section 1.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from sealhold.model.encoding import Plain
from sealhold.stores.spec import ColumnKind, Delete, Expect, Found, Guard, Op, Put, TableSpec
from sealhold.vault.core import Core

PROXY = TableSpec(
    name="proxy",
    columns={
        "kind": ColumnKind.CODE,
        "id": ColumnKind.TAG16,  # of the name
        "ver": ColumnKind.I64,  # of a policy; else 0
        "paper": ColumnKind.SEALED,
    },
    key=("kind", "id", "ver"),
    indexes={},
)


class Thing(StrEnum):
    """What a row is about."""

    USER = "user"
    POLICY = "policy"
    SECRET = "secret"  # noqa: S105  # reason: a kind of row
    DATASET = "dataset"  # the number of its key
    STATE = "state"
    HELD = "held"  # what was found out and is not let go of
    DECOY = "decoy"  # what was written into a decoy table
    FORM = "form"  # of a table at its provider
    KEY = "key"  # the newest version of a column's key
    QUERY_GRANT = "grant"  # that another proxy may ask; by the hex of its id
    QUERY_USE = "use"  # of such a grant: rows of the day, and nonces of the last minutes
    QUERY_OWNER = "owner"  # of another vault whose grants this one uses; by the hex of the key
    QUERY_RECEIPT = "receipt"  # of an answer of such an owner; by the hex of the nonce


@dataclass(frozen=True, slots=True)
class Kept:
    """One row, opened."""

    version: int
    paper: dict[str, Plain]
    found: Found

    @property
    def guard(self) -> Guard:
        """What fails a commit if the row is another by then."""
        kind, tag, version, _ = self.found.row
        return Guard(PROXY.name, (kind, tag, version), self.found.v)


class ProxyRows:
    """Reads the rows of an open vault, and makes the operations that change them."""

    # THREAT T683: the rows are under the set hash, so none that was removed comes back

    def __init__(self, core: Core) -> None:
        self._core = core
        self._tags = core.keys.leaf_ids.after(b"proxy")

    def tag(self, thing: Thing, name: str) -> bytes:
        """Return the 16 bytes that stand for a name in rows and in the log."""
        return self._tags.mac16(thing.encode(), name.encode())

    def get(self, thing: Thing, name: str, version: int = 0) -> Kept | None:
        """Return one row.

        Raises:
            SealBrokenError: it is not what was written.
        """
        found = self._core.deciding.get(PROXY.name, thing.value, self.tag(thing, name), version)
        return None if found is None else self._opened(found)

    def all(self, thing: Thing, name: str = "") -> Iterator[Kept]:
        """Yield each row of a kind, or those of one name, in no order.

        Raises:
            SealBrokenError: one is not what was written.
        """
        tag = self.tag(thing, name) if name else None
        for found in self._core.deciding.all(PROXY.name):
            if found.row[0] == thing and tag in (None, found.row[1]):
                yield self._opened(found)

    def put(
        self,
        thing: Thing,
        name: str,
        paper: dict[str, Plain],
        version: int = 0,
        expect: Expect | int = Expect.ABSENT,
    ) -> Op:
        """Return the operation that keeps a paper."""
        clear = (thing.value, self.tag(thing, name), version)
        return Put(PROXY.name, (*clear, self._core.papers.seal(PROXY.name, clear, paper)), expect)

    def drop(self, kept: Kept) -> Op:
        """Return the operation that forgets one row."""
        kind, tag, version, _ = kept.found.row
        return Delete(PROXY.name, (kind, tag, version), kept.found.v)

    def _opened(self, found: Found) -> Kept:
        *clear, sealed = found.row
        paper = self._core.papers.open(PROXY.name, tuple(clear), sealed)
        return Kept(int(found.row[2]), paper, found)
