"""The `wasm` tier: WebAssembly without a single import, run by wasmtime.

- Two forms are taken: a core module and a component, told apart by their first eight bytes. Text
  and compiled code are neither, and never reach the runtime's own readers.
- Each call has a store, an instance and a memory of its own. Its fuel is counted, so a run ends at
  the same step each time; an epoch that a clock moves on ends it if it takes too long all the same.
- Nothing is linked, so a program can reach nothing. What would differ from machine to machine
  (threads, relaxed SIMD, the bits of a NaN) is off or has one form.
- What comes back is an integer of 64 bits by the type of the export, asked before the call.

Source: docs/spec/19-confinement.md section 9.
"""

import base64
import json
from collections.abc import Mapping, Sequence
from contextlib import closing
from threading import Event, Thread
from typing import Final, Protocol

from wasmtime import (
    Config,
    Engine,
    Func,
    FuncType,
    Instance,
    Memory,
    MemoryType,
    Module,
    Store,
    Trap,
    ValType,
    WasmtimeError,
)
from wasmtime import component as model

from sealhold.compute.spec import (
    FAULT,
    HIGHEST,
    LOWEST,
    MOST_FUEL,
    Entry,
    Fault,
    Handle,
    Limits,
    StaticError,
)
from sealhold.compute.wasmforms import Kind, kind_of
from sealhold.model.encoding import Plain
from sealhold.model.errors import NotAProgramError

MEBIBYTE = 1_048_576
WORD = 8  # bytes of one part of an aggregate
STACK = 262_144  # bytes of the program's own calls
RESERVED = 64 * MEBIBYTE  # addresses of a memory: the most that a manifest can ask for
TABLES, ELEMENTS = 4, 65_536  # a Python component needs 2 and 5,670
INSTANCES = 64  # parts of one component, which needs 33 to 48
TICK = 0.01  # seconds between two epochs
STATIC_ERRORS = 32  # told at most
_PAST = 0xFFFF_FFFF  # an address is unsigned, and Python reads it signed

_OFF: Final = (
    "wasm_threads", "shared_memory", "wasm_relaxed_simd", "wasm_multi_memory", "wasm_memory64",
    "wasm_tail_call", "wasm_exceptions", "wasm_function_references", "wasm_gc", "gc_support",
    "wasm_wide_arithmetic", "wasm_custom_page_sizes", "wasm_stack_switching",
    "wasm_component_model_map", "wasm_component_model_implements", "parallel_compilation",
    "native_unwind_info", "memory_may_move",
)  # fmt: skip
_CORE_TYPES: Final = {
    "alloc": (["i32"], ["i32"]),
    "evaluate": (["i32", "i32"], ["i64"]),
    "aggregate": (["i32", "i32"], ["i64"]),
}
_NUMBERS: Final = {"i32": ValType.i32, "i64": ValType.i64}
_ENTRIES: Final[tuple[Entry, ...]] = ("evaluate", "aggregate")
_FAILURES = (
    WasmtimeError, Trap, ArithmeticError, LookupError, MemoryError, RecursionError, TypeError,
    ValueError,
)  # fmt: skip


class _Begun(Protocol):
    """An instance of a program."""

    def evaluate(self, obj: str, res: str) -> object: ...
    def aggregate(self, parts: Sequence[int]) -> object: ...


class _Loaded(Protocol):
    """A compiled program."""

    def misfits(self, entries: Sequence[Entry]) -> list[str]: ...
    def begin(self, store: Store) -> _Begun: ...


def engine() -> Engine:
    """Return the one configuration in which programs are compiled and run."""
    config = Config()
    for name in _OFF:
        setattr(config, name, False)
    config.strategy = "cranelift"
    # THREAT T143: fuel ends a run at the same step everywhere; the epoch ends it by the clock.
    config.consume_fuel = True
    config.epoch_interruption = True
    # THREAT T144: a NaN would carry bits of the machine into the program.
    config.cranelift_nan_canonicalization = True
    config.max_wasm_stack = STACK
    config.memory_reservation = RESERVED
    config.memory_reservation_for_growth = 0
    config.memory_guard_size = 65_536
    return Engine(config)


def compile_program(code: bytes, using: Engine) -> Module | model.Component:
    """Return `code` compiled, after a look at all that is asked of it before it runs.

    The runtime ends its process over a type that it has no words for; better here than later.

    Raises:
        NotAProgramError: it is no program, is not valid, or imports something.
    """
    kind = kind_of(code)
    compiled: Module | model.Component
    try:
        if kind is Kind.CORE:
            compiled = Module(using, code)
            imports = [f"{each.module} {each.name}" for each in compiled.imports]
        else:
            compiled = model.Component(using, code)
            imports = list(compiled.type.imports(using))
    except _FAILURES as err:
        raise NotAProgramError(f"not valid: {' '.join(str(err).split())}") from err
    # THREAT T141: nothing is offered, so an import is a program that expects a host to reach.
    if imports:
        raise NotAProgramError(f"imports `{imports[0]}`; a program imports nothing")
    _loaded(compiled, using)
    return compiled


