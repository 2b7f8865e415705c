"""Hints that a folder changed: the first at once, others when something is written there."""

from pathlib import Path
from threading import Event

from sealhold.sharing.devices.scanning import PART
from sealhold.sharing.devices.watching import hints


def test_a_hint_comes_at_the_start_when_a_file_is_written_and_by_the_clock(tmp_path: Path) -> None:
    stop = Event()
    told = hints(tmp_path, stop, every=100)

    assert next(told)
    assert not next(told)
    (tmp_path / "note").write_text("x")
    assert next(told)
    (tmp_path / f"{PART}1").write_text("ours")
    assert not next(told)
    stop.set()
    assert list(told) == []
