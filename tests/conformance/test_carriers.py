"""What every carrier must do, tried on stores, on relays, and on a device in the same network.

Rules: docs/spec/14-relay.md section 1.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from secrets import token_hex

import pytest

from sealhold.net.relay.papers import Rights
from sealhold.sharing.devices.carrier import StoreCarrier
from sealhold.stores.backends.folder import FolderObjects
from sealhold.stores.backends.memory import MemoryObjects
from sealhold.stores.backends.sqlcipher import SqlCipherStore
from sealhold.stores.spec import ObjectStore
from tests.lanning import Serving, device, serving
from tests.relaying import Running, certified, on_disk, running

from . import carrier_checks, s3server
from .carrier_checks import Devices
from .checks import Check, checks_of

CHECKS = checks_of(carrier_checks)
EVERY = 0.02  # seconds between two looks at a store
BOX = "5e" * 16
STORES: dict[str, Callable[[Path], ObjectStore]] = {
    "folder": lambda folder: FolderObjects(folder, token_hex(8)),
    "bucket": s3server.objects_of,
}


@pytest.fixture(scope="module")
def relays(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Running]]:
    folder = tmp_path_factory.mktemp("relay")
    context, roots = certified(folder)
    disk = on_disk(folder / "objects")
    disk.rows = SqlCipherStore(folder / "relay.db")
    with ExitStack() as held:
        yield {
            "relay": held.enter_context(running(ranges=True)),
            "relay by tls, on disk": held.enter_context(
                running(disk, context=context, roots=roots)
            ),
        }


@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)
@pytest.mark.parametrize("kind", ["memory", *STORES])
def test_a_store_carries_by_the_rule(kind: str, check: Check[Devices], tmp_path: Path) -> None:
    one = MemoryObjects() if kind == "memory" else STORES[kind](tmp_path)
    two = one if kind == "memory" else STORES[kind](tmp_path)

    check(Devices(BOX, StoreCarrier(one, every=EVERY), StoreCarrier(two, every=EVERY)))


@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)
@pytest.mark.parametrize("kind", ["relay", "relay by tls, on disk"])
def test_a_relay_carries_by_the_rule(
    kind: str, check: Check[Devices], relays: dict[str, Running]
) -> None:
    relay = relays[kind]
    admin = relay.admin()
    ranges = kind == "relay"
    one = relay.carrier(admin, ranges=ranges)
    two = relay.carrier(admin, Rights.READ, ranges=ranges)

    check(Devices(admin.box.hex(), one, two))
    one.close()
    two.close()


@pytest.fixture(scope="module")
def lan(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    objects = FolderObjects(tmp_path_factory.mktemp("lan"), token_hex(8))
    with serving(device(1), objects) as found:
        yield found


@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)
def test_a_device_in_the_network_carries_by_the_rule(check: Check[Devices], lan: Serving) -> None:
    one, two = device(2), device(3)
    box = lan.admit(one, two)

    check(Devices(box.hex(), lan.carrier(one, box), lan.carrier(two, box)))


@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)
def test_who_serves_and_who_connects_see_the_same(check: Check[Devices], lan: Serving) -> None:
    guest = device(2)
    box = lan.admit(guest)

    check(Devices(box.hex(), StoreCarrier(lan.shelf.objects, every=EVERY), lan.carrier(guest, box)))
