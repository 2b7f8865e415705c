"""Rounds of syncing as a face asks for them: folders, exchanges, and what came of it in words.

- A round looks through folders, exchanges, and puts what came there. `Rounds` keeps what is open
  between rounds, so a change is seen soon.

Source: docs/spec/11-exchange-and-op-log.md sections 5 and 6; docs/spec/47-folders.md.
"""

from collections.abc import Callable
from dataclasses import replace
from types import TracebackType
from typing import Self

from sealhold.model.ids import DeviceId, Id16
from sealhold.model.shown.devices import FolderView, RecordsView, RoundView
from sealhold.node.contactwork import ContactWork
from sealhold.node.devicewatch import Hints
from sealhold.node.devicework import DeviceWork
from sealhold.node.documentrounds import Arriving
from sealhold.node.peoplerounds import PeopleRounds
from sealhold.sharing.devices.applying import Applied
from sealhold.sharing.devices.budgets import BudgetSync
from sealhold.sharing.devices.foldersync import Changed, FolderSync
from sealhold.sharing.devices.joinpapers import Holds
from sealhold.sharing.devices.recordsync import Moved, RecordSync
from sealhold.sharing.devices.syncing import Round, Syncing

Tell = Callable[[str], None]  # what is being done


def unheard(_what: str) -> None:
    """Stand for somebody who hears nothing."""


