"""Five devices of one person and their carriers, in the midst of a schedule, and at its end."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from sealhold.crypto.entropy import seeded
from sealhold.model.errors import DeniedError, ExhaustedError, NoEpochError
from sealhold.model.ids import Id16
from sealhold.model.quantities import Instant
from sealhold.sharing.devices import joining
from sealhold.sharing.devices.certs import Role
from sealhold.sharing.devices.devices import Open
from sealhold.sharing.devices.drafting import Draft
from sealhold.sharing.devices.reading import Digests
from sealhold.sharing.devices.slices import Book, Holding, first_term, next_term, taken
from sealhold.sharing.devices.treeops import ROOT
from sealhold.stores.spec import Op
from tests.unit.copied_devices import Copy, Dying, KilledError, copy, put_back
from tests.unit.memory_vault import NOON
from tests.unit.owned_devices import Machine, machine, machines, pair
from tests.unit.replicas import Shelf

FIRST = 5  # devices at the beginning; one more may join
YEAR = 365 * 86_400_000
MOST_ROUNDS = 12
CAP = 100  # of a budget
FAR = Instant(1 << 52)
LONG = 5_000  # bytes: goes into a pack


class Step(NamedTuple):
    """What one device does."""

    what: str
    who: int
    one: int
    two: int


@dataclass
class Written:
    """Bytes whose writer was told that they are safe."""

    version: bytes
    text: bytes
    by: int
    is_given: bool = False  # to a carrier, by a round that ended


@dataclass(frozen=True)
class Base:
    """What all schedules begin from: devices with their rows, and the first carrier's objects."""

    devices: list[tuple[Machine, Copy]]
    shelf: dict[str, bytes]


@contextmanager
def paired() -> Iterator["Base"]:
    """Return devices that know each other, the last of which is nobody's yet."""
    roles = [Role.ADMIN, Role.FULL, Role.FULL, Role.FULL]
    with ExitStack() as stack:
        found = stack.enter_context(machines(FIRST, roles))
        shelf = Shelf()
        for each in (*found, *found):
            each.sync(shelf)
        found.append(stack.enter_context(machine(b"spare")))
        yield Base([(each, copy(each)) for each in found], dict(shelf.kept))


