"""A broker that was taken over, dies, or never was one: the Core reads on, and nothing else."""

import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from sealhold.compute.broker import GRACE, Broker
from sealhold.compute.lanes import LOST_UNBEGUN
from sealhold.compute.spec import Limits
from sealhold.model.errors import BrokerLostError, IsolationUnavailableError
from tests.calm import Calm

LIMITS = Limits(ms_per_partition=2000, memory_mib=16)
SHORT = Limits(ms_per_partition=100, memory_mib=16)
RES = {"param": 7, "resources": {}}
HONEST = b"def evaluate(obj, res):\n    return obj['x'] + res['param']\n"
OBJECTS = [{"x": x} for x in range(6)]

# A keeper that hands each new broker's socket to `hostile(end)`, which plays the broker.
IMPOSTOR = """\
#!{python}
import os, socket, sys, time
control = socket.socket(fileno=os.dup(0))
turns = 0
def frame(payload): return len(payload).to_bytes(4, "big") + payload
{hostile}
while True:
    message, descriptors, _, _ = socket.recv_fds(control, 1, 1)
    if not message: break
    turns += 1
    try: hostile(socket.socket(fileno=descriptors[0]))
    except OSError: pass  # the Core closed its end; a keeper goes on
"""
GREETING = 'end.sendall(frame(b"\\x01"))'
BAD_ANSWERS = {
    "nothing": b"",
    "true": b"\xf5",
    "false": b"\xf4",
    "undefined": b"\xf7",
    "half float": b"\xf9\x3c\x00",
    "float": b"\xfb\x3f\xf0\x00\x00\x00\x00\x00\x00",
    "not a number": b"\xf9\x7e\x00",
    "text": b"\x61\x31",
    "bytes": b"\x41\x01",
    "array": b"\x81\x01",
    "map": b"\xa1\x01\x01",
    "large integer": b"\xc2\x49\x01" + bytes(8),
    "integer of 65 bits": b"\x1b\xff" + bytes(7),
    "negative of 65 bits": b"\x3b\xff" + bytes(7),
    "integer with a tail": b"\x01\x01",
    "longer form of an integer": b"\x18\x01",
    "cut-off integer": b"\x19\x01",
    "endless array": b"\x9f",
    "endless text": b"\x7f",
    "date": b"\xc0\x74" + b"2026-01-01T00:00:00Z",
    "regular expression": b"\xd8\x23\x68(a+)+$ab",
    "shared value": b"\xd8\x1c\x81\xd8\x1d\x00",
    "decimal": b"\xc4\x82\x1b\x7f\xff\xff\xff\xff\xff\xff\xff\x01",
    "deep nest": b"\x81" * 2000,
}


@pytest.fixture
def impostor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Broker]:
    def make(hostile: str) -> Broker:
        script = tmp_path / "keeper"
        script.write_text(IMPOSTOR.format(python=sys.executable, hostile=dedent(hostile)))
        script.chmod(0o700)
        monkeypatch.setattr(sys, "executable", str(script))
        return Broker()

    return make


@pytest.mark.threat("T34")
@pytest.mark.parametrize("answer", BAD_ANSWERS.values(), ids=BAD_ANSWERS)
def test_an_answer_of_no_known_form_is_a_fault_and_ends_that_broker(
    impostor: Callable[[str], Broker], answer: bytes
) -> None:
    hostile = f"""
        def hostile(end):
            {GREETING}
            end.recv(65536)
            end.sendall(frame({answer!r}) + frame(b"\\x05"))
        """

    with impostor(hostile) as broker:
        answers = broker.evaluate(HONEST, RES, OBJECTS[:2], SHORT)

    assert answers == [None, None]


@pytest.mark.threat("T34")
@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"\xff\xff\xff\xff", id="length of 4 GiB"),
        pytest.param(b"\x00\x00\x10\x00" + bytes(4096), id="length of 4 KiB"),
        pytest.param(b"\x00\x00", id="cut-off length"),
        pytest.param(b"\x00\x00\x00\x09\x1b", id="cut-off answer"),
    ],
)
def test_a_frame_that_is_too_long_or_cut_off_is_a_fault(
    impostor: Callable[[str], Broker], answer: bytes
) -> None:
    hostile = f"""
        def hostile(end):
            {GREETING}
            end.recv(65536)
            end.sendall({answer!r})
        """

    with impostor(hostile) as broker:
        answers = broker.evaluate(HONEST, RES, OBJECTS[:1], SHORT)

    assert answers == [None]


@pytest.mark.threat("T34")
def test_a_broker_that_drips_bytes_does_not_stretch_its_time(
    impostor: Callable[[str], Broker],
) -> None:
    hostile = f"""
        def hostile(end):
            {GREETING}
            end.recv(65536)
            try:
                for byte in frame(b"\\x1b" + bytes(8)):
                    end.sendall(bytes([byte]))
                    time.sleep(0.5)
            except OSError:
                pass
        """
    began = Calm()

    with impostor(hostile) as broker:
        answers = broker.evaluate(HONEST, RES, OBJECTS[:1], SHORT)
        in_time = began.within(SHORT.ms_per_partition / 1000 + GRACE + 1.5)

    assert answers == [None]
    assert in_time


