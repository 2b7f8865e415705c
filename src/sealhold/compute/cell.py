"""Inside the broker: the jailed process in which a sandbox runs a stranger's program.

- It closes the jail around itself before it reads a byte, then says so on the socket; it holds no
  key, no path, no environment and no logical id.
- It serves one job, of one function, and ends. Each object gets a fresh instance and exactly one
  answer, in order; a partition gets one instance and an answer for each of its members.
- Whatever breaks in it ends it. The Core, which waits with a clock, counts that as a fault of the
  object in hand.

Source: docs/spec/19-confinement.md sections 4 and 5.
"""

import os
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import NoReturn

from sealhold.compute import jail
from sealhold.compute.frames import (
    JAILED,
    JAILED_ALONE,
    MAX_FRAME,
    UNJAILED,
    Channel,
    scalar,
)
from sealhold.compute.jail import Walls
from sealhold.compute.sandboxes import monty
from sealhold.compute.sandboxes.monty import MontySandbox
from sealhold.compute.serving import serve
from sealhold.compute.spec import Limits, Sandbox
from sealhold.model.encoding import Plain, unpack_own
from sealhold.model.errors import IsolationUnavailableError


@dataclass(frozen=True, slots=True)
class Making:
    """What every broker of a keeper is made with; worked out once, before the first of them."""

    sandboxes: Mapping[str, Sandbox]
    profile: jail.Profile
    walls: Walls | None  # None: none are asked for, or there can be none
    is_apart: bool  # out of the system's namespaces
    lack: str  # why there are no walls, though they were asked for
    keeper: int
    processors: tuple[int, ...]


def make(*, is_jailed: bool) -> Making:
    """Return what brokers are made with; if they are jailed, this process leaves its namespaces."""
    worker = monty.installed()
    profile = jail.Profile.broker(worker)
    walls, lack, is_apart = None, "", False
    binary, on_worker = str(worker), _leave_free
    if is_jailed:
        try:
            walls = jail.build(profile)
        except IsolationUnavailableError as err:
            lack = str(err)
        is_apart = jail.leave_namespaces()
        # By descriptor, because after the loss of root the path to it may be closed.
        opened = os.open(worker, os.O_PATH | os.O_CLOEXEC)
        binary, on_worker = f"/proc/self/fd/{opened}", _seal
    return Making(
        sandboxes={"py": MontySandbox(binary, on_worker=on_worker)},
        profile=profile,
        walls=walls,
        is_apart=is_apart,
        lack=lack,
        keeper=os.getpid(),
        processors=tuple(sorted(os.sched_getaffinity(0))),
    )


def live(descriptor: int, making: Making, to_keeper: socket.socket, place: int) -> NoReturn:
    """Be a broker on `descriptor`, jailed if there are walls, and end.

    `to_keeper` takes what the filter asks with; `place` says which processor to stay on.
    """
    channel = Channel(socket.socket(fileno=descriptor))
    sys.path.clear()  # all is loaded; a search that the jail refuses would cost time on each run
    try:
        # THREAT T164: whatever takes this processor up leaves the others to the other places.
        # It costs nothing: of broker and worker one works at a time, and to wake the other on
        # another processor costs more than the work.
        with suppress(OSError):  # it was taken away meanwhile: any other will do
            os.sched_setaffinity(0, {making.processors[place % len(making.processors)]})
        channel.send([scalar(_enter(making, to_keeper))])
        _serve(channel, making.sandboxes)
    except IsolationUnavailableError as err:
        channel.send([scalar(str(err)[:300])])  # raised before a byte of a task came in
    finally:
        # Nothing of the interpreter may outlive the work, and no handler may write anywhere.
        os._exit(0)


def _enter(making: Making, to_keeper: socket.socket) -> int:
    if making.lack:
        raise IsolationUnavailableError(making.lack)
    if making.walls is None:
        jail.limit(making.profile)
        to_keeper.close()
        return UNJAILED
    # THREAT T161: what a process left in queues or shared memory, the next does not find.
    is_alone = making.is_apart and jail.leave_ipc()
    listener = jail.confine_supervised(making.walls)
    socket.send_fds(to_keeper, [b"."], [listener])
    os.close(listener)
    to_keeper.close()
    if os.getppid() != making.keeper:  # it died before the jail bound this life to its own
        raise IsolationUnavailableError("the keeper is gone")
    return JAILED_ALONE if is_alone else JAILED


def _seal(worker: int) -> None:
    # THREAT T31: the warden takes signal 0 as the seal; until then no task byte is sent.
    os.kill(worker, 0)


def _leave_free(worker: int) -> None:
    """Do nothing with `worker`: without a jail there is nobody to seal it."""
    del worker


def _serve(channel: Channel, sandboxes: Mapping[str, Sandbox]) -> None:
    job: Mapping[str, Plain] = unpack_own(channel.receive(MAX_FRAME))
    sandbox = sandboxes[job["tier"]]
    limits = Limits(
        ms_per_partition=job["ms"], memory_mib=job["mib"], tier=job["tier"], fuel=job["fuel"]
    )
    handle = sandbox.compile(job["code"], limits)
    if job["do"] != "check":
        serve(channel, sandbox, handle, job)
        return
    errors = sandbox.check(handle, job["entries"])
    channel.send([scalar(len(errors))])
    for error in errors:
        parts = (error.line, error.column, error.message[:300])
        channel.send([scalar(part) for part in parts])
