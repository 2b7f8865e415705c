"""The system calls that each kind of confined process may make; all others are refused.

- Each list is an allow list: no queue, shared memory, ptrace, mount, module, io_uring or namespace
  call is named, so none exists for the process.
- A path can be looked at only where a list names the call, and Landlock then says which path.
- Broker and workers run under one list, because a worker inherits its filter. What only a broker
  needs, or a worker only until it has started, is asked of the keeper, who knows which is which.

Source: docs/spec/19-confinement.md section 3, where each group has its reason.
"""

from sealhold.compute.seccomp import Argument, Rule, Verdict

_CLONE_THREAD = 0x0001_0000
_AT_EMPTY_PATH = 0x1000
_WRITING = 0o3 | 0o100 | 0o1000 | 0o2000 | 0o20000000  # access mode, CREAT, TRUNC, APPEND, TMPFILE
_READ_ONLY = 0o2000000  # reading and CLOEXEC, and not one flag more: O_PATH asks no Landlock
_INT = 0xFFFF_FFFF
_LONG = 0xFFFF_FFFF_FFFF_FFFF
_DESCRIPTOR_COMMANDS = (0, 1, 2, 3, 4, 1030)  # duplicate, close-on-exec, flags: none signals
_TERMINAL_QUESTIONS = (0x5401, 0x5421, 0x541B, 0x5450, 0x5451)  # TCGETS FIONBIO FIONREAD F(N)CLEX
_THREAD_NAMES = (15, 16, 0x53564D41)  # PR_SET_NAME, PR_GET_NAME, PR_SET_VMA
_CLONE_FLAGS = 0xFFFF_FFFF_FFFF_FF00  # the lowest byte is the signal at the end
_CLONE_SPAWN = 0x0000_4100  # VM and VFORK alone: what posix_spawn does, and no namespace

_MEMORY = ("brk", "madvise", "mmap", "mprotect", "mremap", "munmap")
_OPEN_DESCRIPTORS = (
    "close", "dup", "dup2", "dup3", "epoll_create1", "epoll_ctl", "epoll_pwait", "epoll_wait",
    "eventfd2", "fstat", "getpeername", "getsockname", "getsockopt", "lseek", "pipe2", "poll",
    "ppoll", "pread64", "pselect6", "read", "readv", "recvfrom", "recvmsg", "select", "sendmsg",
    "sendto", "shutdown", "write", "writev",
)  # fmt: skip
_SELF = (
    "arch_prctl", "exit", "exit_group", "getegid", "geteuid", "getgid", "getpid", "getppid",
    "getrandom", "getrusage", "gettid", "getuid", "membarrier", "restart_syscall", "rseq",
    "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "set_robust_list", "set_tid_address",
    "sigaltstack",
)  # fmt: skip
_TIME = (
    "clock_getres", "clock_gettime", "clock_nanosleep", "gettimeofday", "nanosleep", "sched_yield",
    "time",
)  # fmt: skip
_THREADS = (
    Rule("futex"),
    Rule("clone", tests=(Argument(0, _CLONE_THREAD, _CLONE_THREAD),)),
    Rule("clone3", Verdict.ABSENT),
)
_NARROWED = (
    *(Rule("fcntl", tests=(Argument(1, _INT, command),)) for command in _DESCRIPTOR_COMMANDS),
    *(Rule("ioctl", tests=(Argument(1, _INT, request),)) for request in _TERMINAL_QUESTIONS),
    *(Rule("prctl", tests=(Argument(0, _INT, option),)) for option in _THREAD_NAMES),
    # One's own limits may be read; those of another process, or new ones, may not.
    Rule("prlimit64", tests=(Argument(0, _INT, 0), Argument(2, _LONG, 0))),
    Rule("sched_getaffinity", tests=(Argument(0, _INT, 0),)),
)
_ANYONE = (
    *(Rule(call) for call in (*_MEMORY, *_OPEN_DESCRIPTORS, *_SELF, *_TIME)),
    *_THREADS,
    *_NARROWED,
)

READER = (
    *_ANYONE,
    Rule("openat", tests=(Argument(2, _WRITING, 0),)),
    Rule("open", tests=(Argument(1, _WRITING, 0),)),
    *(
        Rule(call)
        for call in (
            "access", "faccessat", "faccessat2", "getcwd", "getdents64", "lstat", "newfstatat",
            "readlink", "readlinkat", "stat", "statx", "uname",
        )
    ),
)  # fmt: skip

# What a worker's loader and runtime need until the first byte of a task; refused from then on.
STARTING = frozenset(
    (
        "access", "faccessat", "faccessat2", "getcwd", "lstat", "newfstatat", "open", "openat",
        "readlink", "readlinkat", "stat", "statx",
    )
)  # fmt: skip
# What a broker needs to start and end its workers.
BROKERING = frozenset(("clone", "kill", "pidfd_open", "socketpair"))

BROKER = (
    *_ANYONE,
    Rule("wait4"),  # one's own children only
    Rule("waitid"),
    Rule("clone", Verdict.ASK, (Argument(0, _CLONE_FLAGS, _CLONE_SPAWN),)),
    *(Rule(call, Verdict.ASK) for call in sorted({"execve", *STARTING, *BROKERING} - {"clone"})),
)

# Reads a table in place: SQLite asks for the locks of a file before it reads it.
_LOCKS = tuple(Rule("fcntl", tests=(Argument(1, _INT, command),)) for command in (5, 6, 7))
ENGINE = (*READER, *_LOCKS)

# Tier `wasm`: a process that compiles, and one that runs. The second may open for reading, and
# Landlock leaves it no path to open.
COMPILER = _ANYONE
PROGRAM = (*_ANYONE, Rule("openat", tests=(Argument(2, _INT, _READ_ONLY),)))
