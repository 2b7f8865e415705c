"""What this device keeps of its collections, as a face asks for it: profile, pins, on demand.

Source: docs/spec/47-folders.md section 10.
"""

from sealhold.model.ids import DeviceId, Id16
from sealhold.model.shown.pasts import ProfileView
from sealhold.node.devicework import DeviceWork
from sealhold.node.historywork import HistoryWork, Spot
from sealhold.sharing.devices import chosen, restoring
from sealhold.sharing.devices.devices import Open
from sealhold.sharing.devices.foldersync import shown_in
from sealhold.sharing.devices.profile import Profile, Which


class KeptWork:
    """What this device keeps. For one thread."""

    def __init__(self, work: DeviceWork) -> None:
        self._work = work
        self._history = HistoryWork(work)

    def profiles(self, name: str = "") -> list[ProfileView]:
        """Return what is kept of each collection, or of one.

        Raises:
            NotFoundError: there is no such collection.
        """
        return [self._view(each) for each in self._meant(name)]

    def choose(self, profile: Profile, name: str = "") -> list[ProfileView]:
        """Keep what a profile says of each collection, or of one, from the next sync on.

        Raises:
            NotFoundError: there is no such collection.
            NoEpochError: nothing can be written now.
        """
        devices = self._work.devices
        for opened in self._meant(name):
            now = chosen.read(devices.keeping, opened.about.id)
            chosen.write(devices, opened, chosen.changed(now, profile))
        return self.profiles(name)

    def fetch(self, spot: Spot) -> None:
        """Have a file or folder written into the folder of this device at the next sync.

        Raises:
            NotFoundError: there is none.
        """
        self._change(spot, "fetch")

    def pin(self, spot: Spot) -> None:
        """Keep a file or folder in the folder of this device, whatever its profile says.

        Raises:
            NotFoundError: there is none.
        """
        self._change(spot, "pin")

    def unpin(self, spot: Spot) -> None:
        """Keep a file or folder as the profile says, and no more.

        Raises:
            NotFoundError: there is none.
        """
        self._change(spot, "unpin")

    def _change(self, spot: Spot, how: str) -> None:
        devices, opened = self._work.devices, spot.opened
        thing = restoring.find(opened, spot.path)
        now = chosen.read(devices.keeping, opened.about.id)
        if how == "fetch":
            now = chosen.fetch(now, thing, devices.now())
        else:
            now = chosen.pin(now, thing) if how == "pin" else chosen.unpin(now, thing)
        chosen.write(devices, opened, now)

    def _meant(self, name: str) -> list[Open]:
        return [self._work.devices.collection(name)] if name else self._history.every()

    def _view(self, opened: Open) -> ProfileView:
        devices, rows = self._work.devices, self._work.rows(opened)
        now = chosen.read(devices.keeping, opened.about.id)
        wanted = list(shown_in(opened, {}))
        weighed = chosen.weigh(opened, now, rows.rows(), wanted, devices.now())
        names = devices.names()
        path_of = {each.version: each.path for each in wanted}
        here = [each for each in weighed.items.values() if each.is_here]
        return ProfileView(
            collection=opened.about.name,
            which=now.profile.which.value,
            days=now.profile.days,
            budget=now.profile.budget or 0,
            folder="" if rows.bound is None else rows.bound.path,
            files=len(weighed.items),
            here=len(here),
            here_bytes=sum(each.size for each in here),
            pinned=tuple(sorted(each.path for each in wanted if each.object in now.pins)),
            stuck=tuple(sorted(path_of[each] for each in weighed.choice.stuck)),
            over=weighed.choice.over,
            relied_on=tuple(
                sorted(
                    names.get(DeviceId(Id16(each)), each.hex()[:8])
                    for each in chosen.relied_on(opened)
                )
            ),
        )


def profile_of(which: str, days: int, budget: int | None) -> Profile:
    """Return the profile that words say.

    Raises:
        InvalidError: a profile of recent files without days, or another with some.
    """
    return Profile(which=Which(which), days=days, budget=budget)
