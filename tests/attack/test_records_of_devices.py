"""Records and budgets between devices: what is no record, who may give, who may lend."""

import pytest

from sealhold.model.encoding import pack, pack_item
from sealhold.model.errors import InvalidEncodingError, NotFoundError
from sealhold.model.ids import Id16
from sealhold.model.quantities import Instant, Year, year_of
from sealhold.sharing.devices import budgetnotes, joining, recordpapers
from sealhold.sharing.devices.budgets import BudgetSync
from sealhold.sharing.devices.certs import Role
from sealhold.sharing.devices.contents import Content, Kind
from sealhold.sharing.devices.drafting import Draft
from sealhold.sharing.devices.identity import DeviceKeys
from sealhold.sharing.devices.joinpapers import Holds, request
from sealhold.sharing.devices.reading import Digests
from sealhold.sharing.devices.recordsync import NAME
from sealhold.sharing.devices.slices import Slice
from sealhold.vault.shares import all_askers, of_purpose
from tests.unit.budget_devices import CARE, Spender
from tests.unit.memory_vault import NOON
from tests.unit.owned_devices import PLACE, machine, pair
from tests.unit.record_devices import keepers, several
from tests.unit.replicas import Shelf

CONTENT = pack_item({"text": "forged"}, None)
IDS = [b"s" * 16, b"j" * 16]
GOOD = [1, "things", CONTENT, *IDS, "things", "1.0", None, "line 1"]


@pytest.mark.threat("T520")
@pytest.mark.parametrize(
    "told",
    [
        [2, *GOOD[1:]],
        [*GOOD, 1],
        GOOD[:-1],
        [1, "", *GOOD[2:]],
        [1, "a\nb", *GOOD[2:]],
        [1, "x" * 65, *GOOD[2:]],
        [1, "things", b"\x00", *GOOD[3:]],
        [1, "things", pack_item(["no fields"], None), *GOOD[3:]],
        [1, "things", b"\x92\x81\x01\x02\xc0", *GOOD[3:]],
        [1, "things", pack([{"text": "another encoding"}, None]), *GOOD[3:]],
        [1, "things", CONTENT, b"short", *GOOD[4:]],
        [*GOOD[:7], "x" * 1_025, "line"],
    ],
    ids=range(12),
)
def test_what_is_no_record_is_refused(told: list[object]) -> None:
    assert recordpapers.read(pack(GOOD)).item.fields == {"text": "forged"}
    with pytest.raises(InvalidEncodingError):
        recordpapers.read(pack(told))


@pytest.mark.threat("T520")
def test_a_forged_version_is_told_and_costs_no_other_record() -> None:
    with keepers(2) as (one, other):
        shelf = Shelf()
        one.reads("june", several("good"))
        one.sync(shelf)
        opened = one.opened().opened
        digest = Digests(opened.about.secret).start()
        for bad in (b"no record", pack([1, "things", CONTENT, *IDS, "things", "1", None, ""])):
            draft = Draft(opened.replica)
            content = Content(kind=Kind.RECORD, size=len(bad), digest=digest.digest(), inline=bad)
            draft.put(one.machine.devices.entropy(16), content, ())
            draft.commit()
        file = Content(kind=Kind.FILE, size=1, digest=bytes(32), inline=b"x")
        draft = Draft(opened.replica)
        draft.put(one.machine.devices.entropy(16), file, ())
        draft.commit()
        one.machine.sync(shelf)
        done = other.sync(shelf)
        assert other.texts() == ["good"]
        # the second is in form, and of an import that nobody told of
        assert sorted(done.troubles) == [
            "a record that came was refused: a version that is no record",
            "a record that came was refused: nobody told of its import",
            "a record that came was refused: not deterministic CBOR",
        ]
        other.sync(shelf)
        assert other.texts() == ["good"]


def test_a_limited_device_is_given_no_record_and_no_name_of_the_collection() -> None:
    with keepers(1) as (one,), machine(b"a limited one") as phone:
        shelf, devices = Shelf(), one.machine.devices
        one.reads("june", several("private"))
        papers = devices.create(Holds.FILES, "papers")
        keys = DeviceKeys.generate(NOON, phone.vault.core.entropy)
        public, asked = keys.signer.public + keys.box.public, request("phone", keys.published())
        only = frozenset({papers.about.id})
        given = joining.certify(devices, public, asked, Role.LIMITED, [PLACE], only)
        theirs = joining.introduction(devices)
        joining.accept(phone.devices, keys, "phone", theirs, given, phone.vault.core.entropy)
        one.sync(shelf)
        phone.sync(shelf)
        assert [each.about.name for each in phone.devices.collections()] == ["papers"]
        with pytest.raises(NotFoundError):
            phone.devices.collection(NAME)
        secret = devices.collection(NAME).about.secret.reveal()
        assert secret not in given
        # it is no device that shares budgets, so nobody lends to it and nobody waits for it
        assert Spender(phone).charge(1) == ""


@pytest.mark.threat("T526")
def test_a_slice_that_another_device_tells_of_is_taken_by_nobody() -> None:
    with machine(b"counts") as first, machine(b"lies") as second:
        one, liar, shelf = Spender(first), Spender(second), Shelf()
        one.begin()
        pair(first, second, "liar")
        assert liar.charge(1) == "BudgetAwayError"
        first.sync(shelf)
        second.sync(shelf)
        opened = second.devices.collection(NAME)
        secret, me = opened.about.secret, second.devices.me
        budget = all_askers(year_of(second.vault.core.clock()))
        forged = Slice(
            ledger=budgetnotes.ledger_of(secret, budget),
            term=1,
            number=1,
            device=me.id,
            incarnation=Id16(me.incarnation),
            amount=9_000_000,
            end=Instant(1 << 50),
            total=9_000_000,
        )
        draft = Draft(opened.replica)
        key, told = budgetnotes.key_of(secret, forged), budgetnotes.told_slice(budget, forged)
        draft.note(budgetnotes.SLICE, key, told)
        # nor under another key, nor as a slice of another budget
        draft.note(budgetnotes.SLICE, bytes(16), told)
        other = budgetnotes.told_slice(of_purpose(CARE, Year(2026)), forged)
        draft.note(budgetnotes.SLICE, bytes(15) + b"1", other)
        draft.commit()
        state = opened.replica.state
        assert [each.number for _, each in budgetnotes.slices(state, secret, me.id)] == [1]
        assert not list(budgetnotes.slices(state, secret, first.devices.me.id))
        BudgetSync(second.devices, opened, second.vault.core).settle()
        assert liar.charge(1) == "BudgetAwayError"
        for _ in range(2):
            one.sync(shelf)
            liar.sync(shelf)
        # what was lent is what the device that counts lent, and no more
        assert liar.charge(5) == ""
        assert liar.charge(5) == "BudgetAwayError"
