"""Closing an epoch: the keys move to a new set, and the slot that opens all old copies goes.

- Eight steps. Up to the fifth, one rename, the old set is in force and a kill starts anew; from
  then on the new one is, and the next opening finishes. There is no step in between.
- The old slot is destroyed only once every key was opened from the new set, as the disk has it.
- The root is exchanged in the same way: the next epoch's slot is made under another root, and one
  rename puts epoch and root in force together. A device that is away keeps its slot until it is
  back; then the next opening ends it, and only then it is noted as destroyed.
- An erasure marks its epoch, in its own commit; the epoch is to be closed a day later at most.
- What this reaches: copies of keys and rows that were made without the slot. A copy of the whole
  folder holds the slot too, and old rows with the keys in force open as before.

Source: docs/spec/03-keys.md section 13.
"""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Lock
from typing import Protocol

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.audit.log import Entry
from sealhold.crypto.digest import tagged
from sealhold.crypto.rootspec import Destruction
from sealhold.crypto.tags import Tag
from sealhold.model.collecting import uncollected
from sealhold.model.encoding import pack
from sealhold.model.errors import (
    RootAwayError,
    SealholdError,
    StoreUnavailableError,
    TamperedError,
    WrongPassphraseError,
)
from sealhold.model.ids import AppId, canonical
from sealhold.model.quantities import DAY, HOUR, Instant
from sealhold.model.shown.keys import ClosedView, ClosingView, KeysView, KeyView
from sealhold.stores.spec import ColumnKind, Expect, Put, TableSpec
from sealhold.vault.core import Core
from sealhold.vault.deciding import Deciding, scan_all
from sealhold.vault.erased import apps_erased_in
from sealhold.vault.heldkeys import Held
from sealhold.vault.holdrows import keeping_ids
from sealhold.vault.home import FIRST_EPOCH
from sealhold.vault.keyring import HALF_CLOSED, Keyring
from sealhold.vault.keysets import KeySets
from sealhold.vault.ownkeys import own_keys
from sealhold.vault.reserves import Room
from sealhold.vault.retagging import retag
from sealhold.vault.rewrapping import UNDER_SUBJECTS
from sealhold.vault.roots import HomeRoot
from sealhold.vault.wraps import ACTIVE
from sealhold.vault.writer import Work

WITHIN = DAY  # of the first erasure the epoch is closed
EARLY = HOUR  # a served vault does not wait until the last minute
CLOSED_EPOCH = "epoch_closed"  # why keys were turned over
ROOT_CHANGED = "root_changed"  # the same, under another root from then on

ERASED = TableSpec(
    name="erased",
    columns={"epoch": ColumnKind.I64, "first": ColumnKind.I64, "count": ColumnKind.I64},
    key=("epoch",),
    indexes={},
)
CLOSED = TableSpec(
    name="closed",
    columns={"epoch": ColumnKind.I64, "sealed": ColumnKind.SEALED},
    key=("epoch",),
    indexes={},
)


def noted(core: Core, items: int = 1) -> Put:
    """Return the operation that marks the epoch in force: something was erased in it.

    `items` of the owner count, since old rows of theirs open further on; a person's do not.
    """
    epoch = core.keyring.lies_in.epoch
    found = core.deciding.get(ERASED.name, epoch)
    if found is None:
        return Put(ERASED.name, (epoch, core.clock(), items), Expect.ABSENT)
    return Put(ERASED.name, (epoch, found.row[1], found.row[2] + items), found.v)


def settle(core: Core, sets: KeySets, *, opening: bool = True) -> None:
    """Bring to an end what a kill interrupted; the vault is open, and the epoch in force proven.

    A slot whose device is away stays, and is told as destroyed once it was.

    Raises:
        RootAwayError: not at an opening, and what a next root began lies on a device that is away.
    """
    now, root = core.keyring.lies_in.epoch, sets.root
    sets.home.sweep()
    left = sets.others(now)
    for other in left:
        try:
            sets.drop(other)
        except RootAwayError:
            if other > now and not opening:
                raise
    of_others = set(root.waiting())
    untold = {now - 1, *of_others, *left} & set(range(FIRST_EPOCH, now))
    for epoch in sorted(untold):
        if core.store.get(CLOSED.name, [(epoch,)])[0] is None:
            retag(core)
            with suppress(RootAwayError):
                gone, held = sets.destroy_slot(epoch), len(core.keyring.held())
                _tell(core, Actor.VAULT, ClosedNote(epoch, held, gone, epoch in of_others))
    is_owed = any(core.store.get(CLOSED.name, [(epoch,)])[0] is None for epoch in of_others)
    root.tidy(owed=is_owed)


@dataclass(frozen=True, slots=True)
class ClosedNote:
    """What is kept of a closed epoch."""

    epoch: int
    keys: int  # how many moved on
    destroyed: Destruction
    is_change: bool = False  # of the root


class Next(Protocol):
    """A root that is to follow."""

    def lay(self, now: HomeRoot, born: int) -> HomeRoot:
        """Make it beside the root in force; it rules once epoch `born` does."""
        ...

    def opened(self, born: int) -> HomeRoot:
        """Open it from the disk, as the next opening will."""
        ...


