"""The `py` tier: a subset of Python, run by Monty in worker processes of its own.

- Every session has limits, a fixed clock, fixed entropy and no host to call; the runtime's own
  defaults have none of these.
- One session for each run: its globals, modules and seed are gone with it. The worker stays.
- Program and call are one feed, so that one limit covers both. At three quarters of the time the
  runtime raises; at the whole of it the worker is killed, because one native step can overshoot.
- What comes back is asked for its type and, if an `int`, for its size; nothing else is done to it.
- `on_worker` is told of each worker before the first byte of a program reaches it.

Source: docs/spec/19-confinement.md section 6.
"""

import json
import sysconfig
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from pydantic_monty import (
    CollectString,
    ExternalModule,
    Monty,
    MontyCrashedError,
    MontyError,
    MontyRuntimeError,
    MontySession,
    MontySyntaxError,
    MontyTypingError,
    OSPolicy,
    ResourceLimits,
)

from sealhold.compute import guest
from sealhold.compute.spec import (
    FAULT,
    HIGHEST,
    LOWEST,
    Entry,
    Fault,
    Handle,
    Limits,
    StaticError,
)
from sealhold.model.encoding import Plain
from sealhold.model.errors import UnavailableError

MEBIBYTE = 1_048_576
SCRIPT = "task.py"  # its name in messages
PRINTED = 4096  # bytes kept of what a program prints, and then thrown away; more is a fault
CALLS_OUT = 64  # names looked up and modules imported; there is no host that would answer more
DEPTH = 200  # nested calls; far below what the worker's stack holds
SOFT = 0.75  # of the time: the runtime may still raise
CHECKING = Limits(ms_per_partition=10_000, memory_mib=256)  # the type checker, without any data
STATIC_ERRORS = 32  # told at most

# THREAT T33: what would differ from run to run is the same in each.
_POLICY: Final[OSPolicy] = {
    "datetime": datetime(2000, 1, 1, tzinfo=UTC),
    "timezone": "utc",
    "sleep": "zero",
    "process_time": "zero",
    "random_start": {"seed": 0},
}
_STUBS = """\
from sealhold.compute.guest import Object, Resources
sealhold_object: Object
sealhold_resources: Resources
sealhold_parts: list[int]
"""
_CALLS: Final[dict[Entry, str]] = {
    "evaluate": "evaluate(sealhold_object, sealhold_resources)",
    "aggregate": "aggregate(sealhold_parts)",
}


_TOGETHER: Final = """\
sealhold_values = []
for sealhold_object in sealhold_objects:
    try:
        sealhold_values.append(evaluate(sealhold_object, sealhold_resources))
    except Exception:
        sealhold_values.append(None)
sealhold_values
"""