@dataclass
class World:
    """Devices and shelves in the midst of a schedule."""

    machines: list[Machine]
    shelves: list[Shelf]
    clocks: list[int]
    here: set[int]  # the devices that are members
    writes: list[Written] = field(default_factory=list)
    copies: dict[int, Copy] = field(default_factory=dict)
    troubles: list[str] = field(default_factory=list)
    removed: set[int] = field(default_factory=set)
    slices: dict[int, list[Holding]] = field(default_factory=dict)
    book: Book = field(default_factory=lambda: first_term(Id16(b"ledger".ljust(16)), CAP))
    spent: int = 0

    @classmethod
    def begun(cls, base: Base, seed: int) -> "World":
        """Return the devices as they were paired."""
        clocks = [int(NOON) + 10_000_000 for _ in base.devices]
        found = []
        for at, (one, kept) in enumerate(base.devices):
            core = replace(
                one.vault.core,
                clock=_clock(clocks, at),
                entropy=seeded(b"schedule %d of %d" % (seed, at)),
            )
            mine = Machine(replace(one.vault, core=core), one.devices)
            put_back(mine, kept)
            found.append(mine)
        shelves = [Shelf(dict(base.shelf)), *(Shelf() for _ in range(seed % 3))]
        return cls(found, shelves, clocks, set(range(FIRST)))

    def run(self, steps: Sequence[Step]) -> None:
        """Do all steps."""
        for step in steps:
            who = sorted(self.here)[step.who % len(self.here)]
            with suppress(NoEpochError):  # nothing was written: an admin was not heard yet
                getattr(self, step.what)(who, step.one, step.two)

    # --- what a device does ---

    def write(self, who: int, one: int, two: int) -> None:
        draft = Draft(self._opened(who).replica)
        thing = draft.add(f"name {two % 7}", self._folder(who, one))
        self._put(who, draft, thing, ())

    def edit(self, who: int, one: int, two: int) -> None:
        del two
        opened = self._opened(who)
        if (thing := self._file(who, one)) is not None:
            standing = opened.replica.state.versions.standing(thing)
            self._put(who, Draft(opened.replica), thing, tuple(standing.heads))

    def rename(self, who: int, one: int, two: int) -> None:
        if (thing := self._file(who, one)) is not None:
            draft = Draft(self._opened(who).replica)
            draft.move(thing, None, f"name {two % 7}")
            draft.commit()

    def move(self, who: int, one: int, two: int) -> None:
        things = sorted(self._opened(who).replica.state.tree.objects())
        if things:
            thing = things[one % len(things)]
            folder = self._folder(who, two)
            if thing != folder:
                draft = Draft(self._opened(who).replica)
                draft.move(thing, folder, None)
                draft.commit()

    def folder(self, who: int, one: int, two: int) -> None:
        draft = Draft(self._opened(who).replica)
        draft.add(f"folder {two % 5}", self._folder(who, one), is_folder=True)
        draft.commit()

    def delete(self, who: int, one: int, two: int) -> None:
        del two
        things = sorted(self._opened(who).replica.state.tree.objects())
        if things:
            draft = Draft(self._opened(who).replica)
            draft.delete(things[one % len(things)])
            draft.commit()

    def sync(self, who: int, one: int, two: int) -> None:
        del two
        mine = [w for w in self.writes if w.by == who]
        done = self.machines[who].sync(*self._some(one))
        self.troubles += [f"device {who}: {each}" for each in done.troubles]
        if not done.away and not done.troubles:
            for each in mine:
                each.is_given = True

    def _some(self, one: int) -> list[Shelf]:
        """Return shelves of which all but one seem away, or none."""
        only = one % (len(self.shelves) + 1)
        return [
            shelf if only in (at, len(self.shelves)) else Shelf(is_away=True)
            for at, shelf in enumerate(self.shelves)
        ]

    # --- what befalls it ---

    def away(self, who: int, one: int, two: int) -> None:
        del who, two
        self.shelves[one % len(self.shelves)].is_away = True

    def back(self, who: int, one: int, two: int) -> None:
        del who, two
        self.shelves[one % len(self.shelves)].is_away = False

    def clock(self, who: int, one: int, two: int) -> None:
        del two
        self.clocks[who] = int(NOON) + (one % 21 - 10) * YEAR

    def again(self, who: int, one: int, two: int) -> None:
        del one, two
        self.machines[who].again()

    def kill(self, who: int, one: int, two: int) -> None:
        """Kill a device at a write of its rows, before or behind it, or at one to a carrier."""
        left = [one // 4 % 9]
        device = self.machines[who]
        if one % 4 < 2:
            real = device.devices.keeping._write

            def write(ops: Sequence[Op], reason: str | None = None) -> None:
                left[0] -= 1
                if left[0] < 0 and one % 4 == 0:
                    raise KilledError
                real(ops, reason)
                if left[0] < 0:
                    raise KilledError

            device.devices.keeping._write = write  # type: ignore[method-assign]
            shelves = self.shelves
        else:
            shelves = [
                Dying(shelf.kept, shelf.abilities, shelf.is_away, left) for shelf in self.shelves
            ]
        try:
            device.sync(*shelves)
            if one % 4 < 2:
                self.edit(who, two, 0)
        except (KilledError, NoEpochError):
            pass
        device.again()

    def copy(self, who: int, one: int, two: int) -> None:
        del one, two
        now = copy(self.machines[who])
        slices = tuple(self.slices.get(who, ()))
        self.copies[who] = replace(now, writes=len(self.writes), slices=slices)

    def restore(self, who: int, one: int, two: int) -> None:
        """Put a device back: what it had told nobody since is lost, as on a lost disk.

        Either its disk is put back, and what lies outside the folder differs; or the whole machine
        is, and nothing does. The latter is noticed by exchange alone, so one that holds slices, of
        which no entry tells how they are spent, is put back by its disk here.
        """
        kept = self.copies.get(who)
        if kept is None:
            return
        lost = [w for w in self.writes[kept.writes :] if w.by == who and not w.is_given]
        self.writes = [w for w in self.writes if not any(w is each for each in lost)]
        for each, earlier in list(self.copies.items()):
            self.copies[each] = replace(earlier, writes=min(earlier.writes, kept.writes))
        if two % 2 or kept.slices or self.slices.get(who):
            self.machines[who].token = b"token %d" % one
        self.slices[who] = list(kept.slices)
        if who == 0:
            # the book was on it: what nobody vouches for counts as spent
            self.book = next_term(self.book.ledger, self.book.term + 1, CAP, handed=None)
        put_back(self.machines[who], kept)

    # --- a budget, which device 0 counts ---

    def lease(self, who: int, one: int, two: int) -> None:
        del two
        me = self.machines[who].devices.me
        try:
            incarnation = Id16(me.incarnation)
            amount = one % 40 + 1
            self.book, leased = self.book.lease(me.id, incarnation, amount, FAR)
        except ExhaustedError:
            return
        held = taken(leased, self.book.term, acknowledged=True)
        self.slices.setdefault(who, []).append(held)

    def spend(self, who: int, one: int, two: int) -> None:
        held, me = self.slices.get(who, []), self.machines[who].devices.me
        if not held:
            return
        at, amount = two % len(held), one % 30
        try:
            held[at] = held[at].spend(amount, me.id, Id16(me.incarnation), NOON)
        except (DeniedError, ExhaustedError):
            return
        self.spent += amount
        assert self.spent <= CAP, f"{self.spent} of {CAP} were spent"

    def give_back(self, who: int, one: int, two: int) -> None:
        del one, two
        held, me = self.slices.get(who, []), self.machines[who].devices.me
        if held and held[-1].slice.incarnation == me.incarnation:
            with suppress(DeniedError):  # of an earlier term
                self.book = self.book.returned(held.pop().given_back())

    def remove(self, who: int, one: int, two: int) -> None:
        del two
        others = sorted(self.here - {0, 1})
        if who not in (0, 1) or len(others) < 2:
            return
        gone = others[one % len(others)]
        joining.remove(self.machines[who].devices, self.machines[gone].devices.me.id)
        state = self._opened(who).replica.state
        self.writes = [w for w in self.writes if w.by != gone or w.version in state]
        for each, earlier in list(self.copies.items()):
            self.copies[each] = replace(earlier, writes=0)
        self.here.discard(gone)
        self.removed.add(gone)

    def add(self, who: int, one: int, two: int) -> None:
        del one, two
        if who == 0 and FIRST not in self.here | self.removed:
            pair(self.machines[0], self.machines[FIRST], "late")
            self.here.add(FIRST)

    # --- the end ---

    def heal(self) -> None:
        """Let all carriers answer and all devices sync until nothing moves."""
        for shelf in self.shelves:
            shelf.is_away = False
        for who in sorted(self.here):
            self.machines[who].again()
        for _ in range(MOST_ROUNDS):
            moved = 0
            self.troubles = []
            for who in sorted(self.here):
                done = self.machines[who].sync(*self.shelves)
                self.troubles += [f"device {who}: {each}" for each in done.troubles]
                moved += done.taken + done.given
            if not moved:
                return
        raise AssertionError(f"still something to tell after {MOST_ROUNDS} rounds")

    def check(self) -> None:
        """See that all devices are equal and nothing that was acknowledged is lost."""
        assert self.troubles == [], self.troubles
        first, *others = [self._opened(who) for who in sorted(self.here)]
        expected = told(first)
        for other in others:
            assert told(other) == expected
        assert first.replica.state.refused == []
        assert first.replica.book.forks() == []
        assert first.replica.book.behind() == []
        for written in self.writes:
            state = first.replica.state
            assert written.version in state, f"lost: {written.text[:20]!r}"
            text = b"".join(first.bodies.read(state.content(written.version)))
            assert text == written.text

    # --- inside ---

    def _put(self, who: int, draft: Draft, thing: bytes, parents: tuple[bytes, ...]) -> None:
        opened = self._opened(who)
        text = b"text %d by %d" % (len(self.writes), who)
        if len(self.writes) % 4 == 0:
            text = text.ljust(LONG, b".")
        digest = Digests(opened.about.secret).start()
        digest.update(text)
        with opened.bodies.packer() as packer:
            pending = packer.take(iter([text]))
            packer.finish()
            content = packer.content(pending, digest.digest())
        version = draft.put(thing, content, parents)
        draft.commit()
        self.writes.append(Written(version, text, who))

    def _opened(self, who: int) -> Open:
        return self.machines[who].files()

    def _file(self, who: int, one: int) -> bytes | None:
        state = self._opened(who).replica.state
        things = sorted(state.versions._of.keys() & state.tree.objects())
        return things[one % len(things)] if things else None

    def _folder(self, who: int, one: int) -> bytes:
        tree = self._opened(who).replica.state.tree
        things = sorted(it for it in tree.objects() if (p := tree.place_of(it)) and p.is_folder)
        return [ROOT, *things][one % (len(things) + 1)]


def told(opened: Open) -> tuple[object, ...]:
    """Return all that a collection comes to."""
    state = opened.replica.state
    shown = state.tree.shown(state.versions.edited_over_deletes())
    standing = {
        thing: (found.shown, found.siblings, found.deletes)
        for thing in sorted(state.versions._of)
        for found in [state.versions.standing(thing)]
    }
    heads = {log: opened.replica.book.head(log) for log in opened.replica.book.logs()}
    return (
        {thing: (each.path, each.is_folder, each.is_deleted) for thing, each in shown.items()},
        standing,
        state._contents,
        state._notes,
        state.waiting(),
        heads,
        opened.members.state.heads,
    )


def _clock(clocks: list[int], at: int) -> Callable[[], Instant]:
    def clock() -> Instant:
        clocks[at] += 1_000
        return Instant(clocks[at])

    return clock
