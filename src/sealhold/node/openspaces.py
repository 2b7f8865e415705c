"""Which share spaces are open to this vault: its own, and those where a paper says so now.

Source: docs/spec/52-share-spaces.md sections 3, 5 and 7.
"""

from collections.abc import Iterator

from sealhold.model.ids import ContactId
from sealhold.sharing.devices.devices import Devices, Open
from sealhold.sharing.peers.sharepaper import REVOKED, Paper, papers
from sealhold.sharing.peers.withdrawals import is_withdrawn


def mine_in(devices: Devices, opened: Open) -> Iterator[Paper]:
    """Yield the papers of a space that are for this vault's owner."""
    me = ContactId(devices.me.root)
    for paper in papers(opened):
        if me in paper.clauses.who:
            yield paper


def is_closed(devices: Devices, opened: Open, paper: Paper) -> bool:
    """Return whether a share was taken back, or this vault was let go."""
    is_over = is_withdrawn(devices, opened.about.id, opened.about.root)
    return is_over or paper.epoch == REVOKED or opened.is_left(devices.me.id)


def is_open(devices: Devices, opened: Open) -> bool:
    """Return whether what is in a share space may be shown here now."""
    if not opened.is_foreign:
        return True
    now = devices.now()
    return any(
        paper.clauses.covers(now) and not is_closed(devices, opened, paper)
        for paper in mine_in(devices, opened)
    )
