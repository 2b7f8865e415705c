"""The jail: what a process gives up, for good, before it meets foreign bytes.

- In this order: paths opened, root and capabilities dropped, `no_new_privs`, limits, Landlock,
  system call filter. Landlock comes before the filter, which does not name its calls.
- Nothing is given back: a process starts free, calls `confine` once and works on what it was
  handed open.
- A kernel without Landlock or seccomp raises; there is no weaker jail to fall back on.
- Only plain ctypes: no compiled part of ours, and nothing but `model` is imported.

Source: docs/spec/19-confinement.md.
"""

import ctypes
import os
import platform
import resource
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sealhold.compute import calls, landlock, seccomp
from sealhold.compute.landlock import Access
from sealhold.compute.seccomp import Rule, Verdict
from sealhold.model.errors import IsolationUnavailableError

MEBIBYTE = 1_048_576
_NOBODY = 65_534  # the user and group that owns nothing on every Linux
_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache", "/usr/share/zoneinfo")
_OWN_MEMORY = (Path("/proc/self/cgroup"), Path("/sys/fs/cgroup"))  # where DuckDB looks at its start
_LOADERS = (  # what the kernel runs first to start a program: one of them
    "/lib64/ld-linux-x86-64.so.2",
    "/lib/ld-linux-aarch64.so.1",
    "/lib/ld-musl-x86_64.so.1",
    "/lib/ld-musl-aarch64.so.1",
)
_PR_SET_PDEATHSIG, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT = 1, 24, 38, 47
_NO_CORE = 1  # byte; unlike 0 it also keeps the kernel from piping a core to a collector
_AMBIENT_CLEAR_ALL = 4
_LAST_CAPABILITY = 63  # the kernel says EINVAL to those it does not have
_CAPABILITY_VERSION_3 = 0x2008_0522
_NEW_USER, _NEW_IPC, _NEW_NET = 0x1000_0000, 0x0800_0000, 0x4000_0000
_TRY_NAMESPACES = (
    "import sys; from sealhold.compute import jail; sys.exit(not jail.leave_namespaces())"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Isolation:
    """What this kernel offers to confine a process with."""

    machine: str
    landlock_abi: int  # 0: none
    has_filters: bool
    has_supervision: bool  # a filter can hand a call to another process
    has_namespaces: bool  # an own IPC and network namespace is permitted

    def in_words(self) -> tuple[str, ...]:
        """Return one line per part, as a person reads them."""
        abi = self.landlock_abi
        by_filter = "refused by seccomp" if self.has_filters else "free"
        tcp = "refused by Landlock" if abi >= landlock.NETWORK_ABI else by_filter
        signals = "kept inside by Landlock" if abi >= landlock.SCOPE_ABI else by_filter
        return (
            f"files: Landlock ABI {abi}" if abi else "files: no Landlock",
            f"TCP: {tcp}",
            f"signals: {signals}",
            f"system calls: seccomp on {self.machine}" if self.has_filters else "system calls: all",
            f"start of workers: {'supervised' if self.has_supervision else 'free'}",
            f"IPC and network: {'own' if self.has_namespaces else 'no own'} namespaces",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What one kind of process keeps: paths, system calls and limits."""

    readable: tuple[Path, ...]
    executable: tuple[Path, ...] = ()
    calls: tuple[Rule, ...]
    address_space: int  # bytes
    open_files: int
    cpu_seconds: int  # the last bound, should the parent be gone
    is_owners: bool = False  # it opens files that only who started it may read

    @classmethod
    def reader(cls) -> "Profile":
        """Return what a process keeps that parses one hostile file.

        It reads a descriptor that it inherited and writes to a socket that it inherited. It can
        still load modules of the Python it runs in; it opens nothing else, starts nothing and
        reaches nobody.
        """
        return cls(
            readable=runtime_folders(),
            calls=calls.READER,
            address_space=1024 * MEBIBYTE,
            open_files=64,
            cpu_seconds=600,
        )

    @classmethod
    def engine(cls, files: tuple[Path, ...]) -> "Profile":
        """Return what a process keeps that reads tables where they lie.

        It reads `files`, as whoever started it may, and what it inherited; it writes to a socket
        that it inherited. It opens no socket.
        """
        return cls(
            readable=(*runtime_folders(), *(each for each in _OWN_MEMORY if each.exists()), *files),
            calls=calls.ENGINE,
            address_space=3072 * MEBIBYTE,
            open_files=64,
            cpu_seconds=3600,
            is_owners=True,
        )

    @classmethod
    def broker(cls, worker: Path) -> "Profile":
        """Return what a broker keeps, and with it each worker that it starts from `worker`.

        It talks on the socket it was handed and starts `worker`; it opens no file, not even a
        module of Python. A worker reads the system's libraries until its first byte of a task.
        """
        return cls(
            readable=tuple(Path(path) for path in _LIBRARIES if Path(path).exists()),
            executable=(worker, *(Path(path) for path in _LOADERS if Path(path).exists())),
            calls=calls.BROKER,
            address_space=512 * MEBIBYTE,
            open_files=64,
            cpu_seconds=3600,
        )

    @classmethod
    def compiler(cls, cpu_seconds: int, address_space: int) -> "Profile":
        """Return what a process keeps that compiles a program of tier `wasm`.

        It reads a descriptor that it inherited and writes to a socket that it inherited.
        """
        return cls(
            readable=(),
            calls=calls.COMPILER,
            address_space=address_space,
            open_files=16,
            cpu_seconds=cpu_seconds,
        )

    @classmethod
    def program(cls) -> "Profile":
        """Return what a process keeps that runs a compiled program of tier `wasm`.

        It can open again what it holds open, and no path: it has no rule of Landlock at all.
        """
        return cls(
            readable=(),
            calls=calls.PROGRAM,
            address_space=512 * MEBIBYTE,
            open_files=16,
            cpu_seconds=3600,
        )


def runtime_folders() -> tuple[Path, ...]:
    """Return the folders of this Python, its packages, ours, and the system's libraries."""
    named = sysconfig.get_paths()
    ours = Path(__file__).resolve().parents[1]
    found = [Path(named[key]) for key in ("stdlib", "platstdlib", "purelib", "platlib")]
    found += [Path(sysconfig.get_config_var("LIBDIR") or "/usr/lib"), ours]
    found += [Path(path) for path in _LIBRARIES]
    return tuple(path for path in dict.fromkeys(found) if path.exists())


def can_confine() -> bool:
    """Return whether foreign programs can be jailed here at all; no process is started for it."""
    filters = (seccomp.offers(verdict) for verdict in (Verdict.REFUSE, Verdict.ASK))
    return landlock.version() > 0 and all(filters)


@cache
def offered() -> Isolation:
    """Return what this kernel offers; to try namespaces, a short-lived process is started, once."""
    machine = platform.machine()
    tried = subprocess.run(  # noqa: S603  reason: our own interpreter and a constant
        [sys.executable, "-I", "-c", _TRY_NAMESPACES],
        check=False,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return Isolation(
        machine=machine,
        landlock_abi=landlock.version(),
        has_filters=seccomp.offers(Verdict.REFUSE),
        has_supervision=seccomp.offers(Verdict.ASK),
        has_namespaces=tried.returncode == 0,
    )


def require() -> None:
    """Make sure that this kernel can confine a broker.

    Raises:
        IsolationUnavailableError: it offers no Landlock, or no supervised seccomp.
    """
    if landlock.version() == 0:
        raise IsolationUnavailableError("the kernel offers no Landlock")
    if not seccomp.offers(Verdict.REFUSE) or not seccomp.offers(Verdict.ASK):
        raise IsolationUnavailableError("the kernel offers no supervised seccomp")


def leave_namespaces() -> bool:
    """Move this process into IPC and network namespaces of its own; return whether it could.

    An ordinary user needs a user namespace for it, which some systems do not permit.
    """
    wanted = _NEW_IPC | _NEW_NET
    return 0 in (int(_libc().unshare(flags)) for flags in (wanted, wanted | _NEW_USER))


def leave_ipc() -> bool:
    """Move this process into an IPC namespace of its own, once a parent has left the others."""
    return int(_libc().unshare(_NEW_IPC)) == 0


@dataclass(frozen=True, slots=True)
class Walls:
    """A jail that is built and not closed: each process forked from here can go into it."""

    profile: Profile
    ruleset: int  # of Landlock: a descriptor, closed on exec
    program: bytes  # the filter
    is_others: bool  # nobody can reach what the profile reads


def build(profile: Profile) -> Walls:
    """Work out what the processes of one kind share: rules, filter, and whom they can become.

    Raises:
        IsolationUnavailableError: the kernel does not offer Landlock and seccomp.
    """
    # THREAT T36: without both, a broken runtime would be free; there is no second best.
    if landlock.version() == 0 or not seccomp.offers(Verdict.REFUSE):
        raise IsolationUnavailableError("the kernel offers no Landlock or no seccomp")
    program = seccomp.assemble(profile.calls, platform.machine())
    with _opened(profile) as rules:
        return Walls(
            profile=profile,
            ruleset=landlock.ruleset(rules),
            program=program,
            is_others=not profile.is_owners and all(map(_others_reach, profile.readable)),
        )


def confine(profile: Profile, *, dies_with: int | None = None) -> None:
    """Put this process into the jail of `profile`; there is no way back.

    `dies_with` is its parent, if it shall not outlive that.

    Raises:
        IsolationUnavailableError: the kernel does not offer Landlock and seccomp, or the parent is
            gone already.
    """
    walls = build(profile)
    _give_up(walls)
    if dies_with is not None:
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)  # a change of user would have cleared it
        if os.getppid() != dies_with:
            raise IsolationUnavailableError("the keeper is gone")
    seccomp.install(walls.program)


def confine_supervised(walls: Walls) -> int:
    """Put this process into a jail whose filter asks a supervisor; return the listener.

    The process dies with its parent. From here on each call that the filter asks about waits until
    the holder of the listener answers, so hand it over before making one.

    Raises:
        IsolationUnavailableError: the kernel does not offer Landlock, seccomp and its listeners.
    """
    if not seccomp.offers(Verdict.ASK):
        raise IsolationUnavailableError("the kernel offers no supervised seccomp")
    _give_up(walls)
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)  # a change of user would have cleared it
    return seccomp.listen(walls.program)


def limit(profile: Profile) -> None:
    """Lay the limits of `profile` on this process and what it starts; no more than that."""
    for name, most in (
        (resource.RLIMIT_CORE, _NO_CORE),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_NOFILE, profile.open_files),
        (resource.RLIMIT_AS, profile.address_space),
        (resource.RLIMIT_CPU, profile.cpu_seconds),
    ):
        _, ceiling = resource.getrlimit(name)
        bound = most if ceiling == resource.RLIM_INFINITY else min(most, ceiling)
        resource.setrlimit(name, (bound, bound))