class MontySandbox:
    """Runs programs in Monty workers started from `binary`, the installed one if None."""

    def __init__(
        self, binary: str | None = None, on_worker: Callable[[int], None] = lambda _pid: None
    ) -> None:
        self._binary = binary or str(installed())
        self._on_worker = on_worker
        self._known_worker: int | None = None
        self._pool: tuple[int, Monty] | None = None  # and the kill time that it was made with
        self._modules = _guest_modules()

    def compile(self, code: bytes, limits: Limits) -> Handle:
        return Handle(code, limits)

    def check(self, handle: Handle, entries: Sequence[Entry]) -> Sequence[StaticError]:
        try:
            source = handle.code.decode()
        except UnicodeDecodeError:
            return [StaticError(1, 1, "the program is not UTF-8 text")]
        lines = source.count("\n") + 1
        tail = "".join(
            f"\ndef sealhold_{name}() -> int:\n    return {_CALLS[name]}\n" for name in entries
        )
        found: list[StaticError] = []
        try:
            with self._session(CHECKING, type_check=True) as session:
                session.feed_run(f"{source}\n{tail}", print_callback=CollectString(PRINTED))
        except MontyTypingError as err:
            found = _diagnostics(err.display())
        except (MontySyntaxError, MontyRuntimeError) as err:
            found = [_raised(err)]
        except MontyCrashedError:
            found = [StaticError(1, 1, "the program cannot be loaded within the limits")]
        return [
            error if error.line <= lines else StaticError(lines, 1, f"entry point: {error.message}")
            for error in found[:STATIC_ERRORS]
        ]

    def run(
        self, handle: Handle, obj: Mapping[str, Plain], res: Mapping[str, Plain]
    ) -> int | Fault:
        inputs = {"sealhold_object": dict(obj), "sealhold_resources": dict(res)}
        return self._ask(handle, "evaluate", inputs)

    def run_partition(
        self,
        handle: Handle,
        objects: Sequence[Mapping[str, Plain]],
        res: Mapping[str, Plain],
    ) -> Sequence[int | Fault] | Fault:
        inputs = {
            "sealhold_objects": [dict(obj) for obj in objects],
            "sealhold_resources": dict(res),
        }
        found = self._fed(handle, _TOGETHER, inputs)
        # THREAT T35: no element is looked at before it is a list of just as many as went in.
        if type(found) is not list or len(found) != len(objects):
            return FAULT
        return [_whole_number(value) for value in found]

    def aggregate(self, handle: Handle, parts: Sequence[int]) -> int | Fault:
        return self._ask(handle, "aggregate", {"sealhold_parts": list(parts)})

    def close(self) -> None:
        if self._pool is not None:
            _, pool = self._pool
            self._pool = None
            self._known_worker = None  # the next may be given the same process id
            pool.__exit__(None, None, None)

    def _ask(self, handle: Handle, entry: Entry, inputs: dict[str, Plain]) -> int | Fault:
        return _whole_number(self._fed(handle, _CALLS[entry], inputs))

    def _fed(self, handle: Handle, call: str, inputs: dict[str, Plain]) -> object:
        """Return what the last line of program and call gave, whatever that is."""
        try:
            source = handle.code.decode()
        except UnicodeDecodeError:
            return FAULT
        try:
            with self._session(handle.limits) as session:
                value: object = session.feed_run(
                    f"{source}\n{call}", inputs=inputs, print_callback=CollectString(PRINTED)
                )
        except (MontyError, ArithmeticError, MemoryError, RuntimeError, TypeError, ValueError):
            # What the program raised, or what its answer broke on the way to Python: one thing.
            return FAULT
        return value

    @contextmanager
    def _session(self, limits: Limits, *, type_check: bool = False) -> Iterator[MontySession]:
        bounds: ResourceLimits = {
            "max_feed_duration_secs": SOFT * limits.ms_per_partition / 1000,
            "max_memory": limits.memory_mib * MEBIBYTE,
            "max_recursion_depth": DEPTH,
            "max_suspensions": CALLS_OUT,
        }
        checkout = self._workers(limits.ms_per_partition).checkout(
            script_name=SCRIPT,
            limits=bounds,
            type_check=type_check,
            type_check_stubs=_STUBS,
            type_check_format="json",
            os_policy=_POLICY,
            external_modules=self._modules,
        )
        # THREAT T32: a session is used once; its globals, modules and seed end with it.
        with checkout as session:
            self._meet(session.worker_pid)
            try:
                yield session
            except MontyCrashedError:
                self._known_worker = None  # the next may be given the same process id
                raise

    def _workers(self, kill_after: int) -> Monty:
        if self._pool is not None and self._pool[0] == kill_after:
            return self._pool[1]
        self.close()
        # THREAT T30: the kill of the worker is the bound that no program can talk its way out of.
        pool = Monty(
            binary_path=self._binary,
            min_processes=1,
            max_processes=1,
            request_timeout=kill_after / 1000,
            feed_duration_limit_grace=None,
            turn_duration_limit_grace=None,
        )
        self._pool = (kill_after, pool.__enter__())
        return pool

    def _meet(self, worker: int | None) -> None:
        if worker is None:
            raise UnavailableError("a session has no worker")
        if worker != self._known_worker:
            self._on_worker(worker)
            self._known_worker = worker


def _whole_number(value: object) -> int | Fault:
    # THREAT T35: `type is int` lets no subclass, bool or container be touched.
    return value if type(value) is int and LOWEST <= value <= HIGHEST else FAULT


def installed() -> Path:
    """Return the program that runs as worker, of the distribution that brings it.

    Raises:
        UnavailableError: it is not installed.
    """
    # where an installer puts it: looked at first, since to read lists of files takes a seventh of
    # the time in which a keeper starts
    usual = Path(sysconfig.get_path("scripts"), "monty")
    if usual.is_file():
        return usual.resolve()
    from importlib.metadata import PackageNotFoundError, files  # noqa: PLC0415  # reason: as above

    with suppress(PackageNotFoundError):
        for file in files("pydantic-monty-runtime") or ():
            if file.name == "monty":
                return Path(file.locate()).resolve()
    raise UnavailableError("the program of pydantic-monty-runtime is not installed")


def _guest_modules() -> dict[str, ExternalModule]:
    """Return what a task finds when it imports the guest types; nothing in it runs."""
    types = {"Object": dict, "Resources": dict, "Value": None}
    inner = ExternalModule(types, stubs=Path(guest.__file__).read_text())
    compute = ExternalModule({"guest": inner}, stubs="")
    return {"sealhold": ExternalModule({"compute": compute}, stubs="")}


def _diagnostics(rendered: str) -> list[StaticError]:
    return [
        StaticError(found["location"]["row"], found["location"]["column"], found["message"])
        for found in json.loads(rendered)
        if found["severity"] == "error" and found["filename"] == f"/{SCRIPT}"
    ]


def _raised(err: MontySyntaxError | MontyRuntimeError) -> StaticError:
    frames = err.traceback()
    line, column = (frames[-1].line, frames[-1].column) if frames else (1, 1)
    return StaticError(line, column, err.display("type-msg"))
