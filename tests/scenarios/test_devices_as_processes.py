"""Five devices as processes: whatever they do and wherever they are killed, they end equal."""

from collections.abc import Iterator, Sequence
from functools import partial

import pytest

from tests.property.scheduled_devices import Step
from tests.property.schedules import cut_down, drawn
from tests.scenarios.scheduled_processes import OFTEN, Scene, tried
from tests.scenarios.staged_devices import Stage, staged

STEPS = 30

pytestmark = pytest.mark.xdist_group("devices as processes")


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("d")) as found:
        yield found


@pytest.fixture(scope="module")
def relayed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("r"), with_relay=True) as found:
        yield found


def fails(stage: Stage, seed: int, steps: Sequence[Step]) -> bool:
    return tried(stage, seed, steps) is not None


def all_hold(stage: Stage, seeds: range, steps: int = STEPS) -> None:
    for seed in seeds:
        every = drawn(seed, steps, OFTEN)
        if (why := tried(stage, seed, every)) is not None:
            left = cut_down(every, partial(fails, stage, seed))
            pytest.fail("\n".join([f"seed {seed}: {why}", *(f"    {each}" for each in left)]))


def test_five_processes_end_equal_and_lose_no_byte(stage: Stage) -> None:
    all_hold(stage, range(2))


# two admins remove a device each and cannot hear of each other; a third device hears of both
APART = [
    Step("away", 0, 1, 0),
    Step("away", 1, 0, 0),
    Step("remove", 0, 1, 0),
    Step("remove", 1, 1, 0),
    Step("sync", 0, 0, 0),
    Step("sync", 1, 0, 0),
    Step("sync", 2, 0, 0),
    Step("write", 2, 0, 0),
    Step("sync", 2, 0, 0),
]


def test_a_device_without_keys_to_write_under_goes_on_hearing(stage: Stage) -> None:
    assert tried(stage, 0, APART) is None


def test_a_stick_that_comes_back_is_found_by_a_device_that_goes_on(stage: Stage) -> None:
    scene = Scene(stage, 0)
    scene.begin()
    try:
        scene.away(0, 0, 0)
        process = scene._process(0)
        for is_away in (True, False):
            done = process.call("sync", deletes=False, at=-1, is_before=False)
            assert bool(done.away) == is_away
            scene.back(0, 0, 0)
    finally:
        scene.end()


@pytest.mark.soak
@pytest.mark.timeout(36_000)
def test_a_thousand_schedules_over_two_folders_lose_nothing(stage: Stage) -> None:
    all_hold(stage, range(2, 1_002), 40)


@pytest.mark.soak
@pytest.mark.timeout(36_000)
def test_three_hundred_schedules_over_a_folder_and_a_relay_lose_nothing(relayed: Stage) -> None:
    all_hold(relayed, range(1_000, 1_300), 40)
