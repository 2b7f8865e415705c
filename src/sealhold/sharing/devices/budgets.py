"""Budgets of one vault on several devices: one counts them, and lends slices to all.

- Which device counts is named in the membership log of the collection of records. It leases at
  most the cap, to itself as well, and its book and the slice it tells of are one commit.
- A slice that it lends to itself is spent from once another device said that it knows of it.
- What counts after a device that counted was lost is what the others know, or the cap.

Source: docs/spec/50-vault-in-sync.md section 6; docs/spec/12-membership.md section 8.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

from sealhold.model.encoding import Plain
from sealhold.model.errors import DeniedError, NoEpochError
from sealhold.model.ids import Collection, DeviceId, Id16, Purpose
from sealhold.model.quantities import Instant, Year, year_of
from sealhold.sharing.devices import budgetnotes as notes
from sealhold.sharing.devices.budgetbooks import Books, Kept, Role
from sealhold.sharing.devices.budgetnotes import Seen, Want, Wants, ledger_of
from sealhold.sharing.devices.devices import Devices, Open, step_of
from sealhold.sharing.devices.drafting import Draft
from sealhold.sharing.devices.keeping import Step
from sealhold.sharing.devices.memberentries import EntryKind, LedgerDevice
from sealhold.sharing.devices.slices import (
    MAX_AMOUNT,
    Slice,
    first_term,
    next_term,
    taken,
)
from sealhold.stores.spec import Expect, Found, Op, Put
from sealhold.vault.budget import Budget
from sealhold.vault.caps import CapKind
from sealhold.vault.core import Core
from sealhold.vault.noisebudget import NoiseBudget
from sealhold.vault.shares import Kind, Name, tag_of
from sealhold.vault.syncrows import HELD, SHARING, WANTED

PARTS = 8  # a slice is this part of the cap, or what one charge needs
REASON = "budgets"  # in the log
_END = Instant(MAX_AMOUNT - 1)  # the budget itself ends with its year


class BudgetSync:
    """The budgets of the vault that a collection of records stands for. For one thread."""

    def __init__(self, devices: Devices, opened: Open, core: Core) -> None:
        self._devices = devices
        self._opened = opened
        self._core = core
        self._budget = Budget(core.deciding, core.keys)
        self._books = Books(core)

    def appoint(self) -> None:
        """Count the budgets from now on, in the next term; durable on return.

        Raises:
            DeniedError: this device is no admin.
        """
        members, me = self._opened.members, self._devices.me
        before, known = set(members.objects), members.log.counted(self._id)
        term = 1 if known is None else known.term + 1
        body = LedgerDevice(self._id, me.id, term, b"")
        time = self._devices.time_of(self._opened)
        members.take([members.write(EntryKind.LEDGER, body, time)])
        came = [(name, data) for name, data in members.objects.items() if name not in before]
        step = step_of(members, came)
        previous = b"" if known is None else known.device
        role = Role(term, me.incarnation, year_of(self._core.clock()), previous)
        step.beside.append(self._books.put_role(role))
        self._devices.keeping.save(self._opened.about.id, step)

    def settle(self) -> bool:
        """Ask, lend and take what is to be; return whether something was written for others.

        Raises:
            AuditUnavailableError: nothing can be written here.
        """
        replica, me = self._opened.replica, self._devices.me
        if me.id not in self._opened.members.state.holders() or not self._is_shared:
            return False
        head = replica.book.head(me.own.log)
        with suppress(NoEpochError):  # nothing can be told now: what was lent holds
            self._step_in()
            self._ask()
            if self._counts:
                self._lend()
            self._acknowledge()
            self._take()
        return replica.book.head(me.own.log) != head

    # --- who counts ---

    @property
    def _id(self) -> Id16:
        return Id16(self._opened.about.id)

    @property
    def _ledger(self) -> LedgerDevice | None:
        return self._opened.members.state.ledgers.get(self._id)

    @property
    def _is_shared(self) -> bool:
        return self._core.deciding.get(SHARING.name, 0) is not None

    @property
    def _counts(self) -> bool:
        """Whether this device counts, in the incarnation in which it began to."""
        ledger, role, me = self._ledger, self._books.role, self._devices.me
        return (
            ledger is not None
            and role is not None
            and (ledger.device, ledger.term) == (me.id, role.term)
            # THREAT T525: a restored copy does not go on with the book that it came with
            and role.incarnation == me.incarnation
        )

    def _step_in(self) -> None:
        """Begin a next term where the device that counted is gone, or is a copy of what it was."""
        members, me = self._opened.members, self._devices.me
        if members.state.admin_grant(me.id) is None or self._counts:
            return
        ledger = members.log.counted(self._id)
        if ledger is None:
            is_due = len(me.chain) == 1  # certified by the root: of these there is one at first
        else:
            is_due = ledger.device == me.id or ledger.device not in members.state.holders()
        if is_due:
            self.appoint()

    # --- what this device asks for ---

    def _ask(self) -> None:
        wanted = [self._want(name, need) for name, need in self._wanted()]
        now = Wants(Id16(self._devices.me.incarnation), tuple(wanted))
        self._tell(notes.WANT, notes.told_wants(now))

    def _wanted(self) -> Iterator[tuple[Name, int]]:
        year = year_of(self._core.clock())
        found = sorted(self._core.deciding.all(WANTED.name), key=lambda each: each.row[0])
        for each in found[: notes.MAX_WANTS]:
            tag, paper = each.row
            kind, text, of, need = self._core.papers.open(WANTED.name, (tag,), paper)
            if of in (0, year):
                yield Name(Kind(kind), text, of), need

    def _want(self, name: Name, need: int) -> Want:
        here = [each.row for each in self._held(name)]
        mine = [row for row in here if row[2] == self._devices.me.incarnation]
        return Want(
            budget=name,
            before=min(MAX_AMOUNT, max(0, self._used(name) - sum(row[4] for row in here))),
            left=sum(row[3] - row[4] for row in mine),
            last=max((row[1] for row in mine), default=0),
            need=need,
        )

    def _held(self, name: Name) -> list[Found]:
        tag = tag_of(self._core.keys.budgets, name)
        return [each for each in self._core.deciding.all(HELD.name) if each.row[0] == tag]

    def _used(self, name: Name) -> int:
        """Return what this vault spent of a budget, slices and all."""
        year, deciding = Year(name.year), self._core.deciding
        match name.kind:
            case Kind.ALL:
                return self._budget.all_meter(year).used
            case Kind.PURPOSE:
                return self._budget.purpose_meter(Purpose(name.text), year).used
            case Kind.OBJECT:
                return sum(leak.cost for leak in self._budget.leaks(Collection(name.text)))
            case Kind.NOISE:
                return NoiseBudget(deciding).meter(Collection(name.text), year).used

    def _cap(self, name: Name) -> int:
        kinds = {
            Kind.ALL: CapKind.ALL,
            Kind.PURPOSE: CapKind.PURPOSE,
            Kind.OBJECT: CapKind.OBJECT,
        }
        if name.kind in kinds:
            return self._budget.cap(kinds[name.kind])
        noise = NoiseBudget(self._core.deciding)
        return noise.meter(Collection(name.text), Year(name.year)).cap

    # --- what the device that counts lends ---

    def _lend(self) -> None:
        """Lend what is wanted and there is room for: books and slices in one commit."""
        state = self._opened.members.state
        asked = notes.wants(self._opened.replica.state)
        draft, step = Draft(self._opened.replica), Step(reason=REASON)
        for name in sorted({want.budget for said in asked.values() for want in said.wants}):
            kept = self._book(name)
            if kept is None:
                continue
            after = self._settled(kept, name, asked)
            for device, said in sorted(asked.items()):
                want = next((each for each in said.wants if each.budget == name), None)
                holder = DeviceId(Id16(device))
                if want is not None and holder in state.holders():
                    after = self._lent(after, holder, said.incarnation, want, draft)
            if after != kept:
                step.beside.append(self._books.put(name, after))
        if len(draft):
            draft.commit(step)
        elif step.beside:
            self._devices.keeping.save(self._opened.about.id, step)

    def _settled(self, kept: Kept, name: Name, asked: dict[bytes, Wants]) -> Kept:
        """Return a book with all that counts as spent now."""
        book, before = replace(kept.book, cap=self._cap(name)), dict(kept.before)
        holders = self._opened.members.state.holders()
        for device in {each.device for each in book.out.values()}:
            if device not in holders:
                book = book.lost(device)
            elif device in asked:
                book = book.lost(device, asked[device].incarnation)
        for teller, said in asked.items():
            for want in said.wants:
                more = want.before - before.get(teller, 0)
                if want.budget == name and more > 0:
                    before[teller] = want.before
                    book = replace(book, charged=min(book.charged + more, MAX_AMOUNT))
        return Kept(book, before)

    def _lent(
        self, kept: Kept, device: DeviceId, incarnation: Id16, want: Want, draft: Draft
    ) -> Kept:
        """Return a book after a device was lent what it lacks, if there is room."""
        book = kept.book
        out = [each.number for each in book.out.values() if each.device == device]
        part = max(book.cap // PARTS, 1)
        if want.last < max(out, default=0) or want.left >= max(part // 2, want.need):
            return kept  # what it was lent is on its way, or enough
        amount = min(max(part, want.need - want.left), book.room)
        if amount <= 0:
            return kept
        book, leased = book.lease(device, incarnation, amount, _END)
        secret = self._opened.about.secret
        draft.note(notes.SLICE, notes.key_of(secret, leased), notes.told_slice(want.budget, leased))
        return Kept(book, kept.before)

    def _book(self, name: Name) -> Kept | None:
        """Return the book of a budget in this term; None while nobody can know what was spent."""
        role, ledger = self._books.role, ledger_of(self._opened.about.secret, name)
        cap = self._cap(name)
        kept = self._books.get(name, ledger, cap)
        if role is None or (kept is not None and kept.book.term == role.term):
            return kept
        if role.term == 1:
            return Kept(first_term(ledger, cap), {})
        shown = self._shown(ledger, role)
        if shown is None and name.year <= role.year:
            return None
        book = next_term(ledger, role.term, cap, handed=None, shown=shown or (), all_heard=True)
        return Kept(book, {})

    def _shown(self, ledger: Id16, role: Role) -> list[Slice] | None:
        """Return the slices of a budget that anybody knows of; None if somebody was not heard."""
        said = notes.seen(self._opened.replica.state)
        for device in self._opened.members.state.members:
            # THREAT T524: who was not heard since the term began may have spent up to the cap
            if device not in (self._devices.me.id, role.previous) and (
                device not in said or said[device].term < role.term
            ):
                return None
        return [each for of in said.values() for each in of.slices if each.ledger == ledger]

    # --- what this device has ---

    def _acknowledge(self) -> None:
        """Say which slices this device knows of, and since which term."""
        ledger, state = self._ledger, self._opened.replica.state
        if ledger is None or ledger.device == self._devices.me.id:
            return
        secret, year = self._opened.about.secret, year_of(self._core.clock())
        known = [
            leased
            for device in sorted(self._opened.members.state.members)
            for name, leased in notes.slices(state, secret, device)
            if name.year in (0, year)
        ]
        # of a budget and term the last one tells the sum of all before it
        last: dict[tuple[bytes, int], Slice] = {}
        for each in known:
            place = (each.ledger, each.term)
            if place not in last or last[place].number < each.number:
                last[place] = each
        told = tuple(last[place] for place in sorted(last))[-notes.MAX_SEEN :]
        self._tell(notes.SEEN, notes.told_seen(Seen(ledger.term, told)))

    def _take(self) -> None:
        """Take the slices that were lent to this device, each once."""
        ledger, me = self._ledger, self._devices.me
        if ledger is None:
            return
        state, ops = self._opened.replica.state, list[Op]()
        for name, leased in notes.slices(state, self._opened.about.secret, ledger.device):
            if (leased.device, leased.incarnation) != (me.id, me.incarnation):
                continue
            tag = tag_of(self._core.keys.budgets, name)
            if self._core.deciding.get(HELD.name, tag, leased.number) is not None:
                continue
            with suppress(DeniedError):
                known = ledger.device != me.id or self._is_acknowledged(leased)
                slice_ = taken(leased, ledger.term, acknowledged=known).slice
                row = (tag, slice_.number, slice_.incarnation, slice_.amount, 0)
                ops.append(Put(HELD.name, row, Expect.ABSENT))
        if ops:
            step = Step(beside=ops, reason=REASON)
            self._devices.keeping.save(self._opened.about.id, step)

    def _is_acknowledged(self, leased: Slice) -> bool:
        """Return whether another device knows of a slice that this one lent to itself."""
        me, holders = self._devices.me, self._opened.members.state.holders()
        if set(holders) == {me.id}:
            return True
        # THREAT T524: who counts next knows of it, or somebody who is asked by then does
        return any(
            device != me.id
            and DeviceId(Id16(device)) in holders
            and said.term == leased.term
            and any(
                each.ledger == leased.ledger
                and each.term == leased.term
                and each.number >= leased.number
                for each in said.slices
            )
            for device, said in notes.seen(self._opened.replica.state).items()
        )

    # --- inside ---

    def _tell(self, kind: str, told: Plain) -> None:
        """Write a note about this device, if it says something new."""
        me, state = self._devices.me.id, self._opened.replica.state
        known = state.note(kind, me)
        if known is None or known.told != told or known.device != me:
            draft = Draft(self._opened.replica)
            draft.note(kind, me, told)
            draft.commit()
