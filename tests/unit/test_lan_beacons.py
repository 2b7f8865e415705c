"""By which names devices are announced in a network, hour by hour."""

from sealhold.crypto.secret import Secret
from sealhold.model.ids import DeviceId, Id16
from sealhold.model.quantities import Instant
from sealhold.net.lan.beacons import HOUR_MS, beacon, beacons, hour_of
from sealhold.net.mdns import is_near

KEY, OTHER = Secret(bytes(32), "K_lan"), Secret(bytes(31) + b"\x01", "K_lan")
ONE, TWO = DeviceId(Id16(b"device number 1.")), DeviceId(Id16(b"device number 2."))
NOON = Instant(472_222 * HOUR_MS)


def test_a_beacon_is_another_each_hour_for_each_device_and_person() -> None:
    names = [
        beacon(key, one, hour) for key in (KEY, OTHER) for one in (ONE, TWO) for hour in range(50)
    ]
    assert len(set(names)) == len(names)


def test_a_beacon_stays_within_its_hour() -> None:
    first, last = Instant(NOON), Instant(NOON + HOUR_MS - 1)
    assert beacon(KEY, ONE, hour_of(first)) == beacon(KEY, ONE, hour_of(last))
    assert hour_of(Instant(last + 1)) == hour_of(first) + 1


def test_who_knows_the_key_tells_devices_though_clocks_differ_by_an_hour() -> None:
    for off in (-HOUR_MS, 0, HOUR_MS):
        name = beacon(KEY, TWO, hour_of(Instant(NOON + off)))
        assert beacons(KEY, [ONE, TWO], NOON)[name] == TWO
    late = beacon(KEY, TWO, hour_of(Instant(NOON + 2 * HOUR_MS)))
    assert late not in beacons(KEY, [ONE, TWO], NOON)
    assert beacon(OTHER, TWO, hour_of(NOON)) not in beacons(KEY, [ONE, TWO], NOON)


def test_a_clock_at_the_beginning_of_time_has_no_hour_before() -> None:
    assert len(beacons(KEY, [ONE], Instant(0))) == 2


def test_only_addresses_of_ones_own_network_are_near() -> None:
    near = ["192.168.1.4", "10.0.0.9", "172.16.3.1", "169.254.7.7", "fe80::1", "fd00::5"]
    far = ["8.8.8.8", "127.0.0.1", "0.0.0.0", "224.0.0.251", "::1", "2606:4700::1", "no address"]
    assert [each for each in near + far if is_near(each)] == near
