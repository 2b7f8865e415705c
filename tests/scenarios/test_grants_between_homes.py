"""What was allowed on one device, seen on another and ended from there, by command."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sealhold.frontends.cli.words import short
from sealhold.model.errors import ConflictError, NotFoundError
from sealhold.model.ids import Kind, canonical
from sealhold.model.shown import GrantView, RequestState
from sealhold.model.shown.devices import GrantElsewhereView
from sealhold.node import Node
from sealhold.node.devicework import DeviceWork
from sealhold.node.grantsync import GrantSync
from tests.scenarios.paired_homes import paired_homes, sync
from tests.scenarios.vaults import DENIED, Asker, Job, allow, calendar, named, refusal


@pytest.fixture
def homes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Node, Node]]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    with paired_homes(tmp_path) as (one, other):
        one.sources.import_paths([calendar(tmp_path / "a.ics", ["green day", "grey day"])])
        yield one, other


def elsewhere(node: Node) -> list[GrantElsewhereView]:
    return GrantSync(DeviceWork(node)).elsewhere()


def allowed(one: Node, other: Node, asker: Asker) -> GrantView:
    """Allow what an app asks, once there is a slice of what each object may tell."""
    asked = asker.ask(one, Job())
    with pytest.raises(Exception, match="lent"):
        allow(one, asked)
    sync(one, other)
    return allow(one, asked)


def test_a_grant_is_known_on_the_other_device_and_ended_from_there(
    homes: tuple[Node, Node],
) -> None:
    one, other = homes
    asker = Asker(one, "Tax office")
    grant = allowed(one, other, asker)
    sync(one, other)

    (seen,) = elsewhere(other)
    assert (seen.device, seen.app_name, seen.state) == ("one", "Tax office", "allowed")
    assert (seen.id, seen.until, seen.is_ending) == (grant.id.hex(), grant.terms.until, False)
    assert elsewhere(one) == []

    ended = GrantSync(DeviceWork(other)).end(short(Kind.GRANT, grant.id))
    assert ended.is_ending
    assert one.grants.list()[0].state is RequestState.ALLOWED  # it has not heard
    sync(other, one)

    assert one.grants.list()[0].state is RequestState.REVOKED
    assert refusal(lambda: one.outside.invoke(asker.token, canonical(grant.request))) == DENIED
    sync(one, other)
    (seen,) = elsewhere(other)
    assert (seen.state, seen.is_ending) == ("revoked", False)
    with pytest.raises(ConflictError):
        GrantSync(DeviceWork(other)).end(named(grant))
    for node in homes:
        assert node.audit.verify().whole


def test_what_nobody_told_of_is_not_ended(homes: tuple[Node, Node]) -> None:
    _, other = homes
    with pytest.raises(NotFoundError):
        GrantSync(DeviceWork(other)).end("g-0123456789ab")
