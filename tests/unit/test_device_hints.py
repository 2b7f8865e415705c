"""Hints: none is lost, whoever gives it and whenever."""

from threading import Event, Thread

from sealhold.node.devicewatch import Hints


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
