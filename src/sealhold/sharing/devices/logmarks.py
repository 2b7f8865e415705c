"""Where the audit log of each device stands, told to the others, so that none goes back unseen.

- A device tells its newest signed checkpoint, at most once an hour, so that telling ends by itself;
  and once it charged what devices share, so that a disk that is put back behind that is noticed.
- Each device keeps the highest that another told. One that tells less later, or another log of the
  same length, is named. Of its own log a device hears from the others after it was put back.

Source: docs/spec/50-vault-in-sync.md section 7.
"""

from collections.abc import Iterator
from typing import Final

from sealhold.audit.log import Head
from sealhold.model.encoding import Plain
from sealhold.model.errors import NoEpochError
from sealhold.model.ids import DeviceId, Id16
from sealhold.model.quantities import HOUR
from sealhold.sharing.devices.devices import Devices
from sealhold.sharing.devices.drafting import Draft
from sealhold.sharing.devices.keeping import KeptSecret, Step

MARK: Final = "log"  # kind of the notes, and of what is kept of others
MAX_NOTE: Final = 4_096  # characters of a checkpoint

Mark = tuple[int, str]  # entries, and the signed checkpoint


def tell(devices: Devices, head: Head, charged: int = -1) -> bool:
    """Tell where this device's log stands, if it is time; return whether something was written.

    Args:
        devices: of this vault.
        head: of its log.
        charged: number of the entry that told last of a charge to what devices share.
    """
    told = devices.home.replica.state.note(MARK, devices.me.id)
    mark = None if told is None else _read(told.told)
    # THREAT T525: who charged tells so in the next round, whatever the hour
    is_charged = mark is not None and mark[0] <= charged
    if told is not None and not is_charged and devices.now() < told.time.ms + HOUR:
        return False
    if not head.note or went_back(devices, head):
        return False
    draft = Draft(devices.home.replica)
    try:
        draft.note(MARK, devices.me.id, [head.size, head.note])
        draft.commit()
    except NoEpochError:
        return False
    return True


def own(devices: Devices) -> Mark | None:
    """Return what this device told last of its own log, as the others have it."""
    return dict(_told(devices)).get(devices.me.id)


def went_back(devices: Devices, head: Head) -> bool:
    """Return whether this device's log is shorter than what it told of it."""
    # THREAT T521: a disk that was put back whole agrees with itself, and not with the others
    mark = own(devices)
    return mark is not None and mark[0] > head.size


def odd(devices: Devices) -> list[tuple[DeviceId, int, int]]:
    """Keep what others told, durably; return those whose log is not the one that they told of.

    Each with the entries that it tells of now, and those that it told of before.
    """
    home = devices.home
    kept = {
        each.id: _read(each.told)
        for each in devices.keeping.secrets(home.about.id)
        if each.kind == MARK
    }
    found: list[tuple[DeviceId, int, int]] = []
    step = Step()
    for device, mark in _told(devices):
        before = kept.get(bytes(device))
        if device == devices.me.id or before == mark:
            continue
        is_other = before is not None and before[0] == mark[0] and _text(before) != _text(mark)
        if before is not None and (mark[0] < before[0] or is_other):
            found.append((device, mark[0], before[0]))
        else:
            step.secrets.append(KeptSecret(MARK, device, list(mark)))
    if step.secrets:
        devices.keeping.save(home.about.id, step)
    return found


def _told(devices: Devices) -> Iterator[tuple[DeviceId, Mark]]:
    """Yield what devices told of their own logs."""
    for key, note in devices.home.replica.state.notes(MARK):
        mark = _read(note.told)
        # THREAT T521: nobody tells of another one's log
        if note.device == key and mark is not None:
            yield DeviceId(Id16(key)), mark


def _read(told: Plain) -> Mark | None:
    match told:
        case [int(size), str(note)] if size > 0 and len(note) <= MAX_NOTE:
            return size, note
        case _:
            return None


def _text(mark: Mark) -> str:
    """Return what is signed of a checkpoint: origin, entries and root."""
    return mark[1].partition("\n\n")[0]