@pytest.mark.threat("T34")
def test_a_broker_that_says_nothing_is_given_its_time_and_no_more(
    impostor: Callable[[str], Broker],
) -> None:
    hostile = f"""
        kept = []
        def hostile(end):
            {GREETING}
            kept.append(end)
        """
    began = Calm()

    with impostor(hostile) as broker:
        answers = broker.evaluate(HONEST, RES, OBJECTS[:2], SHORT)

    assert answers == [None, None]
    assert began.within(2 * (SHORT.ms_per_partition / 1000 + GRACE) + 3)


@pytest.mark.threat("T34")
def test_a_broker_that_answers_more_than_it_was_asked_changes_no_later_call(
    impostor: Callable[[str], Broker],
) -> None:
    hostile = f"""
        def hostile(end):
            {GREETING}
            end.recv(65536)
            end.sendall(frame(bytes([turns])) * 100)
        """

    with impostor(hostile) as broker:
        first = broker.evaluate(HONEST, RES, OBJECTS[:1], SHORT)
        second = broker.evaluate(HONEST, RES, OBJECTS[:1], SHORT)

    assert [first, second] == [[1], [2]]


@pytest.mark.threat("T36")
@pytest.mark.parametrize("greeting", [b"\x00", b"\x03", b"\x20", b"\xf6", b"\x65break"])
def test_a_broker_that_does_not_say_it_is_jailed_gets_no_task(
    impostor: Callable[[str], Broker], greeting: bytes
) -> None:
    hostile = f"""
        def hostile(end):
            end.sendall(frame({greeting!r}))
        """

    with impostor(hostile) as broker, pytest.raises(IsolationUnavailableError):
        broker.evaluate(HONEST, RES, OBJECTS, SHORT)


@pytest.mark.threat("T34")
@pytest.mark.parametrize(
    "told",
    [
        pytest.param(b"\x19\xff\xff", id="too many"),
        pytest.param(b"\x20", id="a negative number"),
        pytest.param(b"\x61a", id="a text"),
    ],
)
def test_a_check_that_is_answered_with_nonsense_raises(
    impostor: Callable[[str], Broker], told: bytes
) -> None:
    hostile = f"""
        def hostile(end):
            {GREETING}
            end.recv(65536)
            end.sendall(frame({told!r}))
        """

    with impostor(hostile) as broker, pytest.raises(BrokerLostError):
        broker.check(HONEST)


@pytest.mark.threat("T34")
def test_a_static_error_cannot_steer_a_terminal(impostor: Callable[[str], Broker]) -> None:
    hostile = f"""
        def hostile(end):
            {GREETING}
            end.recv(65536)
            end.sendall(b"".join(map(frame, (b"\\x01", b"\\x01", b"\\x02", b"\\x65a\\x1b[2J"))))
        """

    with impostor(hostile) as broker:
        found = broker.check(HONEST)

    assert [error.message for error in found] == ["a [2J"]


@pytest.mark.threat("T34")
def test_a_broker_that_is_lost_before_it_began_costs_no_object(
    impostor: Callable[[str], Broker],
) -> None:
    """Nothing of a stranger had reached it, so another one is begun."""
    hostile = f"""
        kept = []
        def hostile(end):
            if turns <= {LOST_UNBEGUN}: return
            kept.append(end)
            {GREETING}
            end.recv(65536)
            end.sendall(frame(b"\x05") * 2)
        """

    with impostor(hostile) as broker:
        assert broker.evaluate(HONEST, RES, OBJECTS[:1], SHORT) == [5]


@pytest.mark.threat("T34")
def test_brokers_that_never_begin_are_nobodys_fault_and_do_not_go_on_for_ever(
    impostor: Callable[[str], Broker], tmp_path: Path
) -> None:
    turns = tmp_path / "turns"
    hostile = f"""
        def hostile(end):
            open({str(turns)!r}, "a").write("x")
        """

    with impostor(hostile) as broker, pytest.raises(BrokerLostError, match="before it began"):
        broker.evaluate(HONEST, RES, OBJECTS[:1], SHORT)

    assert len(turns.read_text()) == LOST_UNBEGUN + 1


def test_leaving_twice_and_asking_after_leaving_are_told_apart() -> None:
    broker = Broker()
    with broker:
        pass
    broker.__exit__(None, None, None)

    with pytest.raises(BrokerLostError):
        broker.evaluate(HONEST, RES, OBJECTS, LIMITS)


@pytest.mark.threat("T34")
def test_a_partition_has_as_many_answers_as_objects_and_a_lost_one_is_lost_alone(
    impostor: Callable[[str], Broker],
) -> None:
    """The first broker answers half of a partition and ends; the next says far too much."""
    hostile = f"""
        kept = []
        def hostile(end):
            kept.append(end)
            {GREETING}
            end.recv(65536)
            end.sendall(frame(b"\x05") * (2 if turns == 1 else 500))
            if turns == 1: end.shutdown(socket.SHUT_WR)
        """

    with impostor(hostile) as broker:
        found = broker.evaluate_partitions(HONEST, RES, [OBJECTS[:4]] * 3, SHORT)

    assert found == [[None] * 4, [5] * 4, [5] * 4]
