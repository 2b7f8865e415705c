"""Files that wait for a yes: of one sign-in, one handing-in at a time, for ten minutes."""

import gc
import os
from pathlib import Path

import pytest

from sealhold.frontends.http.session import Sessions
from sealhold.frontends.web.tray import KEPT, Trays
from sealhold.frontends.web.upload import Upload
from sealhold.model.errors import ConflictError
from sealhold.model.quantities import HOUR, Instant

NOW = Instant(1_000)


def upload(folder: Path, text: str) -> Upload:
    path = folder / text
    path.write_text(text)
    return Upload(name=f"{text}.csv", path=path, size=len(text))


def test_files_wait_beyond_the_call_that_brought_them(tmp_path: Path) -> None:
    tray = Trays().new()
    given = upload(tmp_path, "bank")

    name = tray.put([given], NOW)
    given.path.unlink()

    (kept,) = tray.files(name, Instant(NOW + KEPT - 1))
    assert (kept.name, kept.path.read_text()) == ("bank.csv", "bank")
    with pytest.raises(ConflictError):
        tray.files(name, Instant(NOW + KEPT))


@pytest.mark.threat("T433")
def test_another_handing_in_does_not_stand_in_for_the_one_that_was_shown(tmp_path: Path) -> None:
    tray = Trays().new()
    shown = tray.put([upload(tmp_path, "shown")], NOW)

    later = tray.put([upload(tmp_path, "later")], NOW)

    with pytest.raises(ConflictError):
        tray.files(shown, NOW)
    assert tray.files(later, NOW)[0].name == "later.csv"
    tray.clear()
    with pytest.raises(ConflictError):
        tray.files(later, NOW)


def test_one_handing_in_waits_in_the_whole_process(tmp_path: Path) -> None:
    trays = Trays()
    mine, other = trays.new(), trays.new()
    name = mine.put([upload(tmp_path, "mine")], NOW)

    other.put([upload(tmp_path, "other")], NOW)

    with pytest.raises(ConflictError):
        mine.files(name, NOW)


def test_the_end_of_a_sign_in_lets_go_of_its_files(tmp_path: Path) -> None:
    moment = [NOW]
    sessions = Sessions(lambda: moment[0], os.urandom)
    ended, idle = sessions.begin(), sessions.begin()
    ended.tray.put([upload(tmp_path, "ended")], NOW)
    handle = ended.tray.files("1", NOW)[0].path
    del ended

    sessions.end_all()
    gc.collect()
    assert not handle.exists()

    del idle
    idle = sessions.begin()
    idle.tray.put([upload(tmp_path, "idle")], NOW)
    handle = idle.tray.files("1", NOW)[0].path
    del idle
    moment[0] = Instant(NOW + HOUR)
    sessions.begin()
    gc.collect()
    assert not handle.exists()
