"""Records of the owner's that are shared: opened by the firewall, each reading told to the log.

- The entry names the share, if there is one already, and is durable before anything is opened.
- A mark tells whether anything of a dataset changed, without opening a record.

Source: docs/spec/52-share-spaces.md section 8.
"""

from collections.abc import Iterator

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.crypto.digest import sha256
from sealhold.model.encoding import pack
from sealhold.model.errors import NotFoundError
from sealhold.model.ids import Collection, GrantId
from sealhold.model.records import Dataset, Record
from sealhold.vault.core import Core
from sealhold.vault.firewall import Firewall
from sealhold.vault.index import Doc, Index
from sealhold.vault.telling import Teller


class SharedRows:
    """The records of one vault's owner, for shares."""

    def __init__(self, core: Core, index: Index, firewall: Firewall) -> None:
        self._core, self._index, self._firewall = core, index, firewall
        self._teller = Teller(core.keys)

    def dataset(self, name: Collection) -> Dataset:
        """Return a dataset whose columns are declared.

        Raises:
            NotFoundError: there is none of that name.
        """
        known = self._core.datasets.get(name)
        if known is None:
            raise NotFoundError(f"no dataset is called `{name[:64]}`")
        return known

    def mark(self, name: Collection) -> bytes | None:
        """Return what changes when a record of a dataset does, 32 bytes.

        None if some of its records lie elsewhere: only reading them tells.
        """
        if self._firewall.lies_elsewhere(name):
            return None
        docs = sorted((doc.id, doc.version) for doc in self._docs(name))
        return sha256(pack([[record, version] for record, version in docs]))

    def read(self, name: Collection, grant: GrantId | None) -> Iterator[tuple[Record, Doc | None]]:
        """Tell the log, then yield each record of a dataset with what lists say of it.

        Args:
            name: of the dataset.
            grant: the share that they are read for; None while the owner looks at one.

        Raises:
            AuditUnavailableError: the log cannot be written; nothing was opened.
            SourceAwayError: a place where some of them lie cannot be read.
            LoginNeededError: such a place refuses its account.
        """
        docs = {doc.id: doc for doc in self._docs(name)}
        event = Event(
            kind=EventKind.READ if grant is None else EventKind.SHARE,
            actor=Actor.OWNER if grant is None else Actor.VAULT,
            subject=self._teller.subject,
            collection=name,
            grant=grant,
            rows_read=len(docs),
            reason="share preview" if grant is None else "records shown",
        )
        # THREAT T566: no record is opened for a share that the log does not tell of
        for record in self._firewall.collection(name, event):
            yield record, docs.get(record.id)

    def _docs(self, name: Collection) -> list[Doc]:
        return [doc for doc in self._index.every() if doc.collection == name]
