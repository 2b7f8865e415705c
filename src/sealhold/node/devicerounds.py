"""Rounds of syncing as a face asks for them: folders, exchanges, and what came of it in words.

- A round looks through folders, exchanges, and puts what came there. `Rounds` keeps what is open
  between rounds, so a change is seen soon.

Source: docs/spec/11-exchange-and-op-log.md sections 5 and 6; docs/spec/47-folders.md.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from threading import Event
from types import TracebackType
from typing import Self

from sealhold.model.errors import NoEpochError
from sealhold.model.ids import DeviceId, Id16
from sealhold.model.shown.devices import FolderView, RecordsView, RoundView
from sealhold.node.deviceupkeep import upkeep
from sealhold.node.devicewatch import READ, Hints
from sealhold.node.devicework import DeviceWork
from sealhold.node.documentrounds import Arriving
from sealhold.node.grantsync import GrantSync
from sealhold.node.nearwords import NearWords
from sealhold.node.peoplerounds import PeopleRounds
from sealhold.sharing.devices.applying import Applied
from sealhold.sharing.devices.budgets import BudgetSync
from sealhold.sharing.devices.devices import Open
from sealhold.sharing.devices.foldersync import Changed, FolderSync
from sealhold.sharing.devices.joinpapers import Holds
from sealhold.sharing.devices.recordsync import Moved, RecordSync
from sealhold.sharing.devices.rulesync import RuleSync
from sealhold.sharing.devices.syncing import Reached, Round, Syncing

Tell = Callable[[str], None]  # what is being done
MANY = 200  # files in which so much is read that they are not watched meanwhile
MUCH = 100_000  # bytes of entries that tell of so much that is written


def unheard(_what: str) -> None:
    """Stand for somebody who hears nothing."""


class Rounds:
    """The rounds of one device; a context manager. For one thread."""

    def __init__(self, work: DeviceWork, *, watches: bool = False) -> None:
        """Begin; who watches serves in the home network, too, where that is on."""
        self._work = work
        self._came = Event()  # set by threads of the home network
        self._hints: Hints | None = None
        self._near = work.near(self._came.set if watches else None)
        self._places: list[Reached] | None = None
        self._folders: dict[str, FolderSync] = {}
        self._syncing: Syncing | None = None
        self._records: RecordSync | None = None
        self._budgets: BudgetSync | None = None
        self._rules: RuleSync | None = None
        self._grants = GrantSync(work)
        self._given = Round()  # what came and went before the exchange of a round

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
        self._near.close()
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
        self._syncing = self._reached(tell)
        first: dict[str, Applied] = {}
        arriving = Arriving(self._work)
        if looks and (new := {name: each for name, each in self._folders.items() if each.is_new}):
            # what others have is there first: a file that both have is one file, and no second
            self._given.add_round(self._syncing.round())
            self._open()
            bound = [name for name in new if name in self._folders]
            first = {name: self._put(self._folders[name], much=True) for name in bound}
        came_first, went = self._look_at_records(self._syncing, tell, looks=looks)
        taken: dict[str, Changed] = {}
        for name, folder in self._folders.items():
            if not looks:
                continue
            tell(f"looking through {folder.path}")
            taken[name] = self._take(folder, tell, deletes=deletes)
        came = self._syncing.round(lambda name, _round: tell(f"exchanging {name}"))
        if self._settle(came):
            self._give()
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
            applied = self._put(folder, much=came.taken_bytes >= MUCH)
            applied.written += first[name].written if name in first else 0
            shown.append(_shown(name, folder, taken.get(name, Changed()), applied))
        upkeep(self._work, self._syncing, came)
        if self._hints is not None:
            self._hints.follow(self._syncing.waits())
        told = self._told(came, tuple(shown), _records_shown(went, moved))
        return replace(told, documents=documents)

    def _settle(self, came: Round) -> bool:
        """Bring budgets and rules up to what came; return whether something is to be told."""
        if self._budgets is None or self._rules is None:
            return False
        is_news = self._budgets.settle() | self._rules.settle() | self._grants.settle()
        came.troubles += self._rules.troubles
        return is_news

    def _take(self, folder: FolderSync, tell: Tell, *, deletes: bool) -> Changed:
        """Write down what somebody did in a folder, and give it on portion by portion."""
        try:
            self._go_ahead(folder.opened)
            done = folder.take(
                lambda what, at, of: tell(f"{what} {at} of {of} files"),
                before=self._rest,
                after=partial(self._give_on, folder.opened),
            )
            if deletes and done.held is not None:
                done = folder.take(allowed=done.held.paths)
        except NoEpochError as err:
            # it waits in the folder for keys, which this very round may bring
            self._given.troubles.append(f"{folder.path}: {err}")
            done = Changed()
        finally:
            if self._hints is not None:
                self._hints.resume(READ)
        return done

    def _rest(self, changes: int) -> None:
        """Watch no folder while much of it is read."""
        if self._hints is not None and changes >= MANY:
            self._hints.rest()

    def _put(self, folder: FolderSync, *, much: bool) -> Applied:
        """Put what came into a folder; what is reported of that is no hint."""
        if self._hints is None:
            return folder.put()
        anything = True
        self._hints.writing(much=much)
        try:
            applied = folder.put()
            anything = bool(applied.written or applied.renamed or applied.removed)
        finally:
            self._hints.wrote(anything=anything)
        return applied

    def _look_at_records(self, syncing: Syncing, tell: Tell, *, looks: bool) -> tuple[Moved, Moved]:
        """Take in records that came, and write down those that changed here; return both."""
        if looks and self._records is not None and self._records.is_new:
            # what others have is there first, as with files
            self._given.add_round(syncing.round())
            self._open()
        records = self._records
        if records is None:
            return Moved(), Moved()
        return records.take(tell), records.give(tell, self._give) if looks else Moved()

    def _reached(self, tell: Tell) -> Syncing:
        """Return what exchanges, with the devices that are at hand now."""
        if self._places is None:
            self._places = self._work.places.reached()
            if self._near.is_on:
                tell("looking for your devices in the home network")
        carriers = [*self._near.carriers(), *self._places]
        syncing = self._syncing or Syncing(self._work.devices, carriers)
        syncing.reach(carriers, self._near.sources())
        return syncing

    def _meet(self, came: Round) -> None:
        """Take and leave letters, keep shares up, and give on what was written for that."""
        met = PeopleRounds(self._work).run()
        if met is not None:
            came.troubles += met.troubles
            if met.post.taken:
                self._places = None  # a letter may tell that what is shared lies elsewhere now
            if met.has_written and self._syncing is not None:
                came.add_round(self._syncing.give_all())

    def _give_on(self, opened: Open) -> None:
        """Give what was taken of one collection so far, so that others need not wait."""
        if self._syncing is not None:
            self._syncing.give(opened, self._given)

    def _go_ahead(self, opened: Open) -> None:
        """Have packs go while a collection is written into, until something of it is given."""
        if self._syncing is not None:
            self._syncing.go_ahead(opened, self._given)

    def _give(self) -> None:
        """Give what was taken so far, so that others need not wait for the rest."""
        if self._syncing is not None:
            self._given.add_round(self._syncing.give_all())

    def hints(self) -> Hints:
        """Return what tells when another round is worth while; after a first one."""
        waits = [] if self._syncing is None else self._syncing.waits()
        folders = [folder.path for folder in self._folders.values()]
        self._hints = Hints(folders, waits, self._came)
        return self._hints

    def _open(self) -> None:
        """Open folders that are new, and anew those whose collection was loaded anew."""
        work, core = self._work, self._work.core
        for opened in work.devices.collections():
            name = opened.about.name
            if opened.about.holds is Holds.RECORDS and not opened.is_foreign:
                if self._records is None or self._records.opened is not opened:
                    self._records = RecordSync(work.devices, opened, work.doors)
                    self._budgets = BudgetSync(work.devices, opened, core)
                    self._rules = RuleSync(work.devices, opened, core)
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
        near = [_name(names, each) for each in self._near.done()]
        words = NearWords(devices.me.id, names)
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
            troubles=words.troubles([*done.troubles, *words.unseen(self._near.trouble)]),
            away=words.away(done.away),
            near=tuple(sorted(near)),
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
        failed=(
            *(f"{path}: {why}" for path, why in applied.failed.items()),
            *(
                f"{path}: its content is gone, or is not what was written"
                for path in applied.tampered
            ),
        ),
        held=0 if changed.held is None else changed.held.files,
    )


def _name(names: dict[DeviceId, str], device: bytes) -> str:
    return names.get(DeviceId(Id16(device)), device.hex()[:8])
