"""What a process that has been taken over would try; it reports the outcome of each attempt.

Only the standard library, so that it starts in the jail of a worker, too. Run by itself it is a
worker (`worker`) or tries without a jail what does no harm there (`free`); `jail_roles` runs it in
the other jails.
"""

import ctypes
import errno
import fcntl
import json
import mmap
import os
import platform
import resource
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

LIBC = ctypes.CDLL(None, use_errno=True)
IS_X86 = platform.machine() == "x86_64"
NUMBERS = {  # of calls that the C library has no function for: x86_64, aarch64
    "execveat": (322, 281),
    "bpf": (321, 280),
    "keyctl": (250, 219),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "kexec_load": (246, 104),
    "io_uring_setup": (425, 425),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
    "process_madvise": (440, 440),
    "mount_setattr": (442, 442),
    "memfd_secret": (447, 447),
    "open_tree": (428, 428),
    "fsopen": (430, 430),
    "seccomp": (317, 277),
    "landlock_create_ruleset": (444, 444),
}


def call(name: str, *arguments: object) -> int:
    """Call a function of the C library, or a system call that has none.

    Raises:
        OSError: it is refused, or fails of itself.
    """
    ctypes.set_errno(0)
    if name in NUMBERS:
        number = NUMBERS[name][0 if IS_X86 else 1]
        answer = LIBC.syscall(ctypes.c_long(number), *arguments)
    else:
        answer = getattr(LIBC, name)(*arguments)
    if answer == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return int(answer)


def fork() -> None:
    if os.fork() == 0:
        os._exit(0)


def spawn(program: str) -> None:
    os.waitpid(os.posix_spawn(program, [program], {}), 0)


def write_new_file() -> None:
    path = Path("/tmp", f"sealhold-probe-{os.getpid()}")
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_EXCL))
    path.unlink()


def abstract() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as end:
        end.bind("\0sealhold-probe")


