"""The Core's end of the broker: hands a program and objects in, gets whole numbers out.

- A stranger's program runs in a jailed process, started for one call and ended with it; only a
  socket joins the two. What comes out is an `int` of 64 bits or None, one for each object.
- None is every failure: exception, timeout, kill, broken frame, dead process. It is final, and it
  is that object's alone: the next object meets a fresh process if this one was lost.
- The time of one object never depends on another's. Past its limit and a grace the process is
  killed from here, whatever it says.
- A kernel that cannot confine is refused. `LANGUAGE_ONLY` must be asked for by name, and
  `isolation` then says it.

Source: docs/spec/19-confinement.md sections 4, 5 and 7.
"""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from types import TracebackType
from typing import Self

from sealhold.compute import jail
from sealhold.compute.frames import (
    JAILED,
    JAILED_ALONE,
    MAX_FRAME,
    MAX_SCALAR,
    UNJAILED,
    Channel,
    read_scalar,
)
from sealhold.compute.spec import Entry, Limits, StaticError, Tier
from sealhold.model.encoding import Plain, pack
from sealhold.model.errors import BrokerLostError, InvalidError, IsolationUnavailableError

START = 10.0  # seconds for a broker to be forked and jailed; it takes about 0.01
GRACE = 1.0  # seconds beyond the limit: the worker is killed at the limit, from inside
CHECK = 15.0  # seconds for a static check, which is cut off after 10 inside
END = 2.0  # seconds for the keeper to clear up before it is killed too
BATCH = 4096  # objects for one process at most
IN_FLIGHT = 64  # objects sent ahead of their answers
SENT_AHEAD = 65_536  # bytes sent ahead: less than a socket holds, so that sending never waits
MOST_ERRORS = 32


class Mode(StrEnum):
    """How a program is kept apart."""

    JAILED = "jailed"
    PARANOID = "paranoid"  # a process of its own, in its own namespaces, for each object
    LANGUAGE_ONLY = "language-only"  # the sandbox of the language alone; every proof says so


class Broker:
    """Runs programs, one call at a time; a context manager that starts and ends the keeper."""

    def __init__(self, isolation: Mode = Mode.JAILED) -> None:
        self.isolation = isolation
        self._turn = threading.Lock()
        self._control: socket.socket | None = None
        self._keeper: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Start the keeper.

        Raises:
            IsolationUnavailableError: the kernel cannot confine, and confinement is asked for.
        """
        is_jailed = self.isolation is not Mode.LANGUAGE_ONLY
        # THREAT T36: refuse here, before anything of a stranger is touched.
        if is_jailed:
            jail.require()
        ours, theirs = socket.socketpair()
        with theirs:
            self._keeper = subprocess.Popen(  # noqa: S603  reason: our own interpreter and module
                [
                    sys.executable,
                    "-I",
                    "-m",
                    "sealhold.compute.keeper",
                    "jailed" if is_jailed else "",
                ],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={},
                cwd="/",
                start_new_session=True,
            )
        self._control = ours
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the keeper and all below it."""
        if self._control is None or self._keeper is None:
            return
        self._control.close()
        try:
            self._keeper.wait(END)
        except subprocess.TimeoutExpired:
            os.killpg(self._keeper.pid, signal.SIGKILL)
            self._keeper.wait()
        self._control = self._keeper = None

    def evaluate(
        self,
        code: bytes,
        res: Mapping[str, Plain],
        objects: Sequence[Mapping[str, Plain]],
        limits: Limits,
        *,
        progress: Callable[[int], None] = lambda _done: None,
    ) -> list[int | None]:
        """Return `evaluate(obj, res)` for each object in turn, None where that failed.

        `progress` is told how many objects are done, after each.

        Raises:
            BrokerLostError: the keeper is gone.
            InvalidError: the program and its resources are larger than a frame.
            IsolationUnavailableError: the jail cannot be closed, or not as tightly as asked for.
        """
        answers: list[int | None] = []
        most = 1 if self.isolation is Mode.PARANOID else BATCH
        while len(answers) < len(objects):
            batch = objects[len(answers) : len(answers) + most]
            job = {**_job("evaluate", code, limits), "res": dict(res), "count": len(batch)}
            with self._process(job) as channel:
                for answer in _answers(channel, batch, limits):
                    answers.append(answer)
                    progress(len(answers))
        return answers

    def evaluate_partitions(
        self,
        code: bytes,
        res: Mapping[str, Plain],
        partitions: Sequence[Sequence[Mapping[str, Plain]]],
        limits: Limits,
    ) -> list[list[int | None]]:
        """Return `evaluate(obj, res)` for each object of each partition, None where that failed.

        The objects of one partition meet one instance, in their order; each partition a fresh one.
        All of one partition are None if it did not give as many values as it has objects.

        Raises:
            BrokerLostError: the keeper is gone.
            InvalidError: the program and its resources are larger than a frame.
            IsolationUnavailableError: the jail cannot be closed, or not as tightly as asked for.
        """
        answers: list[list[int | None]] = []
        most = 1 if self.isolation is Mode.PARANOID else BATCH
        while len(answers) < len(partitions):
            batch = partitions[len(answers) : len(answers) + most]
            job = _job("partitions", code, limits)
            job |= {"res": dict(res), "count": len(batch), "k": len(batch[0])}
            with self._process(job) as channel:
                for objects in batch:
                    found = _partition(channel, objects, limits)
                    answers.append(found or [None] * len(objects))
                    if found is None:
                        break  # lost over this partition, and only this one; the next meet another
        return answers

    def aggregate(self, code: bytes, parts: Sequence[int], limits: Limits) -> int | None:
        """Return `aggregate(parts)`, None if that failed.

        Raises:
            BrokerLostError: the keeper is gone.
            InvalidError: the program and its input are larger than a frame.
            IsolationUnavailableError: the jail cannot be closed, or not as tightly as asked for.
        """
        job = {**_job("aggregate", code, limits), "parts": list(parts)}
        with self._process(job) as channel:
            return _answer(channel, limits)

    def check(
        self, code: bytes, entries: Sequence[Entry] = ("evaluate",), tier: Tier = "py"
    ) -> list[StaticError]:
        """Return what is wrong with `code` before it runs, empty if nothing is.

        Raises:
            BrokerLostError: the broker died over it, or the keeper is gone.
            InvalidError: the program is larger than a frame.
            IsolationUnavailableError: the jail cannot be closed, or not as tightly as asked for.
        """
        limits = Limits(ms_per_partition=1000, memory_mib=64, tier=tier)
        job = {**_job("check", code, limits), "entries": list(entries)}
        with self._process(job) as channel:
            count = _number(channel, CHECK)
            if count > MOST_ERRORS:
                raise BrokerLostError("too many static errors")
            return [
                StaticError(_number(channel, GRACE), _number(channel, GRACE), _text(channel))
                for _ in range(count)
            ]

    @contextmanager
    def _process(self, job: Mapping[str, Plain]) -> Iterator[Channel]:
        payload = pack(dict(job))
        if len(payload) > MAX_FRAME:
            raise InvalidError(f"a program with its input is over {MAX_FRAME} bytes")
        with self._turn:
            channel = self._begin()
            try:
                channel.send([payload], START)
                yield channel
            finally:
                channel.close()

    def _begin(self) -> Channel:
        if self._control is None:
            raise BrokerLostError("the broker was not entered, or has been left")
        ours, theirs = socket.socketpair()
        channel = Channel(ours)
        try:
            with theirs:
                socket.send_fds(self._control, [b"+"], [theirs.fileno()])
            state = read_scalar(channel.receive(MAX_SCALAR, START))
            self._accept(state)
        except OSError as err:
            channel.close()
            raise BrokerLostError("the keeper is gone") from err
        except BaseException:
            channel.close()
            raise
        return channel

    def _accept(self, state: int | str | None) -> None:
        match self.isolation:
            case Mode.LANGUAGE_ONLY:
                enough = {UNJAILED}
            case Mode.JAILED:
                enough = {JAILED, JAILED_ALONE}
            case Mode.PARANOID:
                enough = {JAILED_ALONE}
        if isinstance(state, str):
            raise IsolationUnavailableError(state)
        if state not in enough:
            raise IsolationUnavailableError(f"no `{self.isolation}` isolation on this system")


