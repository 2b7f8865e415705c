"""The packs that a carrier lists: as many as a collection may have, and no more.

Source: docs/spec/47-folders.md section 11.
"""

from collections.abc import Collection
from typing import Final

from sealhold.model.errors import CarrierAwayError
from sealhold.net.spec import Carrier
from sealhold.sharing.devices.names import Mailbox

LISTED: Final = 262_144  # 2 TiB if all are full


def packs_at(
    carrier: Carrier, box: Mailbox, wanted: Collection[bytes] | None = None
) -> dict[bytes, int]:
    """Return the packs that a carrier lists, of those that are wanted, and how long they are.

    Raises:
        CarrierAwayError: it does not answer, or its list has no end.
    """
    found: dict[bytes, int] = {}
    for count, each in enumerate(carrier.list_after(f"{box.prefix}pack/")):
        # THREAT T501: a list in order may be as long as a carrier likes
        if count >= LISTED:
            raise CarrierAwayError("a carrier lists packs without end")
        try:
            digest = bytes.fromhex(each.name.rpartition("/")[2])
        except ValueError:
            continue
        if box.pack(digest) == each.name and (wanted is None or digest in wanted):
            found[digest] = each.size
    return found
