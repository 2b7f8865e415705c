"""Devices, people, shares and keys of the sample vault, as pages show them; nothing is synced."""

from sealhold.model.errors import NotFoundError, WrongPassphraseError
from sealhold.model.quantities import Instant
from sealhold.model.shown.circle import (
    DevicePage,
    DevicesView,
    KeepingView,
    SyncView,
)
from sealhold.model.shown.devices import (
    CarrierView,
    CollectionView,
    ConflictView,
    DeviceView,
    ExposureView,
    FolderView,
    RecordsView,
    RoundView,
)
from sealhold.model.shown.keys import ClosedView, KeysView, KeyView
from sealhold.model.shown.pasts import (
    FileView,
    HistoryView,
    RestoredView,
    RestoreView,
    VersionView,
)
from tests.web.sample_data import NOW
from tests.web.sample_sharing import SampleSharing
from tests.web.sample_state import PASSPHRASE, SampleState

HERE, PHONE = "0a" * 16, "0b" * 16


def _outcome() -> RoundView:
    folder = FolderView(
        collection="papers",
        path="/home/alice/papers",
        created=1,
        edited=0,
        moved=0,
        deleted=0,
        written=2,
        renamed=0,
        removed=0,
        busy=("a.txt",),
        failed=("b.txt: full",),
        held=40,
    )
    return RoundView(
        taken=3,
        given=2,
        taken_bytes=900,
        given_bytes=400,
        content_bytes=300,
        troubles=("the relay is full",),
        away=("folder:/media/stick",),
        behind=("papers: phone has written 3 more",),
        folders=(folder,),
        records=RecordsView(given=1, withdrawn=0, written=2, removed=0),
        near=("phone",),
        verified=("phone",),
    )


class SampleDevices:
    """A laptop and a phone."""

    def __init__(self, state: SampleState) -> None:
        self._state = state

    def look(self) -> DevicesView:
        self._state.need_open()
        if not self._state.item_lines:
            return DevicesView(is_begun=False)
        outcome = _outcome()
        return DevicesView(
            is_begun=True,
            devices=(self._one(HERE, "laptop"), self._one(PHONE, f"phone{self._state.stranger}")),
            collections=(
                CollectionView(
                    id="01" * 16,
                    name="papers",
                    holds="files",
                    objects=12,
                    folder="/home/alice/papers",
                    conflicts=1,
                    waiting=0,
                    devices=2,
                ),
            ),
            places=(CarrierView(id="02" * 16, kind="folder", address="folder:/media/stick"),),
            conflicts=(
                ConflictView(
                    path="trip/plan.txt",
                    collection="papers",
                    versions=(("03" * 16, "laptop", str(int(NOW))), ("04" * 16, "", str(int(NOW)))),
                ),
            ),
            sync=SyncView(is_running=False, ended=NOW, outcome=outcome),
        )

    def _one(self, id_: str, name: str) -> DeviceView:
        return DeviceView(
            id=id_, name=name, role="admin", standing="member", reason="", is_here=id_ == HERE
        )

    def begin(self, name: str, passphrase: str) -> None:
        assert name
        self._state.need_open()
        self._need(passphrase)

    def show(self, id_text: str) -> DevicePage:
        self._state.need_open()
        if id_text not in {HERE, PHONE}:
            raise NotFoundError("no such device")
        return DevicePage(
            device=self._one(id_text, "phone"),
            exposure=ExposureView(
                device=id_text, name="phone", collections=("papers",), entries=9, objects=12
            ),
            stamp="member.1.12.9",
        )

    def rename(self, id_text: str, name: str) -> None:
        assert name
        self.show(id_text)

    def remove(self, id_text: str, stamp: str, passphrase: str) -> ExposureView:
        self._need(passphrase)
        assert stamp
        return self.show(id_text).exposure

    def choose(self, version: str) -> None:
        raise NotFoundError(f"no version {version}")

    def sync(self, *, deletes: bool = False) -> None:
        assert deletes in {True, False}
        self._state.need_open()

    def _need(self, passphrase: str) -> None:
        if passphrase != PASSPHRASE:
            raise WrongPassphraseError


class SamplePasts:
    """One file with two versions."""

    def __init__(self, state: SampleState) -> None:
        self._state = state

    def collections(self) -> tuple[str, ...]:
        self._state.need_open()
        return ("papers",) if self._state.item_lines else ()

    def history(self, spot: str, at: Instant | None = None) -> HistoryView:
        self._state.need_open()
        name, _, path = spot.partition("/")
        versions = tuple(
            VersionView(
                id=id_ * 16, device="laptop", time=int(NOW), size=12, stands=stands, content="here"
            )
            for id_, stands in (("08", "shown"), ("09", "before"))
        )
        file = FileView(
            path=f"letter.txt{self._state.stranger}",
            size=12,
            time=int(NOW),
            device="laptop",
            versions=2,
            is_deleted=True,
        )
        return HistoryView(
            collection=name,
            path=path,
            at=0 if at is None else int(at),
            versions=versions if path else (),
            files=() if path else (file,),
        )

    def preview(self, spot: str, at: Instant, *, exact: bool) -> RestoreView:
        self._state.need_open()
        return RestoreView(
            collection=spot,
            path=spot,
            at=int(at),
            is_done=False,
            changes=(RestoredView(path="letter.txt", what="content and place", size=12),),
            same=3,
            made_since=("new.txt",),
            made_since_goes=exact,
            lost=("gone.txt",),
        )

    def restore(self, spot: str, at: Instant, *, exact: bool, shown: str) -> RestoreView:
        assert shown
        return self.preview(spot, at, exact=exact)


class SampleCircle:
    """All of these."""

    def __init__(self, state: SampleState) -> None:
        self._state = state

    @property
    def devices(self) -> SampleDevices:
        return SampleDevices(self._state)

    @property
    def sharing(self) -> SampleSharing:
        return SampleSharing(self._state)

    @property
    def pasts(self) -> SamplePasts:
        return SamplePasts(self._state)

    def keeping(self) -> KeepingView:
        self._state.need_open()
        closed = ClosedView(
            epoch=1, at=NOW, keys=3, erased=2, method="overwritten", strength="file"
        )
        return KeepingView(
            way="passphrase",
            strength="overwritten-file",
            slots="home",
            has_recovery=False,
            keys=KeysView(
                epoch=2,
                generation=4,
                due=NOW,
                closed=(closed,),
                keys=(
                    KeyView("epoch", "2", 1, "active", 8),
                    KeyView("vault", "log", 1, "active", 0),
                ),
            ),
        )
