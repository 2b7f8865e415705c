"""Old versions of synced files as a face asks for them: listed, put back, thinned.

- Something is meant by `COLLECTION`, `COLLECTION/PATH`, or by a path in a folder of this device.

Source: docs/spec/47-folders.md section 9.
"""

from collections.abc import Callable, Container
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from sealhold.model.errors import CarrierAwayError, CarrierRefusedError, NotFoundError
from sealhold.model.ids import DeviceId, Id16
from sealhold.model.quantities import Instant
from sealhold.model.shown.pasts import (
    FileView,
    HistoryView,
    RestoredView,
    RestoreView,
    ThinView,
    VersionView,
)
from sealhold.node.devicework import DeviceWork
from sealhold.sharing.devices import clocks, restoring, tending
from sealhold.sharing.devices.conflict import Standing, Version
from sealhold.sharing.devices.contents import Content
from sealhold.sharing.devices.devices import Open
from sealhold.sharing.devices.history import restored
from sealhold.sharing.devices.joinpapers import Holds
from sealhold.sharing.devices.packlists import packs_at
from sealhold.sharing.devices.syncing import Round, Syncing

_ALONE: Final = (
    "nothing is thinned by age: none of your other devices told a time near this one's clock"
)


@dataclass(frozen=True, slots=True)
class Spot:
    """A collection, or something in it."""

    opened: Open
    path: str  # empty: all of it