def _job(verb: str, code: bytes, limits: Limits) -> dict[str, Plain]:
    return {
        "do": verb,
        "tier": limits.tier,
        "code": code,
        "ms": limits.ms_per_partition,
        "mib": limits.memory_mib,
        "fuel": limits.fuel,
    }


def _answers(
    channel: Channel, batch: Sequence[Mapping[str, Plain]], limits: Limits
) -> Iterator[int | None]:
    """Yield an answer for each object; the last is None if the broker was lost over it."""
    payloads = map(_payload, batch)
    waiting = next(payloads, None)
    ahead: deque[int] = deque()  # bytes of each object that is sent and not answered
    for _ in batch:
        try:
            while waiting is not None and (
                not ahead or (len(ahead) < IN_FLIGHT and sum(ahead) + len(waiting) <= SENT_AHEAD)
            ):
                channel.send([waiting], _seconds(limits))
                ahead.append(len(waiting))
                waiting = next(payloads, None)
        except BrokerLostError:
            waiting = None  # it is gone; what it still answered can be read
        try:
            answer = _whole_number(channel.receive(MAX_SCALAR, _seconds(limits)))
        except BrokerLostError:
            # THREAT T34: lost over this object, so this one is its fault, and only this one.
            yield None
            return
        if ahead:
            ahead.popleft()
        yield answer


def _partition(
    channel: Channel, objects: Sequence[Mapping[str, Plain]], limits: Limits
) -> list[int | None] | None:
    """Return an answer for each object of one partition; None if the broker was lost over it."""
    payload = pack([dict(obj) for obj in objects])
    try:
        channel.send([payload if len(payload) <= MAX_FRAME else b""], _seconds(limits))
        # THREAT T34: as many scalars as objects were sent, whatever the broker would like to say
        return [_whole_number(channel.receive(MAX_SCALAR, _seconds(limits))) for _ in objects]
    except BrokerLostError:
        return None


def _payload(obj: Mapping[str, Plain]) -> bytes:
    """Return the frame of one object; one that is too large goes empty and comes back a fault."""
    payload = pack(dict(obj))
    return payload if len(payload) <= MAX_FRAME else b""


def _answer(channel: Channel, limits: Limits) -> int | None:
    try:
        return _whole_number(channel.receive(MAX_SCALAR, _seconds(limits)))
    except BrokerLostError:
        return None


def _seconds(limits: Limits) -> float:
    return limits.ms_per_partition / 1000 + GRACE


def _whole_number(payload: bytes) -> int | None:
    answer = read_scalar(payload)
    if isinstance(answer, str):
        raise BrokerLostError("a text in place of an answer")
    return answer


def _number(channel: Channel, seconds: float) -> int:
    found = _whole_number(channel.receive(MAX_SCALAR, seconds))
    if found is None or found < 0:
        raise BrokerLostError("no number where one is due")
    return found


def _text(channel: Channel) -> str:
    found = read_scalar(channel.receive(MAX_SCALAR, GRACE))
    if not isinstance(found, str):
        raise BrokerLostError("no text where one is due")
    # THREAT T34: a message that reaches a terminal must not steer it.
    return "".join(letter if letter.isprintable() else " " for letter in found)
