"""`sealhold bench sync`, a part: how long a new epoch for a thousand devices takes.

- All that an admin does at a removal but for carrying it: the secret, a copy for each device, the
  signature. One device then opens its copy.

Source: docs/benchmarks.md; docs/spec/12-membership.md section 4.
"""

import time
from statistics import median
from typing import Final

from sealhold.bench.harness import Bench
from sealhold.crypto.entropy import system_entropy
from sealhold.model.ids import CollectionId, Id16
from sealhold.model.quantities import Instant
from sealhold.sharing.devices.epochs import new_epoch
from sealhold.sharing.devices.identity import DeviceKeys
from sealhold.sharing.devices.wraps import Recipient, open_wrap, read_wrap_set

DEVICES: Final = 1_000
ROUNDS: Final = 9


def measure_rekeying(bench: Bench) -> None:
    """Make epochs for many devices."""
    bench.say(f"a new epoch for {DEVICES} devices")
    devices = [DeviceKeys.generate(Instant(0), system_entropy) for _ in range(DEVICES)]
    recipients = [Recipient(each.id, each.box.public) for each in devices]
    collection, signer = CollectionId(Id16(system_entropy(16))), devices[0].signer
    taken = []
    for _ in range(1 if bench.quick else ROUNDS):
        started = time.perf_counter()
        made = new_epoch(collection, recipients, signer, system_entropy)
        taken.append(1000 * (time.perf_counter() - started))
        found = read_wrap_set(made.wraps, signer.public)
        bench.check(open_wrap(found, devices[-1]) == made.secret, "a device has no copy")
    bench.figures["rekey_1000_ms"] = median(taken)
