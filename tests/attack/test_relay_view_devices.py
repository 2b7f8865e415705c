"""What a relay sees of devices that really sync: listed fields alone, and no word's shape."""

import tomllib
from contextlib import ExitStack
from pathlib import Path

import pytest

from sealhold.sharing.devices import joining
from tests.recording import Recorder
from tests.relayed_devices import begun, sync
from tests.relaying import running

ROOT = Path(__file__).parents[2]
VIEW = tomllib.loads((ROOT / "docs" / "spec" / "relay-view.toml").read_text())
FIRST = ("tax 2024.pdf", "diary of may", b"owes 512 to the bank ", "money")
OTHER = ("cat 2019.jpg", "poem of june", b"loves a pilot of far ", "music")


def life(words: tuple[str, str, bytes, str]) -> tuple[Recorder, bytes]:
    """Have three devices live over a relay; return what it saw, and every byte that it keeps."""
    long_name, short_name, text, papers = words
    recorder = Recorder()
    with ExitStack() as stack, running(watch=recorder) as relay:
        first, second, third = begun(relay, 3, stack, papers)
        first.write(long_name, text * 1_000, papers)
        second.write(short_name, text, papers)
        for each in (first, second, third, first, second):
            assert sync(each, relay).troubles == []
        assert third.shown(papers)[long_name] == text * 1_000
        joining.remove(first.devices, third.devices.me.id)
        for each in (first, second, second):
            sync(each, relay)
        second.write("later " + short_name, text, papers)
        for each in (second, first):
            assert sync(each, relay).troubles == []
        names = list(relay.place.objects.names())
        kept = b"".join(relay.place.objects.get(name) for name in names)
    return recorder, kept + "".join(names).encode()


@pytest.fixture(scope="module")
def seen() -> tuple[Recorder, bytes]:
    return life(FIRST)


@pytest.mark.threat("T450")
def test_a_whole_life_shows_a_relay_no_field_that_is_not_listed(
    seen: tuple[Recorder, bytes],
) -> None:
    recorder, _ = seen
    assert len(recorder.calls) > 100
    assert recorder.fields - VIEW.keys() == set()


@pytest.mark.threat("T450")
def test_a_whole_life_leaves_no_word_at_a_relay(seen: tuple[Recorder, bytes]) -> None:
    _, kept = seen
    assert len(kept) > 10_000
    for word in (b"tax", b"diary", b"owes", b"bank", b"money", b"first", b"device "):
        assert word not in kept


@pytest.mark.threat("T450")
def test_two_vaults_of_equal_shape_and_other_words_leave_the_same_trace(
    seen: tuple[Recorder, bytes],
) -> None:
    recorder, _ = seen
    other, _ = life(OTHER)
    assert other.trace() == recorder.trace()
