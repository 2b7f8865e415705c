"""What a proxy keeps in its file: no row number twice, no key used too often, whatever happens."""

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sealhold.crypto.entropy import seeded, system_entropy
from sealhold.crypto.secret import Secret
from sealhold.model.errors import ExhaustedError, InvalidError, ProxyStateLostError, TamperedError
from sealhold.protect.state import AHEAD, MOST_CELLS, NUMBERS, State

KEY = Secret(bytes(range(32)), "state key")
DRAW = """
import sys
from pathlib import Path
from sealhold.crypto.entropy import system_entropy
from sealhold.crypto.secret import Secret
from sealhold.protect.state import State
state = State(Path(sys.argv[1]), Secret(bytes(range(32)), "state key"), system_entropy)
while True:
    print(*state.draw(3), flush=True)
"""


def made(folder: Path) -> Path:
    path = folder / "clinic.db"
    State.make(path, KEY, system_entropy).close()
    return path


def test_row_numbers_are_of_63_bits_and_count_up(tmp_path: Path) -> None:
    state = State(made(tmp_path), KEY, system_entropy)

    numbers = [*state.draw(5), *state.draw(2)]

    assert numbers == list(range(numbers[0], numbers[0] + 7))
    assert 0 <= numbers[0] < 2**63


def test_each_start_has_row_numbers_of_its_own(tmp_path: Path) -> None:
    path = made(tmp_path)
    entropy = seeded(b"again and again")

    starts = set()
    for _ in range(4):
        state = State(path, KEY, entropy)
        starts.add(state.draw(1)[0] // NUMBERS)
        state.close()

    assert len(starts) == 4


def test_an_epoch_that_was_drawn_before_is_drawn_anew(tmp_path: Path) -> None:
    path = made(tmp_path)
    first = State(path, KEY, seeded(b"the same chance")).draw(1)[0]

    second = State(path, KEY, seeded(b"the same chance")).draw(1)[0]

    assert first // NUMBERS != second // NUMBERS


def test_an_epoch_that_is_used_up_is_followed_by_another(tmp_path: Path) -> None:
    state = State(made(tmp_path), KEY, system_entropy)

    whole, behind = state.draw(NUMBERS), state.draw(1)

    assert behind[0] not in whole
    with pytest.raises(InvalidError):
        state.draw(NUMBERS + 1)


def test_a_process_that_is_killed_gives_no_number_twice(tmp_path: Path) -> None:
    path, seen, total = made(tmp_path), set[str](), 0

    for lines in (1, 7, 40):
        with subprocess.Popen(
            [sys.executable, "-c", DRAW, str(path)], stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            drawn = [process.stdout.readline().split() for _ in range(lines)]
            process.send_signal(signal.SIGKILL)
        seen.update(number for line in drawn for number in line)
        total += 3 * lines

    assert len(seen) == total


def test_an_older_copy_of_the_file_brings_no_number_back_and_shows_its_age(tmp_path: Path) -> None:
    path = made(tmp_path)
    copy = tmp_path / "copy.db"
    shutil.copy(path, copy)
    state = State(path, KEY, system_entropy)
    used = set(state.draw(1_000))
    turn = state.turn
    state.close()

    path.with_name("clinic.db-wal").unlink(missing_ok=True)
    shutil.copy(copy, path)
    for _ in range(2):  # no try makes it look newer
        with pytest.raises(ProxyStateLostError):
            State(path, KEY, system_entropy, turn)

    assert used.isdisjoint(State(path, KEY, system_entropy).draw(1_000))


def test_what_was_counted_outlives_the_process(tmp_path: Path) -> None:
    path = made(tmp_path)
    state = State(path, KEY, system_entropy)
    state.count("sealed/name/1", 1)
    state.close()

    again = State(path, KEY, system_entropy)

    with pytest.raises(ExhaustedError):
        again.count("sealed/name/1", MOST_CELLS - AHEAD + 1)
    again.count("sealed/name/1", MOST_CELLS - AHEAD)  # what was refused was not counted


def test_a_file_that_is_gone_or_has_another_key_is_told(tmp_path: Path) -> None:
    path = made(tmp_path)

    with pytest.raises(TamperedError):
        State(path, Secret(bytes(32), "another key"), system_entropy)
    path.unlink()
    with pytest.raises(ProxyStateLostError):
        State(path, KEY, system_entropy)
