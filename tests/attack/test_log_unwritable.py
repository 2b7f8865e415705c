"""The log cannot be written: nothing is released or opened, and no text says what it was."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from sealhold.model.errors import (
    AuditUnavailableError,
    DeniedError,
    ErrorKind,
    StoreFullError,
    StoreUnavailableError,
    UnavailableError,
)
from sealhold.model.quantities import MICRO
from sealhold.node import Node, OpenParts
from sealhold.node.places import places_of
from sealhold.node.storing import stored
from sealhold.stores.backends.sqlcipher import SqlCipherStore
from sealhold.stores.spec import Fence, Op, Result, Unit
from sealhold.vault import access
from sealhold.vault.home import Home
from tests.scenarios.vaults import (
    PASSPHRASE,
    Hands,
    Job,
    Ready,
    calendar,
    charged,
    named,
    opened,
    world,
)


class Disk(SqlCipherStore):
    """A store on a disk that can be full, or fail after it wrote."""

    is_full = False
    is_broken = False
    fails_after = False

    def renew(self) -> None:
        if self.is_broken:
            raise StoreUnavailableError("`vault.db` does not answer")
        super().renew()

    def commit(
        self,
        units: Sequence[Unit],
        finish: Callable[[Sequence[Result]], Sequence[Op]],
        fence: Fence,
    ) -> list[Result]:
        if self.is_full:
            raise StoreFullError("no room for `vault.db`")
        if self.is_broken and not self.fails_after:
            raise StoreUnavailableError("`vault.db` does not answer")
        results = super().commit(units, finish, fence)
        if self.fails_after:
            raise StoreUnavailableError("`vault.db` does not answer")
        return results


@dataclass(frozen=True)
class Running:
    """An open vault and the disk below it."""

    parts: OpenParts
    disk: Disk
    ready: Ready
    item: str


@contextmanager
def running(ready: Ready, clock: Hands) -> Iterator[Running]:
    home = Home(ready.home)
    disk = Disk(home.data)
    parts = replace(stored(home, world(clock), places_of(home)), data=disk)
    vault = access.unlock(parts, PASSPHRASE)
    try:
        opened_parts = OpenParts(vault, home, world(clock), Node(ready.home).verify_passphrase)
        item = opened_parts.records.search("green").items[0]
        yield Running(opened_parts, disk, ready, f"r-{item.id.hex()[-12:]}")
    finally:
        disk.is_full = disk.is_broken = disk.fails_after = False
        vault.close()


@pytest.fixture
def run(ready: Ready, clock: Hands) -> Iterator[Running]:
    with running(ready, clock) as found:
        yield found


DOORS: dict[str, Callable[[Running], object]] = {
    "run": lambda it: it.parts.runs.run(named(it.ready.grant)),
    "invoke": lambda it: it.parts.outside.invoke(it.ready.asker.token, it.ready.request),
    "revoke": lambda it: it.parts.grants.revoke(named(it.ready.grant)),
    "get": lambda it: it.parts.records.get(it.item),
    "search": lambda it: it.parts.records.search("green"),
    "timeline": lambda it: it.parts.records.timeline(),
    "query": lambda it: it.parts.records.query("select summary from events"),
    "query of nothing": lambda it: it.parts.records.query("select 1"),
    "register": lambda it: it.parts.apps.register_app("Another", bytes(32)),
    "suspend": lambda it: it.parts.apps.suspend(it.ready.asker.shown),
}


READING = {"get", "search", "timeline", "query", "query of nothing"}


@pytest.mark.threat("T54")
@pytest.mark.parametrize("fault", ["full", "broken"])
@pytest.mark.parametrize("door", DOORS)
def test_a_disk_that_takes_nothing_closes_every_door(run: Running, door: str, fault: str) -> None:
    size = run.parts.audit.state().size
    run.disk.is_full, run.disk.is_broken = fault == "full", fault == "broken"
    is_no_room = fault == "full" and door not in READING

    with pytest.raises(StoreFullError if is_no_room else AuditUnavailableError) as caught:
        DOORS[door](run)

    assert caught.value.kind is ErrorKind.UNAVAILABLE
    assert "green" not in repr(caught.value)
    assert run.parts.audit.state().size == size
    assert run.parts.runs.answers() == ()
    assert run.parts.budgets.meters()[0].used == 0


@pytest.mark.threat("T54")
def test_an_import_onto_a_full_disk_keeps_nothing_half(
    ready: Ready, clock: Hands, tmp_path: Path
) -> None:
    file = calendar(tmp_path / "more.ics", ["blue"] * 5, uid="more")
    with running(ready, clock) as run:
        run.disk.is_full = True

        with pytest.raises(StoreFullError):
            run.parts.sources.import_paths([file])

    with opened(ready.home, clock) as node:
        assert node.audit.verify().whole
        assert node.records.search("blue").total == 0
        assert node.sources.import_paths([file]).new == 5


@pytest.mark.threat("T54")
def test_work_goes_on_once_there_is_room_again(run: Running) -> None:
    run.disk.is_full = True
    with pytest.raises(StoreFullError):
        run.parts.runs.run(named(run.ready.grant))
    run.disk.is_full = False

    answer = run.parts.runs.run(named(run.ready.grant))

    assert (answer.value, answer.cost) == (10, 5 * MICRO)
    assert run.parts.audit.verify().whole


@pytest.mark.threat("T54")
def test_a_broken_disk_gives_nothing_and_once_it_is_mended_the_vault_goes_on(
    ready: Ready, clock: Hands
) -> None:
    with running(ready, clock) as run:
        run.disk.is_broken = True
        for _ in range(2):
            with pytest.raises(AuditUnavailableError):
                run.parts.records.search("green")
        run.disk.is_broken = False

        assert run.parts.records.search("green").total == 10
        assert run.parts.audit.verify().whole

    with opened(ready.home, clock) as node:
        assert node.records.search("green").total == 10


@pytest.mark.threat("T72")
@pytest.mark.threat("T281")
@pytest.mark.parametrize("is_mended", [True, False], ids=["mended", "broken"])
def test_a_disk_that_fails_after_it_wrote_the_charge_leads_to_no_second_one(
    ready: Ready, clock: Hands, *, is_mended: bool
) -> None:
    with running(ready, clock) as run:
        run.disk.fails_after, run.disk.is_broken = True, not is_mended
        with pytest.raises(AuditUnavailableError) if not is_mended else nullcontext():
            run.parts.runs.begin(ready.grant.id)

    with opened(ready.home, clock) as node:
        assert node.runs.owed() == [ready.grant.id]
        answer = node.runs.run(named(ready.grant))

        assert answer.value == 10
        assert charged(node) == 5 * MICRO
        assert node.audit.verify().whole


@pytest.mark.threat("T51")
def test_nothing_leaves_while_the_newest_checkpoint_cannot_be_written(
    ready: Ready, clock: Hands
) -> None:
    head = ready.home / "HEAD"
    with running(ready, clock) as run:
        kept = head.read_bytes()
        head.unlink()
        head.mkdir()

        with pytest.raises(AuditUnavailableError):
            run.parts.records.get(run.item)

    head.rmdir()
    head.write_bytes(kept)
    head.chmod(0o600)
    with opened(ready.home, clock) as node:
        assert node.audit.verify().whole


@pytest.mark.threat("T54")
def test_a_locked_vault_answers_at_once_instead_of_waiting_for_ever(
    ready: Ready, clock: Hands
) -> None:
    with opened(ready.home, clock) as node:
        finish = node.runs.begin(ready.grant.id)
        asker, papers = ready.asker, ready.asker.papers(Job(version="9.0.0"))
        outside = node.outside

    with pytest.raises(UnavailableError):
        finish()
    with pytest.raises(DeniedError):
        outside.submit(asker.token, papers.request, papers.task, papers.code)
