"""Attacks by number: many programs, bodies, tries and connections at once."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event, Lock

import pytest

from sealhold.compute import intake
from sealhold.compute.asked import Asked
from sealhold.compute.office import Office
from sealhold.model.errors import BusyError, DeniedError, SealholdError
from sealhold.node import Node
from sealhold.policy.fatigue import MAX_WAITING
from sealhold.vault import access
from sealhold.vault.home import Home
from tests.scenarios.vaults import PASSPHRASE, Asker, Job


class Trials:
    """Programs that are tried on made-up objects: how many, and how many at once."""

    def __init__(self) -> None:
        self.all = self.most = self._now = 0
        self._turn = Lock()
        self._real = intake.example_of

    def __call__(self, office: Office, asked: Asked) -> int:
        with self._turn:
            self.all += 1
            self._now += 1
            self.most = max(self.most, self._now)
        time.sleep(0.2)  # as a program near its limits does
        try:
            return self._real(office, asked)
        finally:
            with self._turn:
                self._now -= 1


@pytest.fixture
def trials(monkeypatch: pytest.MonkeyPatch) -> Trials:
    """Return what is counted while the test runs."""
    found = Trials()
    monkeypatch.setattr(intake, "example_of", found)
    return found


def handed_in(node: Node, asker: Asker, job: Job) -> str:
    """Return the id of a request, or the code of the refusal."""
    try:
        return asker.ask(node, job)
    except SealholdError as err:
        return err.code()


@pytest.mark.threat("T200")
def test_of_many_wishes_at_once_no_more_programs_run_than_may_wait(
    node: Node, trials: Trials
) -> None:
    asker = Asker(node)
    jobs = [Job(version=f"1.0.{number}") for number in range(8)]

    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(lambda job: handed_in(node, asker, job), jobs))

    assert trials.all == MAX_WAITING
    assert said.count(DeniedError.code()) == 8 - MAX_WAITING
    assert len(node.requests.list()) == MAX_WAITING


@pytest.mark.threat("T200")
def test_programs_of_many_apps_are_tried_two_at_a_time(node: Node, trials: Trials) -> None:
    askers = [Asker(node, f"App {number}") for number in range(6)]

    with ThreadPoolExecutor(6) as pool:
        said = list(pool.map(lambda asker: handed_in(node, asker, Job()), askers))

    assert trials.most == 2
    assert len(set(said)) == len(node.requests.list()) == 6


@pytest.mark.threat("T200")
def test_one_wish_that_is_sent_many_times_at_once_is_tried_once(node: Node, trials: Trials) -> None:
    asker = Asker(node)

    with ThreadPoolExecutor(6) as pool:
        said = list(pool.map(lambda _: handed_in(node, asker, Job()), range(6)))

    assert trials.all == 1
    assert said.count(BusyError.code()) == 5  # a moment later it gets the id of the first
    assert asker.ask(node, Job()) in said


@pytest.mark.threat("T202")
def test_of_many_passphrases_at_once_four_wait_and_the_others_are_told_so(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_end, real, ends_at = Event(), access.opens, time.monotonic() + 20

    def slow(where: Home, passphrase: str) -> bool:
        may_end.wait(20)
        return real(where, passphrase)

    monkeypatch.setattr(access, "opens", slow)
    vault = Node(home)
    with ThreadPoolExecutor(12) as pool:
        tries = [pool.submit(vault.verify_passphrase, "a wrong one") for _ in range(12)]
        refused = 0
        while refused < 8 and time.monotonic() < ends_at:
            refused = sum(each.done() for each in tries)
            time.sleep(0.01)
        may_end.set()

    assert sum(isinstance(each.exception(), BusyError) for each in tries) == 8
    assert vault.verify_passphrase(PASSPHRASE)
