"""The devices of the owner, as pages ask for them.

- Removing a device needs the passphrase, and what was shown of what the device has.
- While a round runs, what was seen last is shown.

Source: docs/spec/20-faces.md section 9; docs/spec/12-membership.md.
"""

from collections.abc import Callable

from sealhold.model.errors import ConflictError, NotFoundError, WrongPassphraseError
from sealhold.model.ids import ID_BYTES, DeviceId, Id16
from sealhold.model.shown.circle import DevicePage, DevicesView
from sealhold.model.shown.devices import ExposureView
from sealhold.node.devicework import DeviceWork
from sealhold.node.turns import Turns


class DeviceDoor:
    """Shows the devices, and does what their owner says. For many threads."""

    def __init__(self, turns: Turns, verify: Callable[[str], bool]) -> None:
        self._turns, self._verify = turns, verify
        self._seen: DevicesView | None = None

    def look(self) -> DevicesView:
        """Return the devices and what they sync; a vault that is none has nothing to show."""
        sync, seen = self._turns.sync, self._seen
        if not sync.is_running or seen is None:
            with self._turns.work() as work:
                seen = _seen(work)
            self._seen = seen
        return DevicesView(
            is_begun=seen.is_begun,
            devices=seen.devices,
            collections=seen.collections,
            places=seen.places,
            conflicts=seen.conflicts,
            sync=self._turns.sync,
        )

    def begin(self, name: str, passphrase: str) -> None:
        """Become the first device of the owner.

        Raises:
            WrongPassphraseError: the owner is not proven.
            ConflictError: it is a device already.
            InvalidError: a name of no such length.
        """
        self._need(passphrase)
        with self._turns.work() as work:
            work.begin(name)

    def show(self, id_text: str) -> DevicePage:
        """Return one device, and what it has.

        Raises:
            NotFoundError: there is none.
        """
        with self._turns.work() as work:
            return _page(work, _device(id_text))

    def rename(self, id_text: str, name: str) -> None:
        """Call a device otherwise.

        Raises:
            NotFoundError: there is none.
            InvalidError: a name of no such length.
        """
        with self._turns.work() as work:
            work.rename(_device(id_text), name)

    def remove(self, id_text: str, stamp: str, passphrase: str) -> ExposureView:
        """Remove a device everywhere; return what it had.

        Raises:
            WrongPassphraseError: the owner is not proven.
            ConflictError: it has other things than were shown, or is this one.
            NotFoundError: there is none.
            DeniedError: this device may not.
        """
        self._need(passphrase)
        device = _device(id_text)
        with self._turns.work() as work:
            page = _page(work, device)
            # THREAT T565: what is removed is what was shown, and its owner is there
            if page.stamp != stamp:
                raise ConflictError("the device has other things than were shown")
            if page.device.is_here:
                raise ConflictError("a device removes no other than others")
            return work.remove(device)

    def choose(self, version: str) -> None:
        """End a conflict in favour of one version; the others stay in the history.

        Raises:
            NotFoundError: no version of that id stands in a conflict.
        """
        _device(version)  # whole ids alone: a page never shortens them
        with self._turns.work() as work:
            work.choose(version)

    def sync(self, *, deletes: bool = False) -> None:
        """Begin a round, and return at once."""
        if self._seen is None:
            self.look()
        self._turns.begin_round(deletes=deletes)

    def _need(self, passphrase: str) -> None:
        if not self._verify(passphrase):
            raise WrongPassphraseError("the passphrase does not open this vault")


def _seen(work: DeviceWork) -> DevicesView:
    if not work.devices.is_begun:
        return DevicesView(is_begun=False)
    return DevicesView(
        is_begun=True,
        devices=tuple(work.every()),
        collections=tuple(work.collections()),
        places=tuple(work.carriers()),
        conflicts=tuple(work.conflicts()),
    )


def _page(work: DeviceWork, device: DeviceId) -> DevicePage:
    found = next((each for each in work.every() if each.id == device.hex()), None)
    if found is None:
        raise NotFoundError("no such device")
    try:
        told = work.exposure(device)
    except NotFoundError:  # it was removed, and has nothing by now
        told = ExposureView(device=found.id, name=found.name, collections=(), entries=0, objects=0)
    had = (len(told.collections), len(told.still), told.objects, told.versions, told.entries)
    stamp = ".".join([found.standing, *map(str, had)])
    return DevicePage(device=found, exposure=told, stamp=stamp)


def _device(text: str) -> DeviceId:
    try:
        id_ = bytes.fromhex(text)
    except ValueError as err:
        raise NotFoundError("no such device") from err
    if len(id_) != ID_BYTES:
        raise NotFoundError("no such device")
    return DeviceId(Id16(id_))
