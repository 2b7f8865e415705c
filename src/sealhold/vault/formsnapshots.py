"""The snapshot that an upgrade makes of how things stood before it, within the copy.

- It bears the form from before, by which the way back knows where it leads.
- The chain of an older form's file is taken in first.

Source: docs/spec/46-snapshots.md sections 2 and 4.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import cast

from sealhold.stores.spec import Op, ReadView, RecordStore
from sealhold.vault import aside, logkeys
from sealhold.vault.core import Core
from sealhold.vault.deciding import Deciding
from sealhold.vault.keyring import Keyring
from sealhold.vault.opening import DECIDING, Parts, core_of
from sealhold.vault.settings import SETTINGS
from sealhold.vault.snapshotrows import COUNT, TIP
from sealhold.vault.snapshots import UPGRADE, Chain, ground_of
from sealhold.vault.writer import Writer


def still(parts: Parts, ring: Keyring, view: ReadView) -> tuple[Core, Chain]:
    """Return what parts of a vault share whose rows nobody writes through them, and the chain.

    Raises:
        TamperedError: the log's end is not what was written.
    """
    deciding = Deciding(DECIDING, ring.named("set-hash"))
    deciding.load(view)
    store = cast("RecordStore", view)  # reason: rows are looked at, and no more
    nobody = cast("Writer", None)  # reason: nothing is committed by what is made of it
    core = core_of(replace(parts, data=store), ring, deciding, nobody, by_key=False)
    signer = logkeys.end_of_log(view, ring).keys.signer
    return core, Chain(ground_of(core, view, deciding, signer))


def keep_before(
    parts: Parts, ring: Keyring, view: ReadView, put: Callable[[Sequence[Op]], None], form: int
) -> None:
    """Make the snapshot of an upgrade from `form`, in rows that were brought to today's.

    Raises:
        TamperedError: the chain is not what was kept.
        SealBrokenError: a row that it tells of is not what was written.
    """

    def check() -> None:
        _, found = still(parts, ring, view)
        found.check()

    core, _ = still(parts, ring, view)
    count = core.deciding.get(SETTINGS.name, COUNT)
    if count is not None and next(core.deciding.all(TIP.name), None) is None:
        aside.taken_in(parts.home, count.row[1], put, check)
    _, chain = still(parts, ring, view)
    chain.check()
    due = chain.due(parts.clock(), (UPGRADE,), form=form)
    if due is not None:
        put(due.ops)
