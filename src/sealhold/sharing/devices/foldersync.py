"""A folder and its collection kept equal: what somebody did there goes out, what came is put there.

- Contents are durable in packs before a version names them, and the version before the folder's
  rows say that it is known: a kill between costs a second reading, never a file.
- Files are put there from versions that are shown; siblings, and deletes that an edit outweighs,
  are told and stay.

Source: docs/spec/47-folders.md sections 5 to 7; docs/spec/11-exchange-and-op-log.md section 3.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from sealhold.model.clock import Clock, Entropy
from sealhold.model.errors import NotFoundError, TamperedError
from sealhold.sharing.devices import chosen, portions
from sealhold.sharing.devices.applying import Applied
from sealhold.sharing.devices.bodytaking import Packer, Pending
from sealhold.sharing.devices.comparing import Change, What
from sealhold.sharing.devices.comparing import Held as HeldDeletes
from sealhold.sharing.devices.contents import Content
from sealhold.sharing.devices.contents import Kind as ContentKind
from sealhold.sharing.devices.devices import Open
from sealhold.sharing.devices.disk import Disk
from sealhold.sharing.devices.drafting import Draft
from sealhold.sharing.devices.folder import Folder, Made, Standing
from sealhold.sharing.devices.folderrows import Bound, FolderRows
from sealhold.sharing.devices.keeping import Keeping, Step
from sealhold.sharing.devices.keptrows import Kind
from sealhold.sharing.devices.portions import Read
from sealhold.sharing.devices.reading import Digests, Taken
from sealhold.sharing.devices.scanning import put_marker
from sealhold.sharing.devices.state import State
from sealhold.sharing.devices.treeops import ROOT
from sealhold.sharing.devices.writing import Wanted
from sealhold.vault.packing import Counted

Told = Callable[[str, int, int], None]  # what is being done, how much of how much
NOTHING: frozenset[str] = frozenset()
PLAIN_DEPTH = 100  # folders above a file that no move makes too deep
_KINDS = {Kind.FILE: ContentKind.FILE, Kind.LINK: ContentKind.LINK, Kind.FOLDER: ContentKind.FOLDER}
_SHOWN = {kind: shown for shown, kind in _KINDS.items()}


@dataclass(slots=True)
class Changed:
    """What came of a look through a folder."""

    created: int = 0
    edited: int = 0
    moved: int = 0
    deleted: int = 0
    busy: list[str] = field(default_factory=list)
    held: HeldDeletes | None = None  # deletes that a person has to say yes to

    def __bool__(self) -> bool:
        return bool(self.created or self.edited or self.moved or self.deleted)


class _Turn(NamedTuple):
    """How much of a collection was taken in."""

    state: State
    operations: int
    refused: int


class FolderSync:
    """One collection of files and the folder that it is kept equal to. For one thread."""

    def __init__(self, opened: Open, keeping: Keeping, clock: Clock, entropy: Entropy) -> None:
        """Open the folder that the collection is bound to.

        Raises:
            NotFoundError: it is bound to none on this device.
            FolderGoneError: the folder is not there, or is another one.
        """
        self.opened = opened
        self._keeping, self._clock = keeping, clock
        self._rows = FolderRows(keeping, opened.about.id, opened.about.secret)
        bound = self._rows.bound
        if bound is None:
            raise NotFoundError("this collection has no folder on this device")
        self._digests = Digests(opened.about.secret)
        self.path = Path(bound.path)
        self._folder = Folder(
            self.path,
            mark=bound.mark,
            kept=self._rows,
            digests=self._digests,
            clock=clock,
            entropy=entropy,
        )
        self._folder.recover()
        self._equal: _Turn | None = None  # at which the folder was equal to the collection

    @property
    def is_new(self) -> bool:
        """Whether folder and vault never were equal."""
        return not self._rows.rows()

    def close(self) -> None:
        """Let go of the folder."""
        self._folder.close()

    def take(
        self,
        tell: Told = lambda _what, _done, _every: None,
        allowed: frozenset[str] = NOTHING,
        before: Callable[[int], object] = lambda _changes: None,
        after: Callable[[], object] = lambda: None,
    ) -> Changed:
        """Look through the folder and write down what changed, portion by portion; each is durable.

        Args:
            tell: is called as it goes on.
            allowed: paths whose delete a person said yes to.
            before: is called with the number of changes before they are read.
            after: is called after each portion but the last, so that it can be given on.

        Raises:
            FolderGoneError: the folder is not there, or is another one.
            NoEpochError: nothing can be written now: it waits in the folder.
        """
        equal, self._equal = self._equal, None
        compared = self._folder.changes(allowed)
        done = Changed(busy=compared.busy, held=compared.held)
        if compared.changes:
            before(len(compared.changes))
            equal = self._take_all(compared.changes, equal, done, tell, after)
        self._equal = None if done.busy or done.held else equal
        return done

    def _take_all(
        self,
        changes: Sequence[Change],
        equal: "_Turn | None",
        done: Changed,
        tell: Told,
        after: Callable[[], object],
    ) -> "_Turn | None":
        """Write down what changed; return when the folder is equal, if it was at `equal`."""
        with (
            self.opened.bodies.packer(partial(_told, tell, len(changes))) as packer,
            closing(portions.read(self._folder, packer, changes)) as read,
        ):
            for number, portion in enumerate(read):
                if number:
                    after()
                equal = self._follows(equal, portion)
                self._take(portion, packer, done)
                now = self._turn()
                equal = now if equal is not None and now.refused == equal.refused else None
        return equal

    def _turn(self) -> "_Turn":
        state = self.opened.replica.state
        return _Turn(state, state.turn, len(state.refused))

    def _follows(self, equal: "_Turn | None", portion: Sequence[Read]) -> "_Turn | None":
        """Return `equal` if the folder still is so once nothing but `portion` was written down."""
        is_so = equal == self._turn() and all(_is_shown_so(each.change) for each in portion)
        return equal if is_so else None

    def _take(self, portion: Sequence[Read], packer: Packer, done: Changed) -> None:
        """Write a portion of what changed down, durably."""
        draft, made = Draft(self.opened.replica), list[Made]()
        packer.settle([each.taken.result for each in portion if each.taken is not None])
        for change, found in portion:
            content = None
            if found is not None:
                content = packer.content(found.result, found.digest, _KINDS[change.kind])
            made.append(self._draft(draft, change, found, content))
            _count(done, change.what)
        settled = self._folder.settled(made)
        step = Step(beside=self._rows.settling(settled.drops, settled.puts))
        draft.commit(step)
        self._rows.settled(settled.drops, settled.puts)

    def put(self) -> Applied:
        """Make the folder equal to what the collection shows.

        Raises:
            FolderGoneError: the folder is not there, or is another one.
            StoreFullError: no room; each file is old or new.
            CarrierAwayError: content is at no carrier that answers.
        """
        is_all = chosen.read(self._keeping, self.opened.about.id).is_all
        if is_all and self._equal == self._turn():
            return Applied()
        self._equal = None
        contents: dict[bytes, Content] = {}
        wanted = chosen.kept_here(
            self.opened,
            self._keeping,
            self._rows.rows(),
            list(shown_in(self.opened, contents)),
            self._clock(),
        )

        def read(one: Wanted) -> Iterator[bytes]:
            yield from self.opened.bodies.read(contents[one.version])

        applied = self._folder.apply(wanted, read, partial(self._ordered, contents))
        if is_all and not (applied.failed or applied.tampered or applied.local_first):
            self._equal = self._turn()
        return applied

    def _ordered(self, contents: Mapping[bytes, Content], writes: list[Wanted]) -> list[Wanted]:
        """Return what is to be read as it was written: what begins in one pack together.

        Its packs are fetched from now on, each while what is in the one before it is written.
        """
        bodies = self.opened.bodies
        turn = {version: at for at, version in enumerate(self.opened.replica.state.known())}
        begins = {each.version: bodies.nearness(contents[each.version]) for each in writes}
        first: dict[bytes, int] = {}  # by pack
        for version in sorted(begins, key=lambda version: turn.get(version, 0)):
            first.setdefault(begins[version][0], len(first))

        def place(one: Wanted) -> tuple[int, int]:
            pack, offset = begins[one.version]
            return first[pack], offset

        ordered = sorted(writes, key=place)
        bodies.expect(contents[each.version] for each in ordered)
        return ordered

    def states(self) -> dict[str, Standing]:
        """Return the state of each file, as of the last look."""
        versions = self.opened.replica.state.versions
        return self._folder.states(frozenset(versions.in_conflict()))

    def _draft(
        self, draft: Draft, change: Change, found: Taken[Pending] | None, content: Content | None
    ) -> Made:
        """Write a change down; return what the rows become by it."""
        state = self.opened.replica.state
        thing = change.object
        if thing in state.erased:
            return self._draft_erased(draft, change, found, content)
        if change.what is What.DELETED:
            # what it follows is what was in the folder: an edit that never lay there stays
            lay = b"" if change.row is None else change.row.version
            draft.delete(thing, [each for each in [lay] if each in state] if lay else None)
            return Made(change)
        if change.what is What.CREATED:
            name = change.name or change.path.rpartition("/")[2]
            is_folder = change.kind is Kind.FOLDER
            draft.place(thing, change.parent or bytes(16), name, is_folder=is_folder)
        elif change.what is What.MOVED:
            draft.move(thing, change.parent, change.name)
        if content is None or found is None:
            return Made(change)
        seen = found.seen
        whole = replace(content, mode=seen.mode, mtime=seen.stat.mtime_ns)
        # what it follows is what was in the folder, so that an edit elsewhere stands beside it
        follows = () if change.row is None or not change.row.version else (change.row.version,)
        known = [each for each in follows if each in state]
        version = draft.put(thing, whole, known)
        return Made(change, version, seen, found.digest, found.looked_ns)

    def _draft_erased(
        self, draft: Draft, change: Change, found: Taken[Pending] | None, content: Content | None
    ) -> Made:
        """Write down what somebody did to a file that was erased meanwhile.

        What they wrote is a file of its own; what they moved or deleted goes as it is.
        """
        if change.what is not What.EDITED:
            return Made(change)
        # THREAT T518: an erasure takes what was erased, and nothing that was written since
        above, _, name = change.path.rpartition("/")
        row = self._rows.rows().get(above)
        fresh = replace(
            change,
            what=What.CREATED,
            object=self.opened.replica.entropy(16),
            row=None,
            parent=ROOT if row is None else row.object,
            name=name,
        )
        return self._draft(draft, fresh, found, content)


def shown_in(opened: Open, contents: dict[bytes, Content]) -> Iterator[Wanted]:
    """Yield what is to lie in the folder; `contents` gets what each version holds.

    Raises:
        TamperedError: something that is shown is no file, folder or link.
    """
    state = opened.replica.state
    for thing, shown in state.tree.shown(state.versions.edited_over_deletes()).items():
        path = "/".join(shown.path)
        if shown.is_folder:
            yield Wanted(object=thing, path=path, kind=Kind.FOLDER, mode=0o755)
            continue
        version = state.versions.standing(thing).shown
        if version is None:
            continue  # its first version has not come yet
        content = contents[version.id] = state.content(version.id)
        if content.kind not in _SHOWN:
            raise TamperedError("a version in a folder that is no file")
        yield Wanted(
            object=thing,
            path=path,
            kind=_SHOWN[content.kind],
            mode=content.mode,
            mtime_ns=content.mtime,
            size=content.size,
            digest=content.digest,
            version=version.id,
        )


def _told(tell: Told, every: int, counted: Counted) -> None:
    tell("reading", counted.contents, every)


def _is_shown_so(change: Change) -> bool:
    """Return whether what lies at a path is shown there: no name that may be shown otherwise."""
    return change.path.isascii() and change.path.count("/") < PLAIN_DEPTH


def bind(opened: Open, keeping: Keeping, path: Path, entropy: Entropy) -> None:
    """Keep a collection equal to a folder of this device from now on.

    Raises:
        OSError: the folder cannot be marked as the one.
    """
    mark = entropy(16)
    disk = Disk(path)
    try:
        put_marker(disk, mark)
    finally:
        disk.close()
    FolderRows(keeping, opened.about.id, opened.about.secret).bind(Bound(str(path), mark))


def _count(done: Changed, what: What) -> None:
    match what:
        case What.CREATED:
            done.created += 1
        case What.EDITED:
            done.edited += 1
        case What.MOVED:
            done.moved += 1
        case What.DELETED:
            done.deleted += 1