def json_text(value: Plain) -> str:
    """Return `value` as JSON in its one form; bytes are base64.

    Raises:
        TypeError: a value that has no form.
        ValueError: a number that JSON cannot say.
    """
    return json.dumps(
        value,
        default=_bytes_text,
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
        allow_nan=False,
    )


class WasmSandbox:
    """Runs programs of this tier in this process."""

    def __init__(self) -> None:
        self._engine = engine()
        self._loaded: tuple[bytes, _Loaded] | None = None
        self._stop = Event()
        self._ticker: Thread | None = None

    def compile(self, code: bytes, limits: Limits) -> Handle:
        return Handle(code, limits)

    def adopt(self, path: str, kind: Kind) -> bool:
        """Take the compiled program at `path` for each handle without code; say if it fits.

        Compiled code is believed by the runtime, so whoever calls has given up all else before.
        """
        try:
            of_kind = Module if kind is Kind.CORE else model.Component
            compiled = of_kind.deserialize_file(self._engine, path)
        except WasmtimeError:
            return False
        self._loaded = (b"", _loaded(compiled, self._engine))
        return True

    def check(self, handle: Handle, entries: Sequence[Entry]) -> Sequence[StaticError]:
        try:
            program = self._program(handle.code)
        except NotAProgramError as err:
            return [StaticError(1, 1, str(err))]
        wrong = program.misfits(entries)
        if not wrong:
            try:
                with closing(self._store(handle.limits)) as store:
                    program.begin(store)
            except _FAILURES:
                wrong = ["the program cannot be started within the limits"]
        return [StaticError(1, 1, each) for each in wrong[:STATIC_ERRORS]]

    def run(
        self, handle: Handle, obj: Mapping[str, Plain], res: Mapping[str, Plain]
    ) -> int | Fault:
        found = self.run_partition(handle, [obj], res)
        return found if isinstance(found, Fault) else found[0]

    def run_partition(
        self,
        handle: Handle,
        objects: Sequence[Mapping[str, Plain]],
        res: Mapping[str, Plain],
    ) -> Sequence[int | Fault] | Fault:
        try:
            program = self._program(handle.code)
            if program.misfits(["evaluate"]):
                return FAULT
            texts, beside = [json_text(dict(obj)) for obj in objects], json_text(dict(res))
            with closing(self._store(handle.limits)) as store:
                begun = program.begin(store)
                # what traps ends the instance, so it is the fault of all
                return [_whole(begun.evaluate(text, beside)) for text in texts]
        except (*_FAILURES, NotAProgramError):
            return FAULT

    def aggregate(self, handle: Handle, parts: Sequence[int]) -> int | Fault:
        try:
            program = self._program(handle.code)
            if program.misfits(["aggregate"]):
                return FAULT
            with closing(self._store(handle.limits)) as store:
                return _whole(program.begin(store).aggregate(parts))
        except (*_FAILURES, NotAProgramError):
            return FAULT

    def close(self) -> None:
        self._stop.set()
        if self._ticker is not None:
            self._ticker.join()
            self._ticker = None
        self._loaded = None

    def _program(self, code: bytes) -> _Loaded:
        if self._loaded is None or self._loaded[0] != code:
            self._loaded = (code, _loaded(compile_program(code, self._engine), self._engine))
        return self._loaded[1]

    def _store(self, limits: Limits) -> Store:
        self._tick()
        # THREAT T142: whatever a call leaves behind lies in its store, and ends with it.
        store = Store(self._engine)
        store.set_fuel(limits.fuel or MOST_FUEL)
        store.set_epoch_deadline(int(limits.ms_per_partition / 1000 / TICK) + 1)
        # THREAT T145: one memory, so that its limit is the limit of all.
        store.set_limits(limits.memory_mib * MEBIBYTE, ELEMENTS, INSTANCES, TABLES, 1)
        return store

    def _tick(self) -> None:
        """Start the clock that moves the epoch on, if it does not run."""
        if self._ticker is not None:
            return
        self._stop.clear()

        def tick() -> None:
            while not self._stop.wait(TICK):
                self._engine.increment_epoch()

        self._ticker = Thread(target=tick, name="epoch", daemon=True)
        self._ticker.start()


def _loaded(compiled: Module | model.Component, using: Engine) -> _Loaded:
    if isinstance(compiled, Module):
        return _CoreProgram(compiled)
    return _ComponentProgram(using, compiled)