@dataclass(slots=True)
class _Turn:
    """One closing on its way."""

    actor: Actor
    old: int
    sets: KeySets  # those of the next epoch
    next: Next | None  # its root, if that is another one
    before: Held  # every key of the epoch that ends, open; nobody changes one meanwhile
    rings: list[Keyring] = field(default_factory=list)  # open sets of the next epoch
    keys: int = 0
    anew: frozenset[AppId] = frozenset()  # apps whose people are found by other tags from now on
    destroyed: Destruction | None = None


class Epochs:
    """The keys of one open vault: shown to its owner, and turned over."""

    def __init__(self, core: Core, sets: KeySets, verify: Callable[[str], bool]) -> None:
        self._core = core
        self._sets = sets
        self._verify = verify
        self._one = Lock()  # one closing at a time

    def due(self) -> Instant | None:
        """Return by when the epoch is to be closed; None if nothing was erased in it."""
        return due(self._core.deciding, self._core.keyring.lies_in.epoch)

    def list(self) -> KeysView:
        """Return each key by id, version and state, and what it wraps; never its bytes."""
        with self._one:  # in between, keys lie half here and half there
            return self._list()

    def look(self) -> ClosingView:
        """Return what closing the epoch would do; nothing changes."""
        with self._one:
            ring = self._core.keyring
            return self._view(ring.lies_in.epoch, len(ring.held()), None)

    def close(self, passphrase: str) -> ClosingView:
        """Close the epoch in force.

        Raises:
            WrongPassphraseError: the owner is not proven.
            StoreUnavailableError: the disk refuses; one of the two epochs is in force, whole.
        """
        if not self._verify(passphrase):
            raise WrongPassphraseError
        with self._one:
            return self._close(Actor.OWNER)

    def change_root(self, passphrase: str, next_: Next) -> ClosingView:
        """Close the epoch in force, and go on under another root.

        Raises:
            WrongPassphraseError: the owner is not proven.
            RootAwayError: the device of the next root, or of one that was begun, does not answer.
            StoreUnavailableError: the disk refuses; one of the two is in force, whole.
        """
        if not self._verify(passphrase):
            raise WrongPassphraseError
        with self._one:
            return self._close(Actor.OWNER, next_)

    def close_due(self) -> bool:
        """Close the epoch if it is due soon, and return whether it was.

        Raises:
            StoreUnavailableError: the disk refuses.
        """
        with self._one:
            by = self.due()
            if by is None or self._core.clock() < by - EARLY:
                return False
            self._close(Actor.VAULT)
            return True

    def _list(self) -> KeysView:
        core, ring = self._core, self._core.keyring
        held, epoch = ring.held(), ring.lies_in.epoch
        fields = sorted(held.fields.items(), key=lambda each: each[0])
        under = Counter(app for app, _, _ in held.fields)
        under.update(2 * [AppId(each.row[2]) for each in held.subjects])
        wrapped = Counter(each for under in UNDER_SUBJECTS for each in under.counted(core.store))
        kinds = {each.row[0]: "subject" for each in held.subjects}
        kinds.update(dict.fromkeys(keeping_ids(core), "hold"))  # what is held of the erased
        keys = [
            KeyView("epoch", str(epoch), epoch, ACTIVE, len(held.named) + len(held.apps)),
            *(
                KeyView("app", canonical(app), each.version, ACTIVE, 1 + under[app])
                for app, each in held.apps.items()
            ),
            *(
                KeyView("field", f"{canonical(app)}/{name}", version, each.state, 0)
                for (app, name, version), each in fields
            ),
            *(
                KeyView(kinds[row[0]], canonical(row[0]), row[1], row[4], wrapped[row[0], row[1]])
                for row in (each.row for each in held.subjects)
            ),
            *own_keys(core, held.named),
        ]
        return KeysView(
            epoch=epoch,
            generation=ring.generation,
            due=self.due(),
            keys=tuple(keys),
            closed=self._closed(),
        )

    def _close(self, actor: Actor, next_: Next | None = None) -> ClosingView:
        ring, home = self._core.keyring, self._sets.home
        if home.epoch != ring.lies_in.epoch:
            raise StoreUnavailableError(HALF_CLOSED)
        settle(self._core, self._sets, opening=False)
        # THREAT T235: a key that is erased after it was copied would come back with the next set
        with uncollected(), ring.still():
            turn = _Turn(actor, ring.lies_in.epoch, self._sets, next_, ring.held())
            ring.reserves.spend(Room.RIGHTS, lambda: self._move(turn))
        with suppress(RootAwayError):  # the next opening ends what is left
            for step in (self._destroy, self._remove, self._note):
                step(turn)
        return self._view(turn.old, turn.keys, turn.destroyed)

    def _move(self, turn: _Turn) -> None:
        home, is_over = self._sets.home, True
        try:
            for step in (
                *(self._root, self._slot, self._copy),
                *(self._compare, self._read_back, self._switch),
            ):
                step(turn)
            retag(self._core, turn.anew)  # nobody is looked for until this is done
        except BaseException:
            for each in turn.rings:
                each.close()
            with suppress(SealholdError):  # else the next opening clears it away
                is_over = home.epoch != turn.old
                if not is_over:
                    self._sets.drop(turn.old + 1)
                    self._sets.root.tidy(owed=True)
            if is_over:  # the next opening may go on with the other set
                self._core.keyring.freeze()
            raise

    def _root(self, turn: _Turn) -> None:
        """0: what opens it, if that is to be another root."""
        if turn.next is not None:
            root = turn.next.lay(self._sets.root, turn.old + 1)
            turn.sets = self._sets.under(root)

    def _slot(self, turn: _Turn) -> None:
        """1: the slot of the next epoch."""
        turn.sets.make_slot(turn.old + 1)

    def _copy(self, turn: _Turn) -> None:
        """2: its key set, with every key under another wrap and each app's key made anew."""
        new, fence = turn.sets.make(turn.old + 1)
        turn.rings.append(new)
        turn.anew = frozenset(apps_erased_in(self._core.store, turn.old))
        new.inherit(self._core.keyring.generation, turn.before, fence, turn.anew)

    def _compare(self, turn: _Turn) -> None:
        """3: every key that was copied opens, and there are as many as before."""
        turn.keys = self._compared(turn)

    def _read_back(self, turn: _Turn) -> None:
        """4: the same again from the disk, through the slot, as the next opening will."""
        turn.rings.pop().close()
        if turn.next is not None:
            # THREAT T307: a root in which the owner's secret was never tried does not take over
            turn.sets = self._sets.under(turn.next.opened(turn.old + 1))
        turn.rings.append(turn.sets.open(turn.old + 1))
        turn.keys = self._compared(turn)

    def _switch(self, turn: _Turn) -> None:
        """5: one rename puts the next epoch in force."""
        self._sets.home.move_on(turn.old + 1)
        self._sets.root = turn.sets.root
        self._core.keyring.take(turn.rings.pop())

    def _destroy(self, turn: _Turn) -> None:
        """6: the slot of the epoch that ended goes."""
        # THREAT T220: from here on no copy of what lay under it opens
        turn.destroyed = self._sets.destroy_slot(turn.old)

    def _remove(self, turn: _Turn) -> None:
        """7: and what lay under it."""
        self._sets.drop(turn.old)

    def _note(self, turn: _Turn) -> None:
        """8: the note of it, and the log's entry; what the root before left goes."""
        assert turn.destroyed is not None  # noqa: S101  # reason: step 6 was before
        is_change = turn.next is not None
        note = ClosedNote(turn.old, turn.keys, turn.destroyed, is_change)
        _tell(self._core, turn.actor, note)
        settle(self._core, self._sets)

    def _compared(self, turn: _Turn) -> int:
        """Open every key of the next epoch's set, and return how many there are.

        Raises:
            TamperedError: one is missing, too many, another, or not made anew.
        """
        new = turn.rings[-1]
        held, old = new.held(), self._core.keyring
        # THREAT T221: the old set is given up only for one in which every key was opened
        if not held.follows(turn.before, turn.anew) or new.generation <= old.generation:
            raise TamperedError("the keys that were copied are not those that there were")
        return len(held)

    def _closed(self) -> tuple[ClosedView, ...]:
        core = self._core
        rows = (found.row for found in scan_all(core.store, CLOSED))
        return tuple(
            ClosedView.of(epoch, core.papers.open(CLOSED.name, (epoch,), sealed))
            for epoch, sealed in rows
        )

    def _view(self, epoch: int, keys: int, destroyed: Destruction | None) -> ClosingView:
        return ClosingView(
            epoch=epoch,
            next=epoch + 1,
            keys=keys,
            erased=_erased(self._core.deciding, epoch),
            method=destroyed.method if destroyed else None,
            strength=destroyed.strength.value if destroyed else None,
        )


