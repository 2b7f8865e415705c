"""What a removed device had: counted exactly, signed, and the same after a kill."""

from dataclasses import replace

import pytest

from sealhold.audit.exposed import Exposed, Keeps
from sealhold.audit.receipt import verify_receipt
from sealhold.model.errors import DeniedError, InvalidError, NotFoundError
from sealhold.model.ids import DeviceId, Id16
from sealhold.sharing.devices import exposure, joining
from sealhold.sharing.devices.certs import Role
from sealhold.sharing.devices.chosen import read, write
from sealhold.sharing.devices.devices import Open
from sealhold.sharing.devices.profile import Profile, Which
from tests.unit.owned_devices import Machine, machines
from tests.unit.replicas import Shelf


def had(machine: Machine, paper: bytes) -> dict[str, Exposed]:
    return {each.name: each for each in exposure.read(machine.devices, paper)[0].had}


def test_a_receipt_says_exactly_what_a_device_had() -> None:
    shelf = Shelf()
    with machines(3) as (first, phone, desk):
        for each in (first, phone, desk, first, phone, desk):
            each.sync(shelf)
        phone.write("of the phone", b"one")
        first.write("a note", b"two")
        for each in (phone, first, phone, desk, first):
            each.sync(shelf)
        papers = phone.files().replica
        (log,) = [log for log in papers.book.logs() if log.device == phone.devices.me.id]
        told = papers.keeping.entry(papers.collection, log, papers.book.head(log).seq)
        assert told is not None

        paper = exposure.remove(first.devices, phone.devices.me.id)

        body, issuer = exposure.read(first.devices, paper)
        assert (body.device, body.called) == (phone.devices.me.id, "device 1")
        assert issuer == first.devices.me.keys.signer.public
        files = had(first, paper)["papers"]
        assert (files.objects, files.versions, files.keeps) == (2, 2, Keeps.ALL)
        assert files.entries == papers.book.head(log).seq
        assert files.last == papers.open(log, told.seq, told.data).told.time.ms
        assert (files.others, files.ends) == (2, True)
        # of the epochs it opens those that the receipt counts, and none that came since
        epochs = phone.files().members.state.epochs.values()
        assert files.epochs == sum(phone.devices.me.id in each.recipients for each in epochs)
        verdict = verify_receipt(paper, [issuer])
        assert (verdict.exit_code, verdict.checks[-3].detail) == (
            0,
            "this stops new data; it does not reach into that machine",
        )
        # the others have it, too
        first.sync(shelf)
        desk.sync(shelf)
        assert exposure.receipt(desk.devices, phone.devices.me.id) == paper


def test_a_device_that_said_that_it_keeps_some_contents_is_told_so() -> None:
    shelf = Shelf()
    with machines(2) as (first, phone):
        for each in (phone, first, phone):
            each.sync(shelf)
        opened = phone.files()
        chosen = read(phone.devices.keeping, opened.about.id)
        write(phone.devices, opened, replace(chosen, profile=Profile(which=Which.INDEX)))
        phone.sync(shelf)
        first.sync(shelf)

        paper = exposure.remove(first.devices, phone.devices.me.id)

        lines = had(first, paper)
        assert (lines["papers"].keeps, lines["home"].keeps) == (Keeps.SOME, Keeps.ALL)


def test_a_removal_that_was_cut_off_tells_what_was_there_before_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with machines(2) as (first, phone):
        first.write("before", b"one")
        gone, cut_off = phone.devices.me.id, joining.remove_from
        home = first.devices.home.about.id

        def killed(devices: object, opened: Open, left: object) -> None:
            if opened.about.id != home:
                raise KeyboardInterrupt
            cut_off(devices, opened, left)  # type: ignore[arg-type]  # reason: as it was called

        monkeypatch.setattr(joining, "remove_from", killed)
        with pytest.raises(KeyboardInterrupt):
            exposure.remove(first.devices, gone)
        monkeypatch.undo()
        first.again()
        assert exposure.receipt(first.devices, gone) is None

        # it is out of all, and what was to be signed was not: more is written meanwhile
        joining.remove(first.devices, gone)
        first.write("since", b"two")
        first.again()
        paper = exposure.remove(first.devices, gone)

        assert had(first, paper)["papers"].versions == 1
        assert had(first, paper).keys() == {"home", "papers"}
        first.again()
        assert exposure.remove(first.devices, gone) == paper


def test_who_may_remove_nobody_signs_nothing() -> None:
    with machines(3, [Role.FULL, Role.FULL]) as (first, phone, desk):
        with pytest.raises(DeniedError):
            exposure.remove(phone.devices, desk.devices.me.id)
        with pytest.raises(InvalidError):
            exposure.remove(first.devices, first.devices.me.id)
        stranger = DeviceId(Id16(bytes(16)))
        with pytest.raises(NotFoundError):
            exposure.remove(first.devices, stranger)
        for each in (first, phone):
            assert exposure.receipt(each.devices, desk.devices.me.id) is None