class _CoreProgram:
    """A core module: bytes are put where it says, and it is told where."""

    def __init__(self, module: Module) -> None:
        self._module = module
        types = {each.name: each.type for each in module.exports}
        memory = types.get("memory")
        fits = isinstance(memory, MemoryType) and not memory.is_64 and not memory.is_shared
        self._wrong = {} if fits else {"memory": "exports no memory of 32 bits, `memory`"}
        for name, (takes, gives) in _CORE_TYPES.items():
            if not _is_of_types(types.get(name), takes, gives):
                wanted = f"{name}: ({', '.join(takes)}) -> {', '.join(gives)}"
                self._wrong[name] = f"exports no function `{wanted}`"

    def misfits(self, entries: Sequence[Entry]) -> list[str]:
        return [self._wrong[name] for name in ("memory", "alloc", *entries) if name in self._wrong]

    def begin(self, store: Store) -> "_CoreInstance":
        return _CoreInstance(store, Instance(store, self._module, []))


class _CoreInstance:
    """An instance of a core module."""

    def __init__(self, store: Store, instance: Instance) -> None:
        self._store = store
        self._instance = instance

    def evaluate(self, obj: str, res: str) -> object:
        data = f'{{"object":{obj},"res":{res}}}'.encode()
        return self._call("evaluate", data, len(data))

    def aggregate(self, parts: Sequence[int]) -> object:
        data = b"".join(part.to_bytes(WORD, "little", signed=True) for part in parts)
        return self._call("aggregate", data, len(parts))

    def _call(self, entry: Entry, data: bytes, count: int) -> object:
        store = self._store
        exports = self._instance.exports(store)
        memory, alloc, function = exports["memory"], exports["alloc"], exports[entry]
        if not (
            isinstance(memory, Memory) and isinstance(alloc, Func) and isinstance(function, Func)
        ):
            return None
        at = alloc(store, len(data)) & _PAST
        # THREAT T147: the program names the place; what does not lie in its memory is not written.
        if at + len(data) > memory.data_len(store):
            return None
        if data:
            memory.write(store, data, at)
        return function(store, at if at <= _PAST >> 1 else at - _PAST - 1, count)


class _ComponentProgram:
    """A component of the world `data-task`: the runtime carries texts and lists into it."""

    def __init__(self, using: Engine, component: model.Component) -> None:
        self._component = component
        self._linker = model.Linker(using)
        exports = component.type.exports(using)
        self._places: dict[str, model.ExportIndex] = {}
        for entry in _ENTRIES:
            place = component.get_export_index(entry)
            if place is not None and entry in exports and _is_of_world(exports[entry].ty, entry):
                self._places[entry] = place

    def misfits(self, entries: Sequence[Entry]) -> list[str]:
        return [
            f"exports no function `{entry}` as the world `data-task` has it"
            for entry in entries
            if entry not in self._places
        ]

    def begin(self, store: Store) -> "_ComponentInstance":
        return _ComponentInstance(
            store, self._linker.instantiate(store, self._component), self._places
        )


class _ComponentInstance:
    """An instance of a component."""

    def __init__(
        self, store: Store, instance: model.Instance, places: Mapping[str, model.ExportIndex]
    ) -> None:
        self._store = store
        self._instance = instance
        self._places = places

    def evaluate(self, obj: str, res: str) -> object:
        return self._call("evaluate", obj, res)

    def aggregate(self, parts: Sequence[int]) -> object:
        return self._call("aggregate", list(parts))

    def _call(self, entry: Entry, *given: object) -> object:
        function = self._instance.get_func(self._store, self._places[entry])
        return None if function is None else function(self._store, *given)


def _is_of_types(found: object, takes: list[str], gives: list[str]) -> bool:
    # THREAT T146: a second result would come back as a list, a float as a float.
    return (
        isinstance(found, FuncType)
        and found.params == [_NUMBERS[each]() for each in takes]
        and found.results == [_NUMBERS[each]() for each in gives]
    )


def _is_of_world(found: object, entry: Entry) -> bool:
    """Return whether `found` is the type that the world gives `entry`, by its types alone."""
    if not isinstance(found, model.FuncType) or not isinstance(found.result, model.S64):
        return False
    takes = [each for _, each in found.params]
    if entry == "evaluate":
        return [type(each) for each in takes] == [model.String, model.String]
    lists = [each.element for each in takes if isinstance(each, model.ListType)]
    return len(takes) == len(lists) == 1 and isinstance(lists[0], model.S64)


def _whole(value: object) -> int | Fault:
    # THREAT T146: by exact type, as the other tier has it.
    return value if type(value) is int and LOWEST <= value <= HIGHEST else FAULT


def _bytes_text(value: object) -> str:
    if not isinstance(value, bytes):
        raise TypeError("a value without a form")
    return base64.b64encode(value).decode()