def due(deciding: Deciding, epoch: int) -> Instant | None:
    """Return by when an epoch is to be closed; None if nothing was erased in it."""
    found = deciding.get(ERASED.name, epoch)
    return Instant(found.row[1] + WITHIN) if found else None


def _erased(deciding: Deciding, epoch: int) -> int:
    found = deciding.get(ERASED.name, epoch)
    return int(found.row[2]) if found else 0


def _tell(core: Core, actor: Actor, note: ClosedNote) -> None:
    """Write the note of a closed epoch, and the entry that names it, in one commit."""
    paper = {
        "at": core.clock(),
        "erased": _erased(core.deciding, note.epoch),
        "keys": note.keys,
        "method": note.destroyed.method,
        "strength": note.destroyed.strength.value,
    }
    sealed = core.papers.seal(CLOSED.name, (note.epoch,), paper)
    event = Event(
        kind=EventKind.KEY,
        actor=actor,
        reason=ROOT_CHANGED if note.is_change else CLOSED_EPOCH,
        rows_out=note.keys,
        digest=tagged(Tag.EPOCH_NOTE, pack([note.epoch, paper])),
    )
    row = Put(CLOSED.name, (note.epoch, sealed), Expect.ABSENT)
    core.writer.commit(Work((row,), (Entry(event=event),), releases=True, right=True))
