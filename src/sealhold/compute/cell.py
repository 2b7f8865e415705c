"""Inside the broker: the jailed process in which a sandbox runs a stranger's program.

- It closes the jail around itself before it reads a byte, then says so on the socket; it holds no
  key, no path, no environment and no logical id.
- It serves one job, of one function, and ends. Each object gets a fresh instance and exactly one
  answer, in order.
- Whatever breaks in it ends it. The Core, which waits with a clock, counts that as a fault of the
  object in hand.

Source: docs/spec/19-confinement.md sections 4 and 5.
"""

import os
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
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
from sealhold.compute.sandboxes.monty import MontySandbox
from sealhold.compute.spec import FAULT, Fault, Handle, Limits, Sandbox
from sealhold.model.encoding import Plain, unpack_own
from sealhold.model.errors import IsolationUnavailableError, UsageError


def live(descriptor: int, worker: Path, to_keeper: socket.socket | None) -> NoReturn:
    """Be a broker on `descriptor`, jailed if there is a keeper to answer for it, and end.

    `worker` is the program that runs tasks.
    """
    channel = Channel(socket.socket(fileno=descriptor))
    sys.path.clear()  # all is loaded; a search that the jail refuses would cost time on each run
    try:
        if to_keeper is None:
            jail.limit(jail.Profile.broker(worker))
            sandboxes: dict[str, Sandbox] = {"py": MontySandbox(str(worker))}
            state = UNJAILED
        else:
            sandboxes, state = _enter_jail(worker, to_keeper)
        channel.send([scalar(state)])
        _serve(channel, sandboxes)
    except IsolationUnavailableError as err:
        channel.send([scalar(str(err)[:300])])  # raised before a byte of a task came in
    finally:
        # Nothing of the interpreter may outlive the work, and no handler may write anywhere.
        os._exit(0)


def _enter_jail(worker: Path, to_keeper: socket.socket) -> tuple[dict[str, Sandbox], int]:
    keeper = os.getppid()
    # By descriptor, because after the loss of root the path to it may be closed.
    opened = os.open(worker, os.O_PATH | os.O_CLOEXEC)
    sandboxes: dict[str, Sandbox] = {"py": MontySandbox(f"/proc/self/fd/{opened}", on_worker=_seal)}
    is_alone = jail.leave_namespaces()
    listener = jail.confine_supervised(jail.Profile.broker(worker))
    socket.send_fds(to_keeper, [b"."], [listener])
    os.close(listener)
    to_keeper.close()
    if os.getppid() != keeper:  # it died before the jail bound this life to its own
        raise IsolationUnavailableError("the keeper is gone")
    return sandboxes, JAILED_ALONE if is_alone else JAILED


def _seal(worker: int) -> None:
    # THREAT T31: the warden takes signal 0 as the seal; until then no task byte is sent.
    os.kill(worker, 0)


def _serve(channel: Channel, sandboxes: Mapping[str, Sandbox]) -> None:
    job: Mapping[str, Plain] = unpack_own(channel.receive(MAX_FRAME))
    sandbox = sandboxes[job["tier"]]
    limits = Limits(
        ms_per_partition=job["ms"], memory_mib=job["mib"], tier=job["tier"], fuel=job["fuel"]
    )
    handle = sandbox.compile(job["code"], limits)
    match job["do"]:
        case "check":
            errors = sandbox.check(handle, job["entries"])
            channel.send([scalar(len(errors))])
            for error in errors:
                parts = (error.line, error.column, error.message[:300])
                channel.send([scalar(part) for part in parts])
        case "aggregate":
            channel.send([scalar(_told(sandbox.aggregate(handle, job["parts"])))])
        case "evaluate":
            for _ in range(job["count"]):
                payload = channel.receive(MAX_FRAME)
                obj = unpack_own(payload) if payload else None  # empty: it was too large to come
                answer = FAULT if obj is None else sandbox.run(handle, obj, job["res"])
                channel.send([scalar(_told(answer))])
        case "partitions":
            for _ in range(job["count"]):
                payload = channel.receive(MAX_FRAME)
                channel.send([scalar(each) for each in _together(sandbox, handle, payload, job)])
        case _:
            raise UsageError("no such job")


def _together(
    sandbox: Sandbox, handle: Handle, payload: bytes, job: Mapping[str, Plain]
) -> list[int | None]:
    """Return the answers of one partition; one that was too large to come has none."""
    objects: list[Plain] = unpack_own(payload) if payload else [{}] * job["k"]
    found = sandbox.run_partition(handle, objects, job["res"]) if payload else FAULT
    return [None] * len(objects) if isinstance(found, Fault) else [_told(each) for each in found]


def _told(answer: int | Fault) -> int | None:
    return None if isinstance(answer, Fault) else answer
