"""Erasing one item, with all that tells of it: its values, its partition's, and tasks over it.

- One commit: the item goes, every value of its partitions becomes the default for every function,
  and each task with a frozen set that it was in is retired, with all grants of it.
- A later answer could be told from an earlier one by what is gone, so there is none.
- An item that is deleted, by taking its import back, keeps its values: nobody asked that it
  be forgotten, and a set that was frozen stays as it was.

Source: docs/spec/09-leakage.md section 12.
"""

from collections.abc import Iterator

from msgspec import structs

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.audit.log import Entry
from sealhold.compute.granted import grant_view, revoking
from sealhold.compute.members import ONE_EPOCH, frozen
from sealhold.compute.office import Office, read
from sealhold.compute.personanswers import reading
from sealhold.compute.shelf import Shelf
from sealhold.model.errors import WrongPassphraseError
from sealhold.model.ids import Collection, RecordId, TaskDigest
from sealhold.model.shown import GrantView
from sealhold.model.shown.erasing import ErasureView
from sealhold.stores.spec import Op
from sealhold.vault.epochs import noted
from sealhold.vault.grants import GrantRow
from sealhold.vault.index import Index
from sealhold.vault.removing import place_of, removing
from sealhold.vault.retired import is_retired, retire
from sealhold.vault.writer import Work

ERASED = "erased"  # why a grant ended


class Erasing:
    """Erases items of one vault."""

    def __init__(self, office: Office, shelf: Shelf, index: Index) -> None:
        self._office = office
        self._shelf = shelf
        self._index = index

    def look(self, record: RecordId) -> ErasureView:
        """Return what erasing an item would end; nothing changes.

        Raises:
            NotFoundError: no such item.
        """
        collection, logical = place_of(self._office.core, record)
        return self._view(record, collection, self._touched(collection, logical))

    def erase(self, record: RecordId, passphrase: str) -> ErasureView:
        """Erase an item; what tells of it is gone once this returns.

        Raises:
            NotFoundError: no such item.
            WrongPassphraseError: the owner is not proven.
            ConflictError: a grant changed at this very moment; nothing was erased.
        """
        if not self._office.verify(passphrase):
            raise WrongPassphraseError
        return self._erase(record, Actor.OWNER)

    def follow(self, record: RecordId) -> None:
        """Erase an item that its owner erased on another device.

        Raises:
            NotFoundError: no such item.
            ConflictError: a grant changed at this very moment; nothing was erased.
        """
        self._erase(record, Actor.VAULT)

    def _erase(self, record: RecordId, actor: Actor) -> ErasureView:
        office = self._office
        with office.replay.still():  # what is evaluated now would be kept behind the erasure
            collection, logical = place_of(office.core, record)
            tasks = self._touched(collection, logical)
            ends, entries = self._ending(tasks)
            told = Event(
                kind=EventKind.ERASE,
                actor=actor,
                subject=office.teller.subject,
                collection=collection,
                records=office.teller.tags([record]),
                rows_out=1,
            )
            # THREAT T92: item, values and grants in one commit: no moment in which one tells
            ops = (
                *removing(office.core, self._index, record, logical),
                *office.replay.erase(collection, logical),
                *ends,
                noted(office.core),
            )
            office.core.writer.commit(
                Work(ops, (office.teller.entry(told), *entries), releases=True, right=True)
            )
        self._index.forget()
        office.dispatch().deliver()
        return self._view(record, collection, tasks)

    def _touched(self, collection: Collection, logical: bytes) -> dict[TaskDigest, None]:
        """Return the tasks with a frozen set that an item is in, each once."""
        office, found = self._office, dict[TaskDigest, None]()
        for row in office.grants.all():
            task = read(office, office.requests.get(row.request)).signed.task
            if task.collection != collection or task.input.objects != "frozen":
                continue
            members = frozen(office.core, row.grant.id, ONE_EPOCH)
            if any(member.logical == logical for member in members):
                found[task.digest] = None
        # THREAT T587: a program that answers a person is retired like one that answers an app
        return found | dict.fromkeys(reading(office.core, logical))

    def _ending(self, tasks: dict[TaskDigest, None]) -> tuple[list[Op], list[Entry]]:
        """Return the operations that retire tasks, and the log entries that tell of it."""
        office, now = self._office, self._office.core.clock()
        ops = [op for task in tasks for op in retire(office.core.deciding, task, now)]
        entries: list[Entry] = []
        for row in self._grants(tasks):
            made, event, _ = revoking(office, self._shelf, row, now)
            ops += made
            entries.append(office.teller.entry(structs.replace(event, reason=ERASED)))
        return ops, entries

    def _grants(self, tasks: dict[TaskDigest, None]) -> Iterator[GrantRow]:
        rows = self._office.grants.all()
        return (row for row in rows if row.ended_at is None and row.grant.task in tasks)

    def _view(
        self, record: RecordId, collection: Collection, tasks: dict[TaskDigest, None]
    ) -> ErasureView:
        office = self._office
        rows = [row for row in office.grants.all() if row.grant.task in tasks]
        grants: list[GrantView] = [grant_view(office, row) for row in rows]
        return ErasureView(
            record=record,
            collection=collection,
            grants=tuple(grants),
            retired=tuple(each.hex() for each in tasks if is_retired(office.core.deciding, each)),
        )
