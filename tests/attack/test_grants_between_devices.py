"""Words about grants of another device: what a device in other hands could make of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sealhold.model.encoding import Plain
from sealhold.model.shown import RequestState
from sealhold.node import Node
from sealhold.node.devicework import DeviceWork
from sealhold.node.grantsync import END, GRANT, GrantSync
from sealhold.sharing.devices.certs import SPEAKERS, Role
from sealhold.sharing.devices.drafting import Draft
from sealhold.sharing.devices.recordsync import NAME
from tests.scenarios.paired_homes import paired_homes, sync
from tests.scenarios.vaults import Asker, Job, allow, calendar


@pytest.fixture
def homes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Node, Node]]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    with paired_homes(tmp_path) as (one, other):
        one.sources.import_paths([calendar(tmp_path / "a.ics", ["green day", "grey day"])])
        asked = Asker(one).ask(one, Job())
        with pytest.raises(Exception, match="lent"):
            allow(one, asked)
        sync(one, other)
        allow(one, asked)
        sync(one, other)
        yield one, other


def say(node: Node, kind: str, grant: bytes, told: Plain) -> None:
    """Say something about a grant, whatever this device may."""
    draft = Draft(DeviceWork(node).devices.collection(NAME).replica)
    draft.note(kind, grant, told)
    draft.commit()


@pytest.mark.threat("T593")
def test_no_word_of_another_device_widens_a_grant_or_makes_one(homes: tuple[Node, Node]) -> None:
    one, other = homes
    (held,) = one.grants.list()
    (told,) = GrantSync(DeviceWork(other)).elsewhere()
    wider = [1, told.app_name, told.what, told.purpose, "allowed", told.granted_at, 1 << 52]
    say(other, GRANT, held.id, wider)
    say(other, GRANT, b"\x01" * 16, wider)
    say(other, END, held.id, 0)  # no end: it says nothing
    sync(other, one)

    assert one.grants.list() == (held,)
    sync(one, other)
    assert GrantSync(DeviceWork(other)).elsewhere() == [told]  # who holds it has the last word


@pytest.mark.threat("T593")
@pytest.mark.parametrize(
    "told", [None, 1, "allowed", [1, "a", "b", "c", "allowed", -1, 1], [2], [1, "a" * 300] * 3]
)
def test_what_is_no_grant_is_shown_to_nobody(homes: tuple[Node, Node], told: Plain) -> None:
    one, other = homes
    say(other, GRANT, b"\x01" * 16, told)
    sync(other, one)
    assert GrantSync(DeviceWork(one)).elsewhere() == []
    assert one.audit.verify().whole


@pytest.mark.threat("T593")
def test_a_limited_device_ends_no_grant(
    homes: tuple[Node, Node], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = homes
    # the other one's word stands, as if it were a limited device that has records
    monkeypatch.setattr("sealhold.node.grantsync.SPEAKERS", SPEAKERS - {Role.FULL})
    (held,) = one.grants.list()
    say(other, END, held.id, 1)
    sync(other, one)
    assert one.grants.list()[0].state is RequestState.ALLOWED
