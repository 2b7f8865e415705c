"""By which name a device is announced in a network: eight bytes that are others each hour.

- Who knows K_lan and the devices tells which one it is; to anybody else the names of two hours, or
  of two devices, have nothing in common.
- Clocks may differ by an hour.

Source: docs/spec/14-relay.md section 9.
"""

from collections.abc import Iterable
from typing import Final

from sealhold.crypto.digest import keyed
from sealhold.crypto.kdf import derive
from sealhold.crypto.secret import Secret
from sealhold.crypto.tags import Tag
from sealhold.model.ids import DeviceId
from sealhold.model.quantities import Instant

HOUR_MS: Final = 3_600_000
BEACON_BYTES: Final = 8


def lan_key(secret: Secret) -> Secret:
    """Return K_lan, of the secret of the collection about all others."""
    return derive(secret, Tag.LAN)


def hour_of(now: Instant) -> int:
    """Return how many whole hours there were since 1970."""
    return now // HOUR_MS


def beacon(key: Secret, device: DeviceId, hour: int) -> str:
    """Return the 16 hex digits that a device is announced by in an hour; `key` is K_lan."""
    # THREAT T509: no name of anything, and nothing that stays from hour to hour
    return keyed(key, Tag.LAN_BEACON, device, hour.to_bytes(8))[:BEACON_BYTES].hex()


def beacons(key: Secret, devices: Iterable[DeviceId], now: Instant) -> dict[str, DeviceId]:
    """Return which device each name means, in the hour before, this one and the next."""
    here = hour_of(now)
    hours = [hour for hour in (here - 1, here, here + 1) if hour >= 0]
    return {beacon(key, device, hour): device for device in devices for hour in hours}
