"""The Core's end of the broker: hands a program and objects in, gets whole numbers out.

- A stranger's program runs in jailed processes, started for one call and ended with it; only a
  socket joins each to the Core. What comes out is an `int` of 64 bits or None, one for each object.
- None is every failure: exception, timeout, kill, broken frame, dead process. It is final, and it
  is that object's alone: the next object meets a fresh process if this one was lost.
- As many objects are evaluated at once as there are processors for, at most four. The time of one
  object never depends on another's. Past its limit and a grace its process is killed from here,
  whatever it says.
- A call can be stopped between objects; what was answered until then counts.
- A kernel that cannot confine is refused. `LANGUAGE_ONLY` must be asked for by name, and
  `isolation` then says it.

Source: docs/spec/19-confinement.md sections 4, 5 and 7.
"""

import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from enum import StrEnum
from functools import partial
from types import TracebackType
from typing import Self

from sealhold.compute import jail
from sealhold.compute.frames import (
    JAILED,
    JAILED_ALONE,
    MAX_FRAME,
    MAX_SCALAR,
    PLACES,
    UNJAILED,
    Channel,
    object_payload,
    partition_payload,
    read_scalar,
)
from sealhold.compute.lanes import STAGGER, START, Item, Lane, Told, Work, run
from sealhold.compute.spec import Entry, Limits, StaticError, Tier
from sealhold.compute.starting import Started, fresh
from sealhold.model.encoding import Plain, pack
from sealhold.model.errors import (
    BrokerLostError,
    InvalidError,
    IsolationUnavailableError,
    StoppedError,
)

GRACE = 1.0  # seconds beyond the limit: the worker is killed at the limit, from inside
CHECK = 15.0  # seconds for a static check, which is cut off after 10 inside
END = 2.0  # seconds for the keeper to clear up before it is killed too
BATCH = 4096  # objects for one process at most
MOST_ERRORS = 32


class Mode(StrEnum):
    """How a program is kept apart."""

    JAILED = "jailed"
    PARANOID = "paranoid"  # a process of its own, in its own namespaces, for each object
    LANGUAGE_ONLY = "language-only"  # the sandbox of the language alone; every proof says so


