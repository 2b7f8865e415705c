"""Hints: none is lost, whoever gives it and whenever."""

from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Queue
from threading import Event, Thread
from time import monotonic

import pytest

from sealhold.node import devicewatch
from sealhold.node.devicewatch import Hints
from sealhold.sharing.devices.watching import Stop


class Hinting(Hints):
    """Hints that a test gives."""

    def local(self) -> None:
        self._local.set()
        self._came.set()

    def far(self) -> None:
        self._came.set()


def test_a_hint_from_a_place_asks_for_no_look_and_one_from_a_folder_does() -> None:
    hints = Hinting([], [])
    hints.far()
    assert not hints.wait(0.01)
    hints.local()
    assert hints.wait(0.01)
    hints.far()
    hints.local()
    assert hints.wait(0.01)
    assert hints.wait(0.0)  # nothing came: it is time for a look


def test_no_hint_of_a_folder_is_lost_beside_hints_of_places() -> None:
    hints, over = Hinting([], []), Event()

    def noise() -> None:
        while not over.is_set():
            hints.far()

    thread = Thread(target=noise, daemon=True)
    thread.start()
    try:
        for _ in range(2_000):
            hints.local()
            assert any(hints.wait(1.0) for _ in range(100))
    finally:
        over.set()
        thread.join()


@pytest.fixture
def report(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """What has a folder report something, and returns once it was heard."""
    waiting: Queue[bool | None] = Queue()
    told, nothing = True, False
    monkeypatch.setattr(devicewatch, "hints", lambda *_: iter(waiting.get, None))
    monkeypatch.setattr(devicewatch, "ECHO", 60.0)

    def say() -> None:
        waiting.put(told)
        waiting.put(nothing)
        waiting.put(nothing)  # once this is taken, what was before it has been heard
        while not waiting.empty():
            Event().wait(0.001)

    yield say
    waiting.put(None)


def test_own_writing_is_no_hint_and_is_looked_at_once_it_is_over(
    monkeypatch: pytest.MonkeyPatch, report: Callable[[], None]
) -> None:
    monkeypatch.setattr(devicewatch, "OVER", 0.2)
    with Hints([Path("folder")], []) as hints:
        hints.writing()
        report()
        began = monotonic()
        hints.wrote(anything=True)
        report()  # what comes late of it
        assert hints.wait(60.0)
        assert 0.2 <= monotonic() - began < 50.0  # nobody told of anything


def test_own_writing_that_goes_on_and_on_is_looked_at_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(devicewatch, "OVER", 60.0)
    monkeypatch.setattr(devicewatch, "LONG", 0.05)
    hints = Hints([], [])
    for _ in range(3):
        hints.writing()
        hints.wrote(anything=True)
    assert hints.wait(50.0)
    assert not hints._came.is_set()


def test_what_is_reported_while_nothing_is_written_is_a_hint(report: Callable[[], None]) -> None:
    with Hints([Path("folder")], []) as hints:
        hints.writing()
        report()
        hints.wrote(anything=False)
        assert hints.wait(60.0)
        report()
        assert hints.wait(60.0)


def test_a_folder_is_not_watched_while_much_is_moved_and_looked_at_once_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    began: Queue[Stop] = Queue()

    def watched(_path: Path, stop: Stop) -> Iterator[bool]:
        began.put(stop)
        while not stop.is_set():
            Event().wait(0.001)
            yield False

    monkeypatch.setattr(devicewatch, "hints", watched)
    monkeypatch.setattr(devicewatch, "OVER", 0.1)
    with Hints([Path("folder")], []) as hints:
        for _ in range(3):
            began.get(timeout=60)
            hints.writing(much=True)
            Event().wait(0.02)
            assert began.empty()
            hints.wrote(anything=False)
            assert hints.wait(60.0)
        began.get(timeout=60)
        hints.resume()
        assert hints._due is None  # it was watched all the while


def test_a_folder_that_cannot_be_watched_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = list[Path]()

    def unheard(path: Path, _stop: object) -> Iterator[bool]:
        tried.append(path)
        return iter(())

    monkeypatch.setattr(devicewatch, "hints", unheard)
    with Hints([Path("folder")], []) as hints:
        for thread in hints._threads:
            thread.join(60)
    assert tried == [Path("folder")]