def _give_up(walls: Walls) -> None:
    _drop_root(walls)
    _drop_capabilities()
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    limit(walls.profile)
    # THREAT T31: no file, no TCP, no signal outside; the filter then takes the calls.
    landlock.restrict(walls.ruleset)
    os.close(walls.ruleset)


@contextmanager
def _opened(profile: Profile) -> Iterator[list[tuple[int, Access]]]:
    """Open each path for as long as its rule is made, while there may still be root to do it."""
    wanted = [(path, Access.READ_FILE | Access.READ_DIR) for path in profile.readable]
    wanted += [(path, Access.READ_FILE | Access.EXECUTE) for path in profile.executable]
    found: list[tuple[int, Access]] = []
    try:
        for path, access in wanted:
            opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
            found.append((opened, access if path.is_dir() else landlock.file_access(access)))
        yield found
    finally:
        for opened, _ in found:
            os.close(opened)


def _drop_root(walls: Walls) -> None:
    """Become nobody, if root and if nobody can still reach what the profile reads.

    Where the runtime lies in root's own home the process stays user 0: without a capability and
    under Landlock that is a user who owns files it cannot open.
    """
    if os.geteuid() != 0:
        return
    with suppress(PermissionError):  # a root without these capabilities is no more than a user
        os.setgroups([])
        if walls.is_others:
            os.setresgid(_NOBODY, _NOBODY, _NOBODY)
            os.setresuid(_NOBODY, _NOBODY, _NOBODY)


def _others_reach(path: Path) -> bool:
    return all(place.stat().st_mode & 0o001 for place in path.resolve().parents)


def _drop_capabilities() -> None:
    for capability in range(_LAST_CAPABILITY + 1):
        if _libc().prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
            break  # the kernel has no more of them, or refuses it to an ordinary user
    _libc().prctl(_PR_CAP_AMBIENT, _AMBIENT_CLEAR_ALL, 0, 0, 0)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    nothing = (ctypes.c_uint32 * 6)()
    if _libc().capset(header, nothing) != 0:
        raise IsolationUnavailableError("the capabilities cannot be dropped")


def _prctl(option: int, value: int) -> None:
    if _libc().prctl(option, value, 0, 0, 0) != 0:
        raise IsolationUnavailableError(f"prctl {option} is refused")


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