class Rounds:
    """The rounds of one device; a context manager. For one thread."""

    def __init__(self, work: DeviceWork) -> None:
        self._work = work
        self._folders: dict[str, FolderSync] = {}
        self._syncing: Syncing | None = None
        self._records: RecordSync | None = None
        self._budgets: BudgetSync | None = None
        self._given = Round()  # what went out while a folder was looked through

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let go of the folders."""
        for folder in self._folders.values():
            folder.close()

    def run(self, tell: Tell = unheard, *, deletes: bool = False, looks: bool = True) -> RoundView:
        """Look through folders, exchange, and put what came; once.

        Args:
            tell: hears what is being done.
            deletes: many deletes at once are meant.
            looks: whether folders are looked through; not where only a place told of something.

        Raises:
            NotFoundError: this vault is no device yet.
            FolderGoneError: a folder is not there, or is another one.
        """
        self._open()
        if self._syncing is None:
            self._syncing = Syncing(self._work.devices, self._work.places.reached())
        first: dict[str, Applied] = {}
        arriving = Arriving(self._work)
        if new := {name: each for name, each in self._folders.items() if each.is_new}:
            # what others have is there first: a file that both have is one file, and no second
            self._syncing.round()
            self._open()
            first = {name: self._folders[name].put() for name in new if name in self._folders}
        came_first, went = self._look_at_records(self._syncing, tell, looks=looks)
        taken: dict[str, Changed] = {}
        for name, folder in self._folders.items():
            if not looks:
                taken[name] = Changed()
                continue
            tell(f"looking through {folder.path}")
            done = folder.take(
                lambda what, at, of: tell(f"{what} {at} of {of} files"), after=self._give
            )
            if deletes and done.held is not None:
                done = folder.take(allowed=done.held.paths)
            taken[name] = done
        came = self._syncing.round(lambda name, _round: tell(f"exchanging {name}"))
        if self._budgets is not None and self._budgets.settle():
            self._give()
        self._exchange_letters(came)
        self._meet(came)
        came.add_round(self._given)
        self._given = Round()
        documents = arriving.ended(came, self._syncing.give_all)
        self._open()  # a device that goes on in a new log has its collections anew
        moved = came_first if self._records is None else came_first + self._records.take(tell)
        came.troubles += [*went.troubles, *moved.troubles]
        shown: list[FolderView] = []
        for name, folder in self._folders.items():
            tell(f"writing {folder.path}")
            applied = folder.put()
            applied.written += first[name].written if name in first else 0
            shown.append(_shown(name, folder, taken.get(name, Changed()), applied))
        told = self._told(came, tuple(shown), _records_shown(went, moved))
        return replace(told, documents=documents)

    def _look_at_records(self, syncing: Syncing, tell: Tell, *, looks: bool) -> tuple[Moved, Moved]:
        """Take in records that came, and write down those that changed here; return both."""
        if self._records is not None and self._records.is_new:
            syncing.round()  # what others have is there first, as with files
            self._open()
        records = self._records
        if records is None:
            return Moved(), Moved()
        return records.take(tell), records.give(tell, self._give) if looks else Moved()

    def _exchange_letters(self, came: Round) -> None:
        """Take letters of other people, leave those for them, and have own devices hear of it."""
        post = ContactWork(self._work).round()
        came.troubles += post.troubles
        if self._syncing is not None and (post.taken or post.is_new_card):
            self._syncing.give(self._work.devices.home, came)

    def _meet(self, came: Round) -> None:
        """Take and leave letters, keep shares up, and give on what was written for that."""
        met = PeopleRounds(self._work).run()
        if met is not None:
            came.troubles += met.troubles
            if met.has_written and self._syncing is not None:
                came.add_round(self._syncing.give_all())

    def _give(self) -> None:
        """Give what was taken so far, so that others need not wait for the rest."""
        if self._syncing is not None:
            self._given.add_round(self._syncing.give_all())

    def hints(self) -> Hints:
        """Return what tells when another round is worth while; after a first one."""
        waits = [] if self._syncing is None else self._syncing.waits()
        return Hints([folder.path for folder in self._folders.values()], waits)

    def _open(self) -> None:
        """Open folders that are new, and anew those whose collection was loaded anew."""
        work, core = self._work, self._work.core
        for opened in work.devices.collections():
            name = opened.about.name
            if opened.about.holds is Holds.RECORDS and not opened.is_foreign:
                if self._records is None or self._records.opened is not opened:
                    self._records = RecordSync(work.devices, opened, work.doors)
                    self._budgets = BudgetSync(work.devices, opened, core)
                continue
            known = self._folders.get(name)
            if known is not None and known.opened is opened:
                continue
            if known is not None:
                known.close()
                del self._folders[name]
            if opened.about.holds is not Holds.HOME and work.rows(opened).bound is not None:
                self._folders[name] = FolderSync(
                    opened, work.devices.keeping, core.clock, core.entropy
                )

    def _told(
        self, done: Round, folders: tuple[FolderView, ...], records: RecordsView
    ) -> RoundView:
        devices = self._work.devices
        names = devices.names()
        behind, verified = list[str](), set[str]()
        for opened in devices.collections():
            missing = {each.log: each.missing for each in opened.replica.book.behind()}
            for log, count in missing.items():
                name = _name(names, log.device)
                behind.append(f"{opened.about.name}: {name} has written {count} more")
            for log in opened.replica.book.logs():
                if log not in missing and log.device != devices.me.id:
                    verified.add(_name(names, log.device))
        return RoundView(
            taken=done.taken,
            given=done.given,
            taken_bytes=done.taken_bytes,
            given_bytes=done.given_bytes,
            content_bytes=done.content_bytes,
            troubles=tuple(done.troubles),
            away=tuple(done.away),
            behind=tuple(behind),
            folders=folders,
            records=records,
            verified=tuple(sorted(verified)),
        )


def _records_shown(went: Moved, came: Moved) -> RecordsView:
    return RecordsView(
        given=went.changed, withdrawn=went.removed, written=came.changed, removed=came.removed
    )


def _shown(name: str, folder: FolderSync, changed: Changed, applied: Applied) -> FolderView:
    return FolderView(
        collection=name,
        path=str(folder.path),
        created=changed.created,
        edited=changed.edited,
        moved=changed.moved,
        deleted=changed.deleted,
        written=applied.written,
        renamed=applied.renamed,
        removed=applied.removed,
        busy=tuple(changed.busy),
        failed=tuple(f"{path}: {why}" for path, why in applied.failed.items()),
        held=0 if changed.held is None else changed.held.files,
    )


def _name(names: dict[DeviceId, str], device: bytes) -> str:
    return names.get(DeviceId(Id16(device)), device.hex()[:8])
