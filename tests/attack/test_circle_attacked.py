"""Pages of devices and people: work that meets other work, and presses that mean something else."""

from collections.abc import Iterator
from threading import Event, Thread
from typing import cast

import pytest

from sealhold.model.errors import (
    BusyError,
    ConflictError,
    InvalidError,
    LockedError,
    NotFoundError,
    SealholdError,
    WrongPassphraseError,
)
from sealhold.model.quantities import Instant
from sealhold.model.shown.circle import ShareWish
from sealhold.node import WholeNode
from sealhold.node import turns as turns_module
from sealhold.node.contactwork import ContactWork
from sealhold.node.devicework import DeviceWork
from sealhold.node.turns import Turns
from tests.scenarios.vaults import PASSPHRASE, new_home, world

pytestmark = pytest.mark.xdist_group("circle_attacked")


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[WholeNode, WholeNode]]:
    folder = tmp_path_factory.mktemp("nodes")
    with (
        WholeNode(new_home(folder / "ada"), world()) as ada,
        WholeNode(new_home(folder / "bo"), world()) as bo,
    ):
        for node, name in ((ada, "ada"), (bo, "bo")):
            node.unlock(PASSPHRASE)
            node.circle.devices.begin(f"{name}'s laptop", PASSPHRASE)
        yield ada, bo


@pytest.mark.threat("T564")
def test_two_threads_never_work_on_the_devices_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns_module, "PATIENCE", 0.01)
    made: list[object] = []

    def make() -> DeviceWork:
        made.append(object())
        return cast("DeviceWork", made[-1])  # nothing of it is asked

    turns = Turns(make, lambda: Instant(0))
    inside, leave = Event(), Event()

    def hold() -> None:
        with turns.work():
            inside.set()
            leave.wait(10)

    thread = Thread(target=hold)
    thread.start()
    assert inside.wait(10)
    with pytest.raises(BusyError), turns.work():
        pass
    leave.set()
    thread.join()
    with turns.work() as work:
        assert work is made[0]

    assert len(made) == 1


@pytest.mark.threat("T564")
def test_after_trouble_nothing_goes_on_from_what_was_in_memory() -> None:
    made: list[object] = []

    def make() -> DeviceWork:
        made.append(object())
        return cast("DeviceWork", made[-1])

    turns = Turns(make, lambda: Instant(0))
    with pytest.raises(ConflictError), turns.work():
        raise ConflictError("in the middle of something")
    with turns.work() as work:
        assert work is made[1]
    turns.close()

    with pytest.raises(LockedError), turns.work():
        pass
    with pytest.raises(LockedError):
        turns.begin_round()


@pytest.mark.threat("T564")
def test_looking_at_the_devices_begins_no_new_log(nodes: tuple[WholeNode, WholeNode]) -> None:
    node = nodes[0]
    with node.circle.devices._turns.work() as work:
        before = work.devices.me.own.log
    for _ in range(2):
        node.circle.devices.look()
        node.lock()
        node.unlock(PASSPHRASE)
    with node.circle.devices._turns.work() as work:
        assert work.devices.me.own.log == before


@pytest.mark.threat("T564")
def test_a_round_that_meets_trouble_is_told_and_the_next_goes_on(
    monkeypatch: pytest.MonkeyPatch, nodes: tuple[WholeNode, WholeNode]
) -> None:
    devices = nodes[0].circle.devices
    ended = Event()

    def fails(*_args: object, **_words: object) -> None:
        ended.set()
        raise NotFoundError("the folder is away")

    with monkeypatch.context() as patch:
        patch.setattr("sealhold.node.turns.Rounds.run", fails)
        devices.sync()
        assert ended.wait(10)
        with devices._turns.work():
            pass
    while devices.look().sync.is_running:
        pass
    assert devices.look().sync.trouble == "the folder is away"


@pytest.mark.threat("T565")
def test_what_lets_somebody_in_or_takes_a_device_out_needs_the_passphrase(
    nodes: tuple[WholeNode, WholeNode],
) -> None:
    ada, bo = nodes
    sharing, here = ada.circle.sharing, ada.circle.devices.look().devices[0].id
    card = bo.circle.sharing.card("bo").text
    before = ada.audit.state().size
    wish = ShareWish(
        name="all", people=("0" * 64,), objects=("papers",), actions=("view",), purposes=(),
        begins=Instant(0), ends=None, most=0, tier="",
    )  # fmt: skip
    for act in (
        lambda: ada.circle.devices.remove(here, "", "wrong"),
        lambda: ada.circle.devices.begin("again", "wrong"),
        lambda: sharing.add(card, "bo", "wrong"),
        lambda: sharing.verify("0" * 64, "words", "wrong"),
        lambda: sharing.allow("0" * 64, "wrong"),
        lambda: sharing.make(wish, "00", (), "wrong"),
        lambda: sharing.accept("00" * 16, "wrong"),
    ):
        with pytest.raises(WrongPassphraseError):
            act()

    assert ada.audit.state().size == before
    assert sharing.look().contacts == ()


@pytest.mark.threat("T565")
def test_a_device_is_removed_only_as_it_was_shown_and_never_this_one(
    nodes: tuple[WholeNode, WholeNode],
) -> None:
    devices = nodes[0].circle.devices
    here = devices.look().devices[0].id
    for stamp in ("", "member.9.9.9", devices.show(here).stamp):
        with pytest.raises(ConflictError):
            devices.remove(here, stamp, PASSPHRASE)
    for text in ("", here[:8], "ada's laptop", "0" * 32, "zz" * 16):
        with pytest.raises(NotFoundError):
            devices.show(text)

    assert devices.look().devices[0].standing == "member"


@pytest.mark.threat("T565")
def test_a_card_that_calls_itself_by_anothers_id_is_not_taken_for_them(
    nodes: tuple[WholeNode, WholeNode],
) -> None:
    ada, bo = nodes
    victim = ada.circle.sharing.add(bo.circle.sharing.card("bo").text, "bo", PASSPHRASE)
    with ada.circle.devices._turns.work() as work:
        contacts = ContactWork(work)
        contacts.rename("bo", "f" * 64)  # a name like the id of somebody else
    sharing = ada.circle.sharing
    for text in ("f" * 64, victim[:40]):
        with pytest.raises((NotFoundError, InvalidError)):
            sharing.forget(text)
        with pytest.raises((NotFoundError, InvalidError)):
            sharing.verify(text, "words", PASSPHRASE)
    assert [each.id for each in ada.circle.sharing.look().contacts] == [victim]
    ada.circle.sharing.forget(victim)


@pytest.mark.threat("T565")
@pytest.mark.parametrize("spot", ["", "/etc/passwd", "../..", "papers/../../x", "nothing"])
def test_a_page_reaches_no_file_beside_the_folders(
    nodes: tuple[WholeNode, WholeNode], spot: str
) -> None:
    pasts = nodes[0].circle.pasts
    with pytest.raises(SealholdError):
        pasts.history(spot)
    with pytest.raises(SealholdError):
        pasts.preview(spot, Instant(1), exact=True)
