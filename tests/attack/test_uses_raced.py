"""Counted uses that many ask for at once, again and again, and across kills."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from sealhold.model.errors import DeniedError, ExhaustedError
from sealhold.model.ids import GrantId, Id16, Purpose
from sealhold.node.devicework import DeviceWork
from sealhold.policy.shareterms import Tier
from sealhold.policy.uses import Ledger
from sealhold.sharing.devices.certs import Role
from sealhold.sharing.peers import admitting
from sealhold.sharing.peers.answering import Answering, answers_of, key_for_use
from sealhold.sharing.peers.asking import Asking
from sealhold.sharing.peers.sharepaper import Record
from sealhold.sharing.peers.usenotes import Ask
from sealhold.vault.shareledger import ShareLedgers
from sealhold.vault.shareuses import Asked
from tests.scenarios.vaults import NOON, new_home, opened
from tests.unit.owned_devices import Machine, machine, pair
from tests.unit.people import card, sync
from tests.unit.shares import NAME, shared

GRANT = GrantId(Id16(b"g" * 16))
MOST, RACING, NONCES = 40, 100, 70
STOP = 20  # number of the use at which the owner's device stops
KILLED = """
import os, signal, sys
from pathlib import Path
from sealhold.node.devicework import DeviceWork
from sealhold.sharing.peers.sharepaper import Record
from sealhold.sharing.peers.usenotes import Ask
from sealhold.vault.shareledger import ShareLedgers
from tests.attack.test_uses_raced import asked
from tests.scenarios.vaults import NOON, opened

with opened(Path(sys.argv[1])) as node:
    ledgers = ShareLedgers(DeviceWork(node).core)
    kill = lambda: os.kill(os.getpid(), signal.SIGKILL)
    def answer(number):
        if sys.argv[3] == "before":
            kill()
        return b"answer %d" % number
    ledgers.use(asked(int(sys.argv[2])), NOON, answer)
    kill()
"""


def asked(number: int) -> Asked:
    """Return an ask; of the same number it is the same ask."""
    return Asked(
        grant=GRANT,
        nonce=number.to_bytes(16),
        who=b"d" * 16,
        action="view",
        purpose=Purpose("ServiceProvision"),
    )


@pytest.mark.threat("T549")
def test_of_a_hundred_that_race_no_more_than_the_count_are_released(tmp_path: Path) -> None:
    """100 requests of 70 uses by 8 threads, with at most 40, some of them killed on the way."""
    home = new_home(tmp_path / "ada")
    with opened(home) as node:
        ShareLedgers(DeviceWork(node).core).open(GRANT, Ledger(most=MOST))
    for number, moment in ((0, "after"), (1, "before")):
        command = [sys.executable, "-c", KILLED, str(home), str(number), moment]
        assert subprocess.run(command, check=False, timeout=60).returncode == -9

    with opened(home) as node:
        ledgers = ShareLedgers(DeviceWork(node).core)
        assert ledgers.ledger(GRANT).spent == 1  # the second one was not charged

        def one(request: int) -> tuple[int, bytes] | None:
            nonce = request % NONCES
            try:
                kept = ledgers.use(asked(nonce), NOON, lambda number: b"answer %d" % number)
            except ExhaustedError:
                return None
            assert kept.answer == b"answer %d" % kept.number
            return nonce, kept.answer

        with ThreadPoolExecutor(8) as pool:
            found = [each for each in pool.map(one, range(RACING)) if each is not None]
        uses = list(ledgers.uses(GRANT))

        assert sorted(each.number for each in uses) == list(range(1, MOST + 1))
        assert len(dict(found)) <= MOST
        assert len(set(found)) == len(dict(found))  # who asked again got the same answer
        assert (ledgers.ledger(GRANT).spent, ledgers.ledger(GRANT).left) == (MOST, 0)
        first = ledgers.kept(GRANT, asked(0).nonce)  # what was killed after its charge
        assert first is not None
        assert first.number == 1


class _StoppedError(Exception):
    """Stands for the end of a process."""


@pytest.fixture
def devices() -> Iterator[list[Machine]]:
    """The owner's device, and three of one guest."""
    with ExitStack() as stack:
        found = [stack.enter_context(machine(b"machine %d" % n)) for n in range(4)]
        found[0].devices.begin("ada's laptop", None)
        found[1].devices.begin("bo's laptop", None)
        for other in found[2:]:
            pair(found[1], other, "another of bo's")
        yield found


@pytest.mark.threat("T549")
def test_of_many_devices_that_ask_in_a_space_none_gets_one_too_many(
    devices: list[Machine],
) -> None:
    owner, *guests = devices
    it = shared(owner, guests[0], Tier.KEY_PER_USE, most=MOST)
    person = admitting.Person(
        root=guests[0].devices.me.root,
        devices=tuple(card(each).devices[0] for each in guests),
    )
    admitting.follow(owner.devices, it.there, person, Role.GUEST)
    for each in (*guests, owner):
        sync(each, it.shelf)
    keys: dict[int, list[bytes]] = {}
    for at, each in enumerate(guests):
        sync(each, it.shelf)
        asking = Asking(each.devices, each.devices.collection(NAME))
        keys[at] = [asking.ask(it.wish()) for _ in range(RACING // 3)]
        sync(each, it.shelf)
    sync(owner, it.shelf)

    def stops(record: Record, ask: Ask, number: int) -> bytes:
        if number == STOP:
            raise _StoppedError
        return key_for_use(record, ask, number)

    with pytest.raises(_StoppedError):  # uses were charged, and no answer told
        Answering(owner.devices, it.ledgers, stops).answer(it.there, it.record)
    assert answers_of(it.there) == {}
    assert it.ledgers.ledger(it.record.grant).spent == STOP - 1
    owner.again()
    released = Answering(owner.devices, it.ledgers).answer(it.there, it.record).released
    sync(owner, it.shelf)

    answers = answers_of(it.there)
    numbers = sorted(each.number for each in answers.values() if each.is_permitted)
    assert numbers == list(range(1, MOST + 1))
    assert len(answers) == 3 * (RACING // 3)
    assert released == MOST - STOP + 1
    assert it.ledgers.ledger(it.record.grant).spent == MOST
    got = 0
    for at, each in enumerate(guests):
        sync(each, it.shelf)
        asking = Asking(each.devices, each.devices.collection(NAME))
        for key in keys[at]:
            try:
                got += asking.used(key) is not None
            except DeniedError:
                continue
    assert got == MOST
