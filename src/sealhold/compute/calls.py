"""The system calls that each kind of confined process may make; all others are refused.

- Each list is short because it is an allow list: no queue, shared memory, ptrace, mount, module,
  io_uring or namespace call is named, so none exists for the process.
- A path can be looked at only where a list names the call, and Landlock then says which path.

Source: docs/spec/19-confinement.md section 3, where each group has its reason.
"""

from sealhold.compute.seccomp import Argument, Rule, Verdict

_CLONE_THREAD = 0x0001_0000
_AT_EMPTY_PATH = 0x1000
_WRITING = 0o3 | 0o100 | 0o1000 | 0o2000 | 0o20000000  # access mode, CREAT, TRUNC, APPEND, TMPFILE
_INT = 0xFFFF_FFFF
_LONG = 0xFFFF_FFFF_FFFF_FFFF
_DESCRIPTOR_COMMANDS = (0, 1, 2, 3, 4, 1030)  # duplicate, close-on-exec, flags: none signals
_TERMINAL_QUESTIONS = (0x5401, 0x5421, 0x541B, 0x5450, 0x5451)  # TCGETS FIONBIO FIONREAD F(N)CLEX
_THREAD_NAMES = (15, 16, 0x53564D41)  # PR_SET_NAME, PR_GET_NAME, PR_SET_VMA

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
    "sigaltstack", "uname",
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
            "readlink", "readlinkat", "stat", "statx",
        )
    ),
)  # fmt: skip