class Broker:
    """Runs programs, one call at a time; a context manager that starts and ends the keeper."""

    keeper = "sealhold.compute.keeper"  # the module that runs as keeper

    def __init__(
        self,
        isolation: Mode = Mode.JAILED,
        *,
        places: int | None = None,
        is_stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        """Take how programs are kept apart, and how many run at once.

        Args:
            isolation: what to ask for; less is refused.
            places: how many processes at once, 1 to 4; if None, one for each processor.
            is_stopped: asked between objects; once it is true, nothing further is evaluated.
        """
        self.isolation = isolation
        self._places = min(PLACES, places or len(os.sched_getaffinity(0)))
        self._is_stopped = is_stopped
        self._turn = threading.Lock()
        self._control: socket.socket | None = None
        self._keeper: Started | None = None

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
            self._keeper = self.started(theirs, "jailed" if is_jailed else "")
        self._control = ours
        return self

    def started(self, orders: socket.socket, mode: str) -> Started:
        """Start the keeper, which takes its orders from there, in a process of its own."""
        return fresh(self.keeper, mode, orders)

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

    def kill(self) -> None:
        """End the keeper and all below it at once, from whatever thread."""
        keeper = self._keeper
        if keeper is not None:
            with suppress(ProcessLookupError):  # it has ended by itself
                os.killpg(keeper.pid, signal.SIGKILL)

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
            StoppedError: the call was stopped before its end.
        """
        answers: list[int | None] = [None] * len(objects)
        done = 0
        for index, answer in self.answers(code, res, objects, limits):
            answers[index] = answer
            done += 1
            progress(done)
        if done < len(objects):
            raise StoppedError("stopped between two objects")
        return answers

    def answers(
        self,
        code: bytes,
        res: Mapping[str, Plain],
        objects: Iterable[Mapping[str, Plain]],
        limits: Limits,
    ) -> Iterator[tuple[int, int | None]]:
        """Yield, as they come, the index of an object and `evaluate(obj, res)`, None if it failed.

        Each object is answered once; if the call is stopped, those that are not yielded were not
        evaluated. Objects are taken from `objects` no sooner than there is room for them.

        Raises:
            BrokerLostError: the keeper is gone.
            InvalidError: the program and its resources are larger than a frame.
            IsolationUnavailableError: the jail cannot be closed, or not as tightly as asked for.
        """
        items = (Item(index, object_payload(each), 1) for index, each in enumerate(objects))
        job = {**_job("evaluate", code, limits), "res": dict(res), "count": self._most()}
        for index, (answer,) in self._evaluated(job, items, limits):
            yield index, answer

    def evaluate_partitions(
        self,
        code: bytes,
        res: Mapping[str, Plain],
        partitions: Sequence[Sequence[Mapping[str, Plain]]],
        limits: Limits,
        *,
        progress: Callable[[int], None] = lambda _done: None,
    ) -> list[list[int | None]]:
        """Return for each partition what `evaluate(obj, res)` says of its members, in their order.

        A partition is one instance under one limit; whatever fails in it is the failure of all its
        members. `progress` is told how many partitions are done, after each.

        Raises:
            BrokerLostError: the keeper is gone.
            InvalidError: the program and its resources are larger than a frame.
            IsolationUnavailableError: the jail cannot be closed, or not as tightly as asked for.
            StoppedError: the call was stopped before its end.
        """
        answers: list[list[int | None]] = [[] for _ in partitions]
        items = [
            Item(index, partition_payload(members), len(members))
            for index, members in enumerate(partitions)
            if members
        ]
        job = {**_job("partitions", code, limits), "res": dict(res), "count": self._most()}
        done = 0
        for index, told in self._evaluated(job, iter(items), limits):
            answers[index] = told
            done += 1
            progress(done)
        if done < len(items):
            raise StoppedError("stopped between two partitions")
        return answers

    def _evaluated(
        self, job: Mapping[str, Plain], items: Iterator[Item], limits: Limits
    ) -> Iterator[Told]:
        work = Work(
            job=_packed(job),
            items=items,
            seconds=_seconds(limits),
            most=self._most(),
            accept=self._accept,
            attend=self._attend,
        )
        with self._turn:
            # In paranoid mode each object costs a process, so further lanes are worth it at once.
            stagger = 0.0 if self.isolation is Mode.PARANOID else STAGGER
            now = time.monotonic()
            lanes = [
                Lane(partial(self._begun, place), work, now + stagger * place)
                for place in range(self._places)
            ]
            yield from run(lanes, self._is_stopped)

    def _most(self) -> int:
        return 1 if self.isolation is Mode.PARANOID else BATCH

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
        payload = _packed(job)
        with self._turn:
            channel = Channel(self._begun(0))
            try:
                self._accept(read_scalar(channel.receive(MAX_SCALAR, START)))
                channel.send([payload], START)
                yield channel
            finally:
                channel.close()

    def _begun(self, place: int) -> socket.socket:
        """Return the way to a fresh broker in `place`; the one before it is ended.

        Raises:
            BrokerLostError: the keeper is gone.
        """
        control = self._way()
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                socket.send_fds(control, [bytes([place])], [theirs.fileno()])
        except OSError as err:
            ours.close()
            raise BrokerLostError("the keeper is gone") from err
        return ours

    def _way(self) -> socket.socket:
        if self._control is None:
            raise BrokerLostError("the broker was not entered, or has been left")
        return self._control

    def _attend(self) -> None:
        """Make sure that the keeper is there.

        Raises:
            BrokerLostError: it is gone, and what its brokers did not answer is nobody's fault.
        """
        try:
            is_gone = not self._way().recv(1, socket.MSG_DONTWAIT)  # it never says anything
        except BlockingIOError:
            return
        except OSError:
            is_gone = True
        if is_gone:
            raise BrokerLostError("the keeper is gone")

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


def _packed(job: Mapping[str, Plain]) -> bytes:
    payload = pack(dict(job))
    if len(payload) > MAX_FRAME:
        raise InvalidError(f"a program with its input is over {MAX_FRAME} bytes")
    return payload


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