class HistoryWork:
    """What the folders of this device were. For one thread."""

    def __init__(self, work: DeviceWork) -> None:
        self._work = work

    def spot(self, text: str) -> Spot:
        """Return what is meant.

        Raises:
            NotFoundError: no collection is called so, and the path is in no synced folder.
        """
        files = self.every()
        name, _, rest = text.strip("/").partition("/")
        for opened in files if not text.startswith("/") else []:
            if opened.about.name == name:
                return Spot(opened, rest)
        meant = Path(text).absolute()
        for opened in files:
            bound = self._work.rows(opened).bound
            if bound is not None and meant.is_relative_to(bound.path):
                path = str(meant.relative_to(bound.path))
                return Spot(opened, "" if path == "." else path)
        raise NotFoundError("no collection is called so, and it lies in no synced folder")

    def every(self) -> list[Open]:
        """Return the collections of files."""
        all_of = self._work.devices.collections()
        return [each for each in all_of if each.about.holds is Holds.FILES and not each.is_foreign]

    def history(self, spot: Spot, at: Instant | None = None) -> HistoryView:
        """Return the versions of a file, or the files of a folder or a collection.

        Args:
            spot: what is meant.
            at: as it was then; None: as it is, and what was deleted.

        Raises:
            NotFoundError: there is none, and was none.
        """
        opened = spot.opened
        versions: tuple[VersionView, ...] = ()
        files: tuple[FileView, ...] = ()
        thing = restoring.find(opened, spot.path, at) if spot.path else None
        place = None if thing is None else opened.replica.state.tree.place_of(thing)
        if thing is not None and (place is None or not place.is_folder):
            versions = self._versions(opened, thing, at)
        elif at is None:
            files = self._now(opened, spot.path)
        else:
            files = self._then(opened, thing, at)
        return HistoryView(
            collection=opened.about.name,
            path=spot.path,
            at=0 if at is None else int(at),
            versions=versions,
            files=files,
        )

    def restore(self, spot: Spot, at: Instant, *, exact: bool, preview: bool) -> RestoreView:
        """Put something back to how it stood, or only tell what that would do.

        Raises:
            NotFoundError: nothing of it stood there at that time.
            NoEpochError: nothing can be written now.
        """
        opened = spot.opened
        top = restoring.find(opened, spot.path, at) if spot.path else None
        plan = restoring.plan(opened, at, top, exact=exact)
        if not preview:
            restoring.carry_out(opened, plan)
        return RestoreView(
            collection=opened.about.name,
            path=spot.path,
            at=int(at),
            is_done=not preview,
            changes=tuple(
                RestoredView(path=each.path, what=_what(each), size=each.size)
                for each in plan.steps
            ),
            same=plan.same,
            made_since=tuple(path for _, path in plan.made_since),
            made_since_goes=plan.goes,
            lost=plan.lost,
        )

    def thin(self, *, preview: bool, tell: Callable[[str], None]) -> list[ThinView]:
        """Let go of old versions, and of packs that hold mostly such, or tell what that would do.

        Raises:
            NoEpochError: nothing can be written now.
        """
        found: list[ThinView] = []
        syncing = Syncing(self._work.devices, self._work.places.reached())
        round_ = Round() if preview else syncing.round(lambda name, _: tell(f"exchanging {name}"))
        for opened in self.every():
            tell(f"thinning {opened.about.name}")
            drop = tending.to_thin(self._work.devices, opened)
            state = opened.replica.state
            size = sum(state.content(each).size for gone in drop.values() for each in gone)
            done = tending.Tended(troubles=list(round_.troubles))
            if not clocks.is_borne_out(self._work.devices):
                done.troubles.append(_ALONE)
            if not preview:
                tended = tending.tend(self._work.devices, opened, syncing.near(opened, round_))
                done = replace(tended, troubles=done.troubles + tended.troubles)
            found.append(
                ThinView(
                    collection=opened.about.name,
                    is_done=not preview,
                    files=len(drop),
                    versions=sum(len(each) for each in drop.values()),
                    size=size,
                    rewritten=done.rewritten,
                    deleted=done.deleted,
                    freed=done.freed,
                    waiting=done.waiting,
                    troubles=tuple(done.troubles),
                )
            )
        if not preview:
            syncing.give_all()
        return found

    def hold(self, spot: Spot, *, is_held: bool) -> None:
        """Keep every version of a file whatever its age, on all devices, or no more.

        Raises:
            NotFoundError: there is no such file.
        """
        thing = restoring.find(spot.opened, spot.path)
        tending.hold(spot.opened, thing, is_held=is_held)

    # --- inside ---

    def _versions(self, opened: Open, thing: bytes, at: Instant | None) -> tuple[VersionView, ...]:
        state = opened.replica.state
        rows = self._work.rows(opened).rows()
        here = {row.version for row in rows.values()}
        thinned, standing = state.thinned.of(state.versions), state.versions.standing(thing)
        packs = self._packs(opened)
        known = [each for each in state.versions.of(thing) if at is None or each.time.ms <= int(at)]
        return tuple(
            VersionView(
                id=each.id.hex(),
                device=self._name(each.device),
                time=each.time.ms,
                size=state.content(each.id).size,
                stands=_stands(each, standing),
                content=_where(opened, each, state.content(each.id), here, thinned, packs),
            )
            for each in sorted(known, key=lambda each: each.order, reverse=True)
        )

    def _packs(self, opened: Open) -> set[bytes]:
        """Return the packs that are here, or at a place that answers."""
        found = {bytes.fromhex(name.rpartition("/")[2]) for name in opened.bodies.staged()}
        near = Syncing(self._work.devices, self._work.places.reached()).near(opened, Round())
        opened.bodies.reach(near)
        for carrier, box in near:
            try:
                found |= packs_at(carrier, box).keys()
            except (CarrierAwayError, CarrierRefusedError):
                continue
        return found

    def _now(self, opened: Open, top: str) -> tuple[FileView, ...]:
        """Return what there is, and what was deleted."""
        state, found = opened.replica.state, list[FileView]()
        shown = state.tree.shown(state.versions.edited_over_deletes())
        for thing in state.versions.objects():
            place, known = state.tree.place_of(thing), state.versions.of(thing)
            if place is None:
                continue
            is_there = thing in shown
            path = "/".join(shown[thing].path) if is_there else restoring.path_of(state.tree, thing)
            version = state.versions.standing(thing).shown or max(known, key=lambda v: v.order)
            if not top or path == top or path.startswith(f"{top}/"):
                found.append(self._file(opened, path, version, is_deleted=not is_there))
        return tuple(sorted(found, key=lambda each: each.path))

    def _then(self, opened: Open, thing: bytes | None, at: Instant) -> tuple[FileView, ...]:
        state = opened.replica.state
        was = restored(state.tree.ops(), state.versions.of, at, top=thing)
        found = [
            self._file(opened, "/".join(was.shown[each].path), version, is_deleted=False)
            for each, version in was.versions.items()
        ]
        return tuple(sorted(found, key=lambda each: each.path))

    def _file(self, opened: Open, path: str, version: Version, *, is_deleted: bool) -> FileView:
        state = opened.replica.state
        return FileView(
            path=path,
            size=state.content(version.id).size,
            time=version.time.ms,
            device=self._name(version.device),
            versions=len(state.versions.of(version.object)),
            is_deleted=is_deleted,
        )

    def _name(self, device: bytes) -> str:
        return self._work.devices.names().get(DeviceId(Id16(device)), device.hex()[:8])


def _what(step: restoring.Step) -> str:
    if step.comes_back:
        return "back"
    told = [word for word, of in (("content", step.version), ("place", step.place)) if of]
    return " and ".join(told)


def _stands(version: Version, standing: Standing) -> str:
    if standing.shown is not None and version.id == standing.shown.id:
        return "shown"
    if version.content is None:
        return "deleted"
    return "beside" if version.id in standing.heads else "before"


def _where(  # reason: all that is known of one version
    opened: Open,
    version: Version,
    content: Content,
    here: Container[bytes],
    thinned: Container[bytes],
    packs: Container[bytes],
) -> str:
    if version.content is None:
        return "none"
    if version.id in thinned:
        return "thinned"
    if version.id in here or content.manifest is None:
        return "here"
    places = [opened.replica.state.packs.place(each) for each in content.manifest.chunks]
    is_whole = all(each is not None and each.pack in packs for each in places)
    return "place" if is_whole else "nowhere"
