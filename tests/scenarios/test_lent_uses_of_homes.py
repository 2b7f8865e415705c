"""A counted share that an owner's second vault answers for while the first one is off."""

from pathlib import Path

import pytest

from sealhold.model.errors import DeniedError
from sealhold.model.quantities import HOUR, MINUTE
from sealhold.node.sharedwithme import SharedWithMe
from sealhold.node.sharereport import ShareReport
from sealhold.node.sharework import ShareWork
from sealhold.policy.shareterms import Tier
from sealhold.sharing.devices import joining
from sealhold.sharing.devices.certs import Role
from sealhold.sharing.devices.identity import DeviceKeys
from sealhold.sharing.devices.joinpapers import Way, request
from tests.scenarios.met_people import Vault, two_people
from tests.scenarios.test_shares_of_files import folder, share
from tests.scenarios.vaults import Hands, new_home


def server_of(owner: Vault, home: Path, place: Path) -> Vault:
    """Return a second vault of somebody, paired without a screen."""
    server = Vault(new_home(home), f"{owner.name}'s server", owner.clock)
    with owner.work() as one, server.work() as other:
        entropy = other.core.entropy
        keys = DeviceKeys.generate(one.devices.now(), entropy)
        public = keys.signer.public + keys.box.public
        way = Way(kind="folder", address=str(place))
        asked = request("server", keys.published())
        payload = joining.certify(one.devices, public, asked, Role.FULL, [way], None)
        theirs = joining.introduction(one.devices)
        joining.accept(other.devices, keys, "server", theirs, payload, entropy)
        other.add_carrier(f"folder:{place}")
    return server


def opens(vault: Vault) -> bytes | None:
    """Use what is shared; None: no answer yet."""
    with vault.work() as work:
        mine = SharedWithMe(work, {})
        there, paper = mine.named("album")
        wish = mine.wish(paper, mine.object(there, "trip/day one.txt"), "view", "")
        content = mine.open(there, paper, wish)
        return None if content is None else b"".join(content)


def synced(*vaults: Vault) -> None:
    """Go one round with each."""
    for vault in vaults:
        assert vault.sync() == ()


def taken(vault: Vault) -> None:
    """Take on what is offered."""
    with vault.work() as work:
        mine = SharedWithMe(work, {})
        (offer,) = mine.offers()
        mine.take(offer)
    synced(vault)


def test_a_server_answers_while_the_laptop_is_off(tmp_path: Path) -> None:
    ada, bo = two_people(tmp_path)
    ada.clock = bo.clock = clock = Hands()
    server = server_of(ada, tmp_path / "server", tmp_path / "stick")
    folder(ada, tmp_path)
    ada.sync()
    share(ada, "bo", ["papers/trip"], Tier.KEY_PER_USE, most=16)
    synced(ada, server, bo, ada, server, bo)
    taken(bo)
    assert opens(bo) is None
    synced(bo, ada, server, ada, server, bo)  # the laptop answers, the server is lent some
    assert opens(bo) == b"by the sea"

    clock.move(5 * MINUTE)  # the laptop is off from here on
    assert opens(bo) is None
    synced(bo)
    clock.move(MINUTE)
    synced(server, bo)
    assert opens(bo) == b"by the sea"
    synced(bo, server, ada)

    with ada.work() as work:
        shares = ShareWork(work)
        told = shares.revoke(shares.record("album"))
        assert "`server` may give keys until 2026-11-21T13:0" in told.stops
    synced(ada)
    with ada.work() as work:
        report = ShareReport(work, ShareWork(work))
        (view,) = report.every()
        assert (view.uses, view.odd, view.unconfirmed) == (2, (), ("server",))
        signed = {each.number: each.signed for each in report.uses(ShareWork(work).record("album"))}
        assert set(signed.values()) == {"by both"}
        assert len(signed) == 2
    clock.move(2 * HOUR)
    synced(server, ada)
    with ada.work() as work:
        (view,) = ShareReport(work, ShareWork(work)).every()
        assert view.unconfirmed == ()
    synced(bo)
    with pytest.raises(DeniedError):
        opens(bo)
