"""Runs the probe inside each kind of jail and prints its report.

The parts are those that a broker puts together, with the probe in place of the runtime. Roles:

- `reader`, `broker`, `worker`: in the jail of such a process.
- `orphan`: a broker whose warden is gone.
- `swarm`: a broker that starts as many workers as it can.
- `poor root`: a reader that starts as user 0 without a capability, as in many containers.
"""

import ctypes
import json
import os
import select
import socket
import sys
from dataclasses import replace
from pathlib import Path

import jail_probe

from sealhold.compute import calls, jail, warden
from sealhold.compute.seccomp import Rule

PYTHON = Path(sys.executable).resolve()


def start_worker() -> bytes:
    """Start the probe as a worker of this process, seal it, and return what it reports."""
    to_worker, from_worker = os.pipe(), os.pipe()
    worker = os.posix_spawn(
        PYTHON,
        [str(PYTHON), "-I", "-S", str(jail_probe.__file__), "worker"],
        {},
        file_actions=[
            (os.POSIX_SPAWN_DUP2, to_worker[0], 0),
            (os.POSIX_SPAWN_DUP2, from_worker[1], 1),
        ],
    )
    os.close(from_worker[1])
    os.read(from_worker[0], 1)
    os.kill(worker, 0)
    os.write(to_worker[1], b"!")
    told = b""
    while part := os.read(from_worker[0], 65_536):
        told += part
    os.waitpid(worker, 0)
    return told


def start_swarm(program: str) -> bytes:
    """Start workers until one is refused, and return how many there are."""
    started = []
    for _ in range(32):
        try:
            started.append(os.posix_spawn(program, [program], {}))
        except PermissionError:
            break
    return json.dumps({"started": len(started)}).encode()


def be_broker(role: str, to_warden: socket.socket) -> None:
    """Enter a broker's jail, hand the listener over, and report on oneself or on a worker."""
    jail.leave_namespaces()
    opened = os.open(PYTHON, os.O_PATH | os.O_CLOEXEC)  # the way to it may be closed to nobody
    profile = jail.Profile.broker(PYTHON)
    if role == "worker":  # a Python needs more to start than the worker that a broker starts
        folders = (*profile.readable, *jail.runtime_folders(), Path(jail_probe.__file__).parent)
        further = (Rule("getdents64"), Rule("uname"))
        profile = replace(profile, readable=folders, calls=(*calls.BROKER, *further))
    listener = jail.confine_supervised(jail.build(profile))
    socket.send_fds(to_warden, [b"."], [listener])
    os.close(listener)
    match role:
        case "worker":
            told = start_worker()
        case "swarm":
            told = start_swarm(f"/proc/self/fd/{opened}")
        case _:
            told = jail_probe.report().encode()
    to_warden.sendall(told)


def under_warden(role: str) -> bytes:
    """Be the warden of a child in a broker's jail, and return what it reports."""
    ours, theirs = socket.socketpair()
    broker = os.fork()
    if broker == 0:
        be_broker(role, theirs)
        os._exit(0)
    theirs.close()
    _, listeners, _, _ = socket.recv_fds(ours, 1, 1)
    if role == "orphan":
        os.close(listeners[0])
        return ours.makefile("rb").read()
    keeping = warden.Warden(listeners[0], broker)
    told = b""
    poll = select.poll()
    poll.register(ours, select.POLLIN)
    poll.register(keeping.listener, select.POLLIN)
    while True:
        ready = dict(poll.poll())
        if ready.get(keeping.listener, 0) & select.POLLIN:
            keeping.answer()
        if ours.fileno() in ready:
            part = ours.recv(65_536)
            if not part:
                return told
            told += part


if __name__ == "__main__":
    if sys.argv[1] == "poor root":
        nothing = (ctypes.c_uint32 * 6)()
        ctypes.CDLL(None).capset((ctypes.c_uint32 * 2)(0x20080522, 0), nothing)
    if sys.argv[1] in {"reader", "poor root"}:
        jail.confine(jail.Profile.reader())
        sys.stdout.write(jail_probe.report())
    else:
        sys.stdout.write(under_warden(sys.argv[1]).decode())