NOWHERE = "/nonexistent/probe"
# Another worker of the same broker, for one that was told of it.
SIBLING = int(sys.argv[2]) if len(sys.argv) > 2 else os.getppid()
# Each is harmless should it be let through: it then fails of itself, with another error than a
# refusal, or does nothing that lasts.
ATTEMPTS: dict[str, Callable[[], object]] = {
    "read /etc/passwd": lambda: os.open("/etc/passwd", os.O_RDONLY),
    "read /proc/self/environ": lambda: os.open("/proc/self/environ", os.O_RDONLY),
    "read the parent's memory": lambda: os.open(f"/proc/{os.getppid()}/mem", os.O_RDONLY),
    "read /proc/self/maps": lambda: os.open("/proc/self/maps", os.O_RDONLY),
    "read /proc/1/status": lambda: os.open("/proc/1/status", os.O_RDONLY),
    "read /dev/null": lambda: os.open("/dev/null", os.O_RDONLY),
    "list /": lambda: list(Path("/").iterdir()),
    "list /proc": lambda: list(Path("/proc").iterdir()),
    "list /tmp": lambda: list(Path("/tmp").iterdir()),
    "write a new file": write_new_file,
    "write shared memory": lambda: os.open("/dev/shm/probe", os.O_RDWR),
    "open by handle": lambda: call("open_by_handle_at", -100, None, 0),
    "mkdir": lambda: Path(NOWHERE).mkdir(),
    "unlink": lambda: Path(NOWHERE).unlink(),
    "symlink": lambda: Path(NOWHERE).symlink_to("/"),
    "chdir": lambda: os.chdir("/"),
    "chmod": lambda: Path(NOWHERE).chmod(0o700),
    "chroot": lambda: os.chroot("/"),
    "truncate": lambda: os.truncate(NOWHERE, 0),
    "memory file": lambda: os.memfd_create("x"),
    "inotify": lambda: call("inotify_init1", 0),
    "TCP socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM).close(),
    "UDP socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close(),
    "IPv6 socket": lambda: socket.socket(socket.AF_INET6, socket.SOCK_STREAM).close(),
    "raw socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1).close(),
    "netlink": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0).close(),
    "unix socket": lambda: socket.socket(socket.AF_UNIX, socket.SOCK_STREAM).close(),
    "abstract socket": abstract,
    "vsock": lambda: socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM).close(),
    "fork": fork,
    "spawn": lambda: spawn("/bin/true"),
    "exec": lambda: os.execv(NOWHERE, ["probe"]),
    "exec of a descriptor": lambda: call("execveat", -1, b"", None, None, 0x1000),
    "signal to the parent": lambda: os.kill(os.getppid(), 0),
    "signal to init": lambda: os.kill(1, 0),
    "signal to everyone": lambda: os.kill(-1, 0),
    "signal to the group": lambda: os.killpg(0, 0),
    "take a descriptor": lambda: call("pidfd_getfd", -1, 0, 0),
    "own session": os.setsid,
    "own group": lambda: os.setpgid(0, 0),
    "trace": lambda: call("ptrace", 16, 0, 0, 0),
    "read another's memory": lambda: call("process_vm_readv", os.getppid(), None, 0, None, 0, 0),
    "advise another": lambda: call("process_madvise", -1, None, 0, 0, 0),
    "another's limits": lambda: resource.prlimit(os.getppid(), resource.RLIMIT_NOFILE),
    "own limits": lambda: call("prlimit", 0, 7, ctypes.create_string_buffer(16), None),
    "another's CPUs": lambda: os.sched_getaffinity(os.getppid()),
    "own CPUs": lambda: os.sched_setaffinity(0, {0}),
    "another's schedule": lambda: os.sched_getscheduler(os.getppid()),
    "own niceness": lambda: os.nice(0),
    "another's group": lambda: os.getpgid(os.getppid()),
    "a sibling's limits": lambda: resource.prlimit(SIBLING, resource.RLIMIT_NOFILE),
    "a sibling's CPUs": lambda: os.sched_getaffinity(SIBLING),
    "a sibling's schedule": lambda: os.sched_getscheduler(SIBLING),
    "a sibling's memory": lambda: call("process_vm_readv", SIBLING, None, 0, None, 0, 0),
    "a sibling's files": lambda: list(Path(f"/proc/{SIBLING}/fd").iterdir()),
    "signal to a sibling": lambda: os.kill(SIBLING, 0),
    "trace a sibling": lambda: call("ptrace", 16, SIBLING, 0, 0),
    "System V memory": lambda: call("shmget", 0x5EA1, 0, 0o600),
    "System V queue": lambda: call("msgget", 0x5EA1, 0o600),
    "System V semaphore": lambda: call("semget", 0x5EA1, 0, 0o600),
    "POSIX queue": lambda: call("mq_open", b"/probe", os.O_RDONLY),
    "mount": lambda: call("mount", b"none", NOWHERE.encode(), b"tmpfs", 0, None),
    "unmount": lambda: call("umount2", NOWHERE.encode(), 0),
    "new mount": lambda: call("fsopen", b"nothing", 0),
    "clone a mount": lambda: call("open_tree", -100, NOWHERE.encode(), 1),
    "mount flags": lambda: call("mount_setattr", -100, NOWHERE.encode(), 0, None, 0),
    "user namespace": lambda: call("unshare", 0x10000000),
    "network namespace": lambda: call("unshare", 0x40000000),
    "join a namespace": lambda: call("setns", -1, 0),
    "another personality": lambda: call("personality", 0x0040000),
    "BPF": lambda: call("bpf", -1, None, 0),
    "performance events": lambda: call("perf_event_open", None, 0, -1, -1, 0),
    "io_uring": lambda: call("io_uring_setup", 0, None),
    "page faults": lambda: call("userfaultfd", -1),
    "keys": lambda: call("keyctl", -1, 0, 0),
    "kexec": lambda: call("kexec_load", 0, 99, None, 0),
    "a further filter": lambda: call("seccomp", -1, 0, None),
    "a further Landlock": lambda: call("landlock_create_ruleset", None, 0, 1),
    "become root": lambda: call("setuid", 0),
    "groups": lambda: os.setgroups([]),
    "host name": lambda: call("sethostname", b"", -1),
    "set the clock": lambda: call("clock_settime", -1, ctypes.create_string_buffer(16)),
    "reboot": lambda: call("reboot", 0),
    "swap": lambda: call("swapoff", NOWHERE.encode()),
    "memory of the machine": lambda: call("sysinfo", ctypes.create_string_buffer(256)),
    "dumps": lambda: call("prctl", 4, 1, 0, 0, 0),
    "lock memory": lambda: call("mlock", ctypes.create_string_buffer(4096), 4096),
    "terminal input": lambda: fcntl.ioctl(0, 0x5412, b"x"),
    "signals by descriptor": lambda: fcntl.fcntl(0, fcntl.F_SETOWN, os.getppid()),
}
LOOKS: dict[str, Callable[[], object]] = {  # at names alone; a reader needs them to find modules
    "stat a path": lambda: Path("/etc/passwd").stat(),
    "readlink": lambda: Path("/proc/self/exe").readlink(),
    "access a path": lambda: call("access", b"/etc/passwd", 0),
}
BROKERING: dict[str, Callable[[], object]] = {  # what a broker keeps for its workers' sake
    "socketpair": lambda: call("socketpair", 1, 1, 0, ctypes.create_string_buffer(8)),
    "pidfd": lambda: os.close(call("pidfd_open", os.getpid(), 0)),
}
CONTROLS = ("read /etc/passwd", "list /", "TCP socket", "unix socket", "fork", "spawn", "chdir")
ALLOWED: dict[str, Callable[[], object]] = {  # what remains to a process: time, CPU, memory
    "clock": time.time,
    "memory": lambda: mmap.mmap(-1, 1 << 20).close(),
    "thread": lambda: threading.Thread(target=time.monotonic).start(),
    "random": lambda: os.getrandom(8),
}


def outcome(attempt: Callable[[], object]) -> str:
    """Return `done`, or the name of the error."""
    try:
        attempt()
    except OSError as err:
        return errno.errorcode.get(err.errno or 0, "?")
    except (subprocess.SubprocessError, RuntimeError) as err:
        return type(err).__name__
    return "done"


def report() -> str:
    """Try all, and return the outcomes as JSON."""
    groups = {"tried": ATTEMPTS, "looks": LOOKS, "brokering": BROKERING, "kept": ALLOWED}
    told: dict[str, object] = {
        name: {what: outcome(attempt) for what, attempt in group.items()}
        for name, group in groups.items()
    }
    return json.dumps({**told, "uid": os.getuid()})


def as_worker() -> None:
    """Say that the start is over, wait for the seal, then try all."""
    os.write(1, b"!")
    os.read(0, 1)
    os.write(1, report().encode())


def main(role: str) -> None:
    """Be a worker, or try without a jail what does no harm there."""
    if role == "worker":
        as_worker()
    else:
        tried = {what: outcome(ATTEMPTS[what]) for what in CONTROLS}
        sys.stdout.write(json.dumps({"tried": tried}))


if __name__ == "__main__":
    main(sys.argv[1])
