"""T596, T597: shares that are to end, or to rest, for somebody who would rather go on."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

import pytest

from sealhold.model.errors import DeniedError
from sealhold.model.ids import ContactId, Id16
from sealhold.model.quantities import Instant
from sealhold.node.sharework import Kept
from sealhold.policy.share import Count, Per
from sealhold.policy.shareterms import Action, Tier
from sealhold.sharing.devices import joining
from sealhold.sharing.devices.certs import Role
from sealhold.sharing.devices.devices import Open
from sealhold.sharing.devices.docbegun import begin
from sealhold.sharing.peers import admitting, spaces
from sealhold.sharing.peers.asking import Asking, Wish
from sealhold.sharing.peers.letter import Kind
from sealhold.sharing.peers.mirror import shown_id
from sealhold.sharing.peers.sharepaper import Record, papers, put_record
from tests.unit.lent_uses import lent
from tests.unit.people import card, meet, sync
from tests.unit.replicas import Shelf
from tests.unit.share_work import Work, share_work
from tests.unit.shares import NAME, SERVICE, clauses, item, people
from tests.unit.together import SPACE, Together
from tests.unit.two_people import Person, anna_and_ben
from tests.unit.two_people import people as knowing

SOURCE = b"o" * 16


class KilledError(Exception):
    """The process ends here."""


# --- T596: somebody stays who was to be removed ---


@pytest.mark.threat("T596")
@pytest.mark.parametrize("after", ["_admit", "_tell_whose"])
def test_a_guest_who_was_let_in_as_the_process_was_killed_is_removed_as_any_other(
    after: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with people("ada", "bo") as (ada, bo):
        opened = admitting.space(ada.devices, NAME)
        step: Callable[..., None] = getattr(admitting, after)

        def killed(*args: object) -> None:
            step(*args)
            raise KilledError

        with monkeypatch.context() as patched:
            patched.setattr(admitting, after, killed)
            with pytest.raises(KilledError):
                admitting.follow(ada.devices, opened, card(bo), Role.GUEST)
        ada.again()
        opened = ada.devices.collection(NAME)
        admitting.follow(ada.devices, opened, card(bo), Role.GUEST)
        assert admitting.guests(opened) == {bo.devices.me.id: bo.devices.me.root}
        meet(ada, bo, opened)

        assert admitting.dismiss(ada.devices, opened, bo.devices.me.root) == [bo.devices.me.id]
        ada.write("after.txt", b"after", NAME)
        shelf = Shelf()
        sync(ada, shelf)
        sync(bo, shelf)
        assert bo.shown(NAME) == {}


@pytest.mark.threat("T596")
def test_who_is_in_a_space_and_is_nobodys_is_told_and_removed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with people("ada", "bo", "cy") as (ada, bo, cy):
        opened = admitting.space(ada.devices, NAME)
        with monkeypatch.context() as patched:  # as if what another device wrote never came
            patched.setattr(admitting, "_tell_whose", lambda *_: None)
            admitting.follow(ada.devices, opened, card(bo), Role.GUEST)
            admitting.follow(ada.devices, opened, card(cy), Role.GUEST)
        assert admitting.guests(opened) == {}

        assert admitting.follow(ada.devices, opened, card(bo), Role.GUEST)
        assert admitting.guests(opened) == {bo.devices.me.id: bo.devices.me.root}
        assert not admitting.follow(ada.devices, opened, card(bo), Role.GUEST)
        both = sorted([bo.devices.me.id, cy.devices.me.id])
        assert admitting.dismiss_all(ada.devices, opened) == both
        assert admitting.others(opened) == []


@pytest.mark.threat("T596")
@pytest.mark.parametrize("is_gone", [True, False], ids=["keeper gone", "keeper off"])
def test_a_share_is_taken_back_by_another_device_of_its_owner(is_gone: bool) -> None:  # noqa: FBT001  # reason: a parameter
    with lent(4, roles=(Role.ADMIN,)) as it:
        first, other = it.own
        guest = it.guest.devices.me.id
        if is_gone:
            joining.remove(other.devices, first.devices.me.id)
        stale = share_work(first).only()
        told = share_work(other).revoke(share_work(other).only())

        opened = it.space(other)
        assert not joining.has(opened, guest)
        assert spaces.count(opened) == 0
        assert [each.epoch for each in papers(opened)] == [0]
        if is_gone:
            assert it.ledger(1).is_revoked
            return
        assert "goes on until it hears of this" in told.stops
        other.sync(it.shelf)
        first.sync(it.shelf)
        # what the owner wrote at home came later than what lies in the space
        share_work(first).keep_up(stale, Kept())
        assert not joining.has(it.space(first), guest)
        assert it.ledger(0).is_revoked


@pytest.mark.threat("T596")
def test_what_a_device_may_not_do_of_a_revocation_is_told_and_done_by_another() -> None:
    with lent(4, roles=(Role.FULL,)) as it:
        first, other = it.own
        guest, work = it.guest.devices.me.id, share_work(other)
        told = work.revoke(work.only())
        assert "a device that may administer removes" in told.stops
        assert "is removed by a device that may administer" in told.asked
        assert joining.has(it.space(other), guest)
        assert [each.epoch for each in papers(it.space(other))] == [0]

        other.sync(it.shelf)
        first.sync(it.shelf)
        done = share_work(first).round()
        assert done.said
        assert not joining.has(it.space(first), guest)
        assert it.ledger().is_revoked


@pytest.mark.threat("T596")
def test_who_cannot_be_told_of_a_revocation_keeps_nobody_in() -> None:
    with at_t2() as it:
        it.pause()
        work = it.work()
        told = work.revoke(it.record)
        assert "Ben is not told" in told.asked
        assert not joining.has(it.space, it.ben.device.devices.me.id)
        assert spaces.count(it.space) == 0
        assert it.anna.letters.waiting_out() == []

        it.verify()
        for _ in range(2):
            work.round()
        assert [kind for _, kind in it.anna.letters.waiting_out()] == [Kind.WITHDRAWN]


@pytest.mark.threat("T596")
def test_one_who_cannot_be_told_keeps_no_other_from_being_told() -> None:
    with of_documents() as it:
        it.pause("Bo")
        it.work().revoke(it.record)
        waiting = [(each and each.name, kind) for each, kind in it.ada.letters.waiting_out()]
        assert waiting == [("Cy", Kind.WITHDRAWN)]
        assert admitting.others(it.all.opened(it.all.ada)) == []


@pytest.mark.threat("T596")
@pytest.mark.parametrize("at", ["dismiss_all", "spaces.empty", "withdrawal"])
def test_a_revocation_that_was_broken_off_is_carried_out_by_the_next_round(
    at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KilledError

    with at_t2() as it:
        with monkeypatch.context() as patched:
            patched.setattr(f"sealhold.node.shareending.{at}", killed)
            with pytest.raises(KilledError):
                it.work().revoke(it.record)
        it.anna.device.again()
        it.anna.begin()
        assert it.work().round().said
        assert admitting.others(it.space) == []
        assert spaces.count(it.space) == 0
        assert [kind for _, kind in it.anna.letters.waiting_out()] == [Kind.WITHDRAWN]
        assert not it.work().round().said


# --- T597: something goes to somebody to whom nothing is to go ---


@pytest.mark.threat("T597")
def test_while_a_contact_is_paused_nothing_is_shown_and_what_they_ask_waits() -> None:
    with at_t2() as it:
        key = it.ask()
        it.pause()
        work = it.work(b"a later text")
        done = work.round()
        assert (done.released, done.denied, done.written) == (0, 0, 0)
        assert done.troubles == ["nothing of `for bo` goes to Ben: they are paused"]

        it.verify()
        done = work.round()
        assert (done.released, done.denied, done.written, done.troubles) == (1, 0, 1, [])
        it.carry()
        assert it.asking().used(key) is not None


@pytest.mark.threat("T597")
def test_nothing_goes_to_somebody_who_is_no_contact_any_more() -> None:
    with at_t2() as it:
        it.ask()
        it.anna.contacts.remove(it.anna.one("Ben"))
        done = it.work(b"a later text").round()
        assert (done.released, done.denied, done.written) == (0, 0, 0)
        (trouble,) = done.troubles
        assert trouble.endswith("no contact")


@pytest.mark.threat("T597")
def test_no_other_device_answers_somebody_to_whom_nothing_goes() -> None:
    with lent(8, roles=(Role.FULL,)) as it:
        it.ask()
        for number in (1, 0, 1):
            it.own[number].sync(it.shelf)
            it.round(number)
        it.ask()
        it.time.now += 60_000
        other = it.own[1]
        other.sync(it.shelf)
        done = share_work(other).round()  # the guest is nobody whom this owner knows
        assert (done.released, done.denied) == (0, 0)
        assert it.round(1) == 1  # it could have


@pytest.mark.threat("T597")
def test_after_the_end_of_a_share_of_documents_nothing_passes_until_it_goes_on() -> None:
    with of_documents() as it:
        ends = replace(it.record.clauses, not_after=Instant(it.all.ada.devices.now() - 1))
        put_record(it.all.ada.devices, replace(it.record, clauses=ends))
        it.work().round()
        it.all.rounds()
        it.all.write(it.all.ada, 0, "after the end: ")
        it.all.rounds()
        with pytest.raises(DeniedError):
            it.all.write(it.all.bo, 0, "Bo, too late: ")
        assert it.all.text(it.all.bo) == "what was agreed"
        assert it.all.text(it.all.cy) == "what was agreed"

        put_record(it.all.ada.devices, it.record)
        it.work().round()
        it.meet_again()
        it.all.write(it.all.bo, 0, "Bo: ")
        it.all.rounds()
        texts = {it.all.text(each) for each in (it.all.ada, it.all.bo, it.all.cy)}
        assert texts == {"Bo: after the end: what was agreed"}


@pytest.mark.threat("T597")
def test_who_is_paused_reads_no_document_of_a_share_that_goes_on_with_others() -> None:
    with of_documents() as it:
        it.pause("Bo")
        done = it.work().round()
        assert done.troubles == ["nothing of `plan of all` goes to Bo: they are paused"]
        it.all.rounds()
        it.all.write(it.all.ada, 0, "without Bo: ")
        it.all.rounds()
        assert it.all.text(it.all.bo) == "what was agreed"
        assert it.all.text(it.all.cy) == "without Bo: what was agreed"

        it.verify("Bo")
        assert it.work().round().troubles == []
        it.meet_again()
        assert it.all.text(it.all.bo) == "without Bo: what was agreed"


# --- what is shared ---


@dataclass
class AtT2:
    """A counted share of Anna's with Ben, and Eve, under whose card his is changed."""

    anna: Person
    ben: Person
    eve: Person
    record: Record
    shelf: Shelf

    @property
    def space(self) -> Open:
        return self.anna.device.devices.collection(NAME)

    def work(self, text: bytes = b"the text") -> Work:
        found = share_work(self.anna.device, self.anna)
        found.items = [item(SOURCE, text, "one.txt")]
        return found

    def carry(self) -> None:
        for each in (self.anna, self.ben) * 2:
            sync(each.device, self.shelf)

    def asking(self) -> Asking:
        return Asking(self.ben.device.devices, self.ben.device.devices.collection(NAME))

    def ask(self) -> bytes:
        thing = Id16(shown_id(self.record, SOURCE))
        wish = Wish(grant=self.record.grant, thing=thing, action=Action.VIEW, purpose=SERVICE)
        key = self.asking().ask(wish)
        for each in (self.ben, self.anna):
            sync(each.device, self.shelf)
        return key

    def pause(self) -> None:
        self.eve.own.call("Ben")
        self.anna.contacts.learn(self.anna.one("Ben"), self.eve.card())
        assert self.anna.one("Ben").contact.is_paused

    def verify(self) -> None:
        self.anna.knows(self.ben, "Ben")
        assert not self.anna.one("Ben").contact.is_paused


