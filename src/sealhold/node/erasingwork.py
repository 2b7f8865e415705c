"""Erasing synced files on all devices, as a face asks for it: looked at, done, and how far it is.

Source: docs/spec/11-exchange-and-op-log.md section 10.
"""

from sealhold.model.errors import ConflictError
from sealhold.model.ids import DeviceId
from sealhold.model.shown.pasts import EraseView
from sealhold.node.devicerounds import Rounds, Tell, unheard
from sealhold.node.devicework import DeviceWork
from sealhold.node.historywork import HistoryWork, Spot
from sealhold.sharing.devices import erasing, restoring, tending


class ErasingWork:
    """Erasing objects of one device's collections. For one thread."""

    def __init__(self, work: DeviceWork) -> None:
        self._work = work
        self._history = HistoryWork(work)

    def look(self, spot: Spot) -> EraseView:
        """Return what erasing a file, or a folder with all in it, would do.

        Raises:
            NotFoundError: there is none, and was none.
        """
        return self._view(spot, self._things(spot), is_done=False)

    def erase(self, spot: Spot, rounds: Rounds, tell: Tell = unheard) -> EraseView:
        """Erase a file, or a folder with all in it; the other devices follow as they sync.

        Raises:
            NotFoundError: there is none, and was none.
            ConflictError: all versions of something in it are held.
            DeniedError: this device is no admin.
            NoEpochError: a member's prekey is not known yet.
        """
        # what lies in the folder and was not synced yet is of these files, too
        rounds.run(tell)
        spot = Spot(self._work.devices.collection(spot.opened.about.name), spot.path)
        things = self._things(spot)
        view = self._view(spot, things, is_done=False)
        state = spot.opened.replica.state
        if any(note.told for thing, note in state.notes(tending.HELD) if thing in things):
            raise ConflictError("its versions are held: release them first")
        erasing.erase(self._work.devices, spot.opened, things)
        rounds.run(tell)
        now = self._view(spot, [], is_done=True)
        return EraseView(
            collection=view.collection,
            path=view.path,
            is_done=True,
            files=view.files,
            versions=view.versions,
            places=view.places,
            erased=now.erased,
            outstanding=now.outstanding,
        )

    def state(self) -> list[EraseView]:
        """Return how far the erasures of each collection are."""
        found = [self._view(Spot(each, ""), [], is_done=True) for each in self._history.every()]
        return [each for each in found if each.erased]

    def _things(self, spot: Spot) -> list[bytes]:
        """Return what is meant, and all that lies in it, deleted or not."""
        opened = spot.opened
        tree, state = opened.replica.state.tree, opened.replica.state
        top = restoring.find(opened, spot.path)
        return [
            thing
            for thing in sorted(tree.objects())
            if thing not in state.erased and restoring.is_below(tree, thing, top)
        ]

    def _view(self, spot: Spot, things: list[bytes], *, is_done: bool) -> EraseView:
        opened = spot.opened
        state, devices = opened.replica.state, self._work.devices
        shown = state.tree.shown(state.versions.edited_over_deletes())
        names = devices.names()
        so_far = erasing.state_of(devices, opened)
        living: tuple[DeviceId, ...] = tuple(opened.members.state.holders())
        return EraseView(
            collection=opened.about.name,
            path=spot.path,
            is_done=is_done,
            files=tuple(
                sorted(
                    "/".join(shown[each].path)
                    if each in shown
                    else restoring.path_of(state.tree, each)
                    for each in things
                    if state.versions.of(each)
                )
            ),
            versions=sum(len(state.versions.of(each)) for each in things),
            places=tuple(each.address for each in self._work.carriers()),
            erased=len(so_far.objects),
            outstanding=tuple(
                names.get(each, each.hex()[:8])
                for each in (so_far.outstanding if is_done else living)
            ),
        )
