"""Saying where the logs of removed devices end.

- Who removed a device says it, with the removal or, after a kill, as soon as it goes on.
- Where none of those who did is an admin any more and nobody said it, another admin removes the
  device once more, and says it then.

Source: docs/spec/11-exchange-and-op-log.md section 8.
"""

from sealhold.model.ids import DeviceId, Id16
from sealhold.sharing.devices.devices import Devices, Open
from sealhold.sharing.devices.drafting import Draft
from sealhold.sharing.devices.logends import CUT_KIND, removals, told_end


def say_ends(devices: Devices, opened: Open) -> None:
    """Say after which entries of the devices that this one removed nothing counts, durably.

    Raises:
        NoEpochError: there is no epoch that every member has; nothing was written.
    """
    replica = opened.replica
    draft, book = Draft(replica), replica.book
    for device, removal in replica.ends.owed(removals(opened.members.log), devices.me.id):
        logs = [(log, book.head(log)) for log in book.logs() if log.device == device]
        draft.note(CUT_KIND, device, told_end(removal, logs))
    draft.commit()
    devices.learn_cuts(opened)


def endless(opened: Open) -> list[DeviceId]:
    """Return the removed devices whose end nobody said, or will say."""
    members = opened.members
    return [
        DeviceId(Id16(device))
        for device, found in sorted(removals(members.log).items())
        if device not in members.cuts
        and not any(members.state.admin_grant(DeviceId(Id16(by))) for by in found.values())
    ]
