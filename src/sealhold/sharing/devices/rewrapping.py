"""Segments of keys told again under a new key of the bag, since a newcomer gets that one alone.

Source: docs/spec/11-exchange-and-op-log.md section 4.
"""

from collections.abc import Container

from sealhold.sharing.devices.keybag import BagKey, Segment
from sealhold.sharing.devices.replica import Replica


def wrap_again(replica: Replica, bag: BagKey, writers: Container[bytes] | None = None) -> None:
    """Wrap segments under the bag's key in force that are told under none but older ones.

    Args:
        replica: the collection.
        bag: the key in force.
        writers: the devices whose segments; None: all that are here.
    """
    told = [
        Segment(kept.id, kept.key, kept.keys, b"").told(replica.collection, bag, replica.entropy)
        for name, ops in replica.told_keys.items()
        if (kept := replica.segments.get(name)) is not None
        and all(op.bag != bag.id for op in ops)
        and (writers is None or replica.told_at[name][0].device in writers)
    ]
    if told:
        replica.write(told, {})
