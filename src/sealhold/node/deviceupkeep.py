"""What a round of syncing does beside: devices tell what they hold, old versions are thinned.

Source: docs/spec/47-folders.md sections 9 to 11.
"""

from sealhold.model.errors import NoEpochError
from sealhold.node.devicework import DeviceWork
from sealhold.sharing.devices import chosen, clocks, logmarks, tending
from sealhold.sharing.devices.joinpapers import Holds
from sealhold.sharing.devices.syncing import Round, Syncing


def upkeep(work: DeviceWork, syncing: Syncing, done: Round) -> None:
    """Tell others what they wait for, and once a day tend each collection; `done` counts it.

    Raises:
        AuditUnavailableError: nothing can be written.
    """
    is_news, me = clocks.tell(work.devices), work.devices.me.id
    for opened in work.devices.collections():
        if opened.about.holds is not Holds.FILES or opened.is_foreign:
            continue  # what is shared with other people has members that tell nothing of it
        is_news |= tending.acknowledge(work.devices, opened)
        if chosen.is_relied_on(work.devices, opened):
            is_news |= chosen.tell_holds(work.devices, opened, work.rows(opened).rows())
        if me in opened.members.state.holders() and tending.is_time(work.devices, opened):
            try:
                tended = tending.tend(work.devices, opened, syncing.near(opened, done))
            except NoEpochError:
                continue  # another day
            done.troubles += tended.troubles
            is_news |= bool(tended.thinned or tended.rewritten or tended.dead)
    is_news |= _log_marks(work, done)
    if is_news:
        done.add_round(syncing.give_all())


def _log_marks(work: DeviceWork, done: Round) -> bool:
    """Tell where this vault's log stands, and name whose log went back."""
    devices, head = work.devices, work.core.writer.log.head
    if not any(each.about.holds is Holds.HOME for each in devices.collections()):
        return False
    names = devices.names()
    for device, now, before in logmarks.odd(devices):
        name = names.get(device, device.hex()[:8])
        done.troubles.append(
            f"the log of {name} is not what it was: {now} entries, and {before} before"
        )
    if logmarks.went_back(devices, head):
        done.troubles.append(
            "this vault's log is shorter than what your other devices know of it: it was put back"
        )
    return logmarks.tell(devices, head, work.core.writer.watch.known)
