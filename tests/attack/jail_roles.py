"""Runs the probe inside each kind of jail and prints its report.

The parts are those that a broker puts together, with the probe in place of the runtime. Roles:

- `reader`, `broker`, `worker`: in the jail of such a process.
- `paranoid broker`, `paranoid worker`: the same, and it must be in namespaces of its own.
- `orphan`: a broker whose warden is gone.
- `swarm`: a broker that starts as many workers as it can.
- `compiler`, `program`: in the jail of a process of tier `wasm`.
- `follower`: no probe: what a process finds of one that is dead, with and without namespaces.
- `poor root`: a reader that starts as user 0 without a capability, as in many containers.
"""

import ctypes
import json
import os
import select
import signal
import socket
import sys
from dataclasses import replace
from pathlib import Path

import jail_probe

from sealhold.compute import calls, jail, warden
from sealhold.compute.seccomp import Rule

PYTHON = Path(sys.executable).resolve()


def start_worker() -> bytes:
    """Start the probe as a worker of this process, seal it, and return what it reports.

    A second one waits beside it meanwhile, for the first to try things on.
    """
    sibling, _, _ = probe()
    worker, to_worker, from_worker = probe(str(sibling))
    os.kill(worker, 0)
    os.write(to_worker, b"!")
    told = b""
    while part := os.read(from_worker, 65_536):
        told += part
    os.waitpid(worker, 0)
    os.kill(sibling, signal.SIGKILL)
    os.waitpid(sibling, 0)
    return told


def probe(*told: str) -> tuple[int, int, int]:
    """Start the probe and wait until it runs; return its id, and what leads to and from it."""
    to_worker, from_worker = os.pipe(), os.pipe()
    worker = os.posix_spawn(
        PYTHON,
        [str(PYTHON), "-I", "-S", str(jail_probe.__file__), "worker", *told],
        {},
        file_actions=[
            (os.POSIX_SPAWN_DUP2, to_worker[0], 0),
            (os.POSIX_SPAWN_DUP2, from_worker[1], 1),
        ],
    )
    os.close(from_worker[1])
    os.read(from_worker[0], 1)
    return worker, to_worker[1], from_worker[0]


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
    is_alone = jail.leave_ipc()
    if role.startswith("paranoid") and not is_alone:
        os._exit(1)
    opened = os.open(PYTHON, os.O_PATH | os.O_CLOEXEC)  # the way to it may be closed to nobody
    profile = jail.Profile.broker(PYTHON)
    if role.endswith("worker"):  # a Python needs more to start than the worker that a broker starts
        folders = (*profile.readable, *jail.runtime_folders(), Path(jail_probe.__file__).parent)
        further = (Rule("getdents64"), Rule("uname"))
        profile = replace(profile, readable=folders, calls=(*calls.BROKER, *further))
    listener = jail.confine_supervised(jail.build(profile))
    socket.send_fds(to_warden, [b"."], [listener])
    os.close(listener)
    match role:
        case "worker" | "paranoid worker":
            told = start_worker()
        case "swarm":
            told = start_swarm(f"/proc/self/fd/{opened}")
        case _:
            told = jail_probe.report().encode()
    to_warden.sendall(told)


def under_warden(role: str) -> bytes:
    """Be the warden of a child in a broker's jail, and return what it reports."""
    if not jail.leave_namespaces() and role.startswith("paranoid"):
        return b""
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


QUEUE = 0x5EA1_0001  # a key of a System V queue
MAKE = 0o1600  # IPC_CREAT, for the owner


def follow(*, apart: bool) -> str:
    """Let a process make a queue and die; return how the next one's look for it ended."""
    libc = ctypes.CDLL(None, use_errno=True)
    first = os.fork()
    if first == 0:
        if apart:
            jail.leave_ipc()
        os._exit(libc.msgget(QUEUE, MAKE) < 0)
    if os.waitpid(first, 0)[1] != 0:
        return "no queue"
    ours, theirs = os.pipe()
    if os.fork() == 0:
        if apart:
            jail.leave_ipc()
        os.write(theirs, jail_probe.outcome(lambda: jail_probe.call("msgget", QUEUE, 0)).encode())
        os._exit(0)
    os.wait()
    return os.read(ours, 64).decode()


if __name__ == "__main__":
    if sys.argv[1] == "follower":
        jail.leave_namespaces()  # so that nothing is left on this machine
        found = {"apart": follow(apart=True), "together": follow(apart=False)}
        sys.stdout.write(json.dumps(found))
        sys.exit()
    if sys.argv[1] == "poor root":
        nothing = (ctypes.c_uint32 * 6)()
        ctypes.CDLL(None).capset((ctypes.c_uint32 * 2)(0x20080522, 0), nothing)
    profiles = {
        "compiler": lambda: jail.Profile.compiler(30, 1 << 30),
        "program": jail.Profile.program,
    }
    if sys.argv[1] in profiles:
        jail.confine(profiles[sys.argv[1]]())
        sys.stdout.write(jail_probe.report())
    elif sys.argv[1] in {"reader", "poor root"}:
        jail.confine(jail.Profile.reader())
        sys.stdout.write(jail_probe.report())
    else:
        sys.stdout.write(under_warden(sys.argv[1]).decode())