@contextmanager
def at_t2() -> Iterator[AtT2]:
    with anna_and_ben("Eve") as (anna, ben, _, (eve,)):
        devices = anna.device.devices
        opened = admitting.space(devices, NAME)
        counted = Count(most=3, per=Per.GRANT)
        says = replace(clauses(ben.device, Tier.KEY_PER_USE), count=counted)
        record = spaces.begun(devices, opened, NAME, says)
        put_record(devices, record)
        admitting.follow(devices, opened, card(ben.device), Role.GUEST)
        meet(anna.device, ben.device, opened)
        it = AtT2(anna, ben, eve, record, Shelf())
        assert it.work().round().written == 1
        it.carry()
        yield it


@dataclass
class OfDocuments:
    """A document of Ada's that Bo edits and Cy reads."""

    ada: Person
    others: list[Person]
    eve: Person
    all: Together
    record: Record

    def work(self) -> Work:
        return share_work(self.ada.device, self.ada)

    def pause(self, name: str) -> None:
        self.eve.own.call(name)
        self.ada.contacts.learn(self.ada.one(name), self.eve.card())

    def verify(self, name: str) -> None:
        self.ada.knows(next(each for each in self.others if each.own.name == name), name)

    def meet_again(self) -> None:
        """Have those who are in the space take it on anew, as their letters ask for."""
        opened = self.all.opened(self.all.ada)
        for each in (self.all.bo, self.all.cy):
            assert joining.has(opened, each.devices.me.id)
            meet(self.all.ada, each, opened)
        self.all.rounds()


@contextmanager
def of_documents() -> Iterator[OfDocuments]:
    with ExitStack() as stack:
        ada, bo, cy, eve = stack.enter_context(knowing("Ada", "Bo", "Cy", "Eve"))
        ada.card()
        for each in (bo, cy):
            ada.knows(each)
        together = Together(ada.device, bo.device, cy.device)
        devices = ada.device.devices
        opened = admitting.space(devices, SPACE)
        text = {"text": "what was agreed", "map": {}, "list": []}
        together.thing = begin(opened, "plan", content=text)
        together.let_in(bo.device, Role.EDITOR)
        together.let_in(cy.device, Role.GUEST)
        looking = ContactId(cy.device.devices.me.root)
        says = clauses(bo.device, Tier.THEIR_NODE)
        says = replace(
            says, who=says.who | {looking}, actions=frozenset({Action.VIEW, Action.EDIT})
        )
        record = replace(
            spaces.begun(devices, opened, SPACE, says),
            is_of_documents=True,
            lookers=frozenset({looking}),
        )
        put_record(devices, record)
        it = OfDocuments(ada, [bo, cy], eve, together, record)
        assert it.work().round().troubles == []
        together.rounds()
        yield it
