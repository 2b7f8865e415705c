"""The same small programs in each form that a sandbox takes, for the suite of all sandboxes.

- `Programs` is what a plug-in hands in beside its sandbox; one that runs Python source can take
  `PYTHON`.
- The WebAssembly ones are written as text here and turned into bytes by the runtime's own tool.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import indent
from typing import Protocol

from wasmtime import wat2wasm


class Programs(Protocol):
    """Writes programs of one tier; each is what its name says."""

    @property
    def not_programs(self) -> Sequence[bytes]:
        """Return bytes that are no program of the tier."""
        ...

    def answers(self, number: int) -> bytes:
        """Say `number` of each object; and of parts their sum."""
        ...

    def reads(self, text: str) -> bytes:
        """Say 1 if `text` stands in what the program is given, and else 0."""
        ...

    def fails(self) -> Sequence[bytes]:
        """Break off, each in another way."""
        ...

    def endless(self) -> bytes:
        """Never come to an end."""
        ...

    def takes(self, mebibytes: int) -> bytes:
        """Say 1 after having held so much memory; a sandbox may also answer 0 if it cannot."""
        ...

    def counts(self) -> bytes:
        """Say how often this instance was called, by a count that it keeps for itself."""
        ...

    def looks_outside(self) -> Sequence[bytes]:
        """Say the time, or something by chance, if there is any."""
        ...

    def without_entry(self) -> Sequence[bytes]:
        """Be sound, and have no fitting `evaluate`."""
        ...


@dataclass(frozen=True, slots=True)
class Python:
    """Python source, for the tier `py`."""

    not_programs: Sequence[bytes] = (
        b"", b"def evaluate(obj, res)", b"\xff\xfe", b"\x00", b"evaluate = 1",
    )  # fmt: skip

    def answers(self, number: int) -> bytes:
        return _python(f"return {number}") + b"\ndef aggregate(parts):\n    return sum(parts)\n"

    def reads(self, text: str) -> bytes:
        return _python(f"import json\nreturn int({text!r} in json.dumps([obj, res['param']]))")

    def fails(self) -> Sequence[bytes]:
        bodies = ("raise ValueError", "return 1 // 0", "return missing", "assert False", "exit(0)")
        return [_python(body) for body in bodies]

    def endless(self) -> bytes:
        return _python("while True: pass")

    def takes(self, mebibytes: int) -> bytes:
        return _python(f"return int(len([0] * {mebibytes * 131_072}) > 0)")

    def counts(self) -> bytes:
        return (
            b"seen = []\n"
            + _python("seen.append(1)\nreturn len(seen)")
            + b"\ndef aggregate(parts):\n    seen.append(1)\n    return len(seen)\n"
        )

    def looks_outside(self) -> Sequence[bytes]:
        bodies = (
            "import time\nreturn int(time.time() * 1000000)",
            "import time\nreturn int(time.perf_counter() * 1000000000)",
            "import random\nreturn random.getrandbits(60)",
            "return hash('a text') + id(object())",
        )
        return [_python(body) for body in bodies]

    def without_entry(self) -> Sequence[bytes]:
        return [
            b"x = 1\n",
            b"def evaluate(obj):\n    return 1\n",
            b"def evaluate(obj, res) -> str:\n    return 'a'\n",
        ]


def _python(body: str) -> bytes:
    return f"def evaluate(obj, res):\n{indent(body, '    ')}\n".encode()


# What each core program has: a memory, and room that is given out from its second page on.
MEMORY = '(memory (export "memory") 4)'
ALLOC = """
(global $free (mut i32) (i32.const 65536))
(func $alloc (export "alloc") (param $count i32) (result i32)
  (local $at i32)
  (local.set $at (global.get $free))
  (global.set $free (i32.add (global.get $free) (local.get $count)))
  (local.get $at))
"""
SUM = """
(func (export "aggregate") (param $at i32) (param $count i32) (result i64)
  (local $sum i64)
  (block $done (loop $next
    (br_if $done (i32.eqz (local.get $count)))
    (local.set $sum (i64.add (local.get $sum) (i64.load (local.get $at))))
    (local.set $at (i32.add (local.get $at) (i32.const 8)))
    (local.set $count (i32.sub (local.get $count) (i32.const 1)))
    (br $next)))
  (local.get $sum))
"""
FIND = """
(data (i32.const 0) "{text}")
(func $same (param $at i32) (result i32)
  (local $i i32)
  (block $no (loop $next
    (br_if $no (i32.ne (i32.load8_u (local.get $i))
      (i32.load8_u (i32.add (local.get $at) (local.get $i)))))
    (local.set $i (i32.add (local.get $i) (i32.const 1)))
    (br_if $next (i32.lt_u (local.get $i) (i32.const {count})))
    (return (i32.const 1))))
  (i32.const 0))
(func $find (param $at i32) (param $count i32) (result i64)
  (block $no (loop $next
    (br_if $no (i32.lt_s (local.get $count) (i32.const {count})))
    (if (call $same (local.get $at)) (then (return (i64.const 1))))
    (local.set $at (i32.add (local.get $at) (i32.const 1)))
    (local.set $count (i32.sub (local.get $count) (i32.const 1)))
    (br $next)))
  (i64.const 0))
"""
_COUNT = """
(global $calls (mut i64) (i64.const 0))
(func $call (result i64)
  (global.set $calls (i64.add (global.get $calls) (i64.const 1)))
  (global.get $calls))
"""


def wat(text: str) -> bytes:
    return bytes(wat2wasm(text))


def core(body: str, *, before: str = "", memory: str = MEMORY, alloc: str = ALLOC) -> bytes:
    """Return a core module whose `evaluate` has the instructions `body`."""
    return wat(
        f'(module {memory} {alloc} {before} (func (export "evaluate")'
        f" (param $at i32) (param $count i32) (result i64) {body}))"
    )


def component(body: str, *, before: str = "", memory: str = MEMORY) -> bytes:
    """Return a component around a module like `core`'s; $at and $count are those of the object."""
    return wat(f"""(component
      (core module $inner {memory} {ALLOC} {before}
        (func (export "evaluate")
          (param $at i32) (param $count i32) (param i32 i32) (result i64) {body})
        (func (export "realloc") (param i32 i32 i32 i32) (result i32)
          ;; to the next multiple of 8, which every alignment asked for divides
          (global.set $free (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
          (call $alloc (local.get 3))))
      (core instance $made (instantiate $inner))
      (func (export "evaluate") (param "obj" string) (param "res" string) (result s64)
        (canon lift (core func $made "evaluate")
          (memory (core memory $made "memory")) (realloc (core func $made "realloc"))))
      {_AGGREGATE if '"aggregate"' in before else ""})""")


_AGGREGATE = """
(func (export "aggregate") (param "parts" (list s64)) (result s64)
  (canon lift (core func $made "aggregate")
    (memory (core memory $made "memory")) (realloc (core func $made "realloc"))))
"""


@dataclass(frozen=True, slots=True)
class Wasm:
    """WebAssembly in one of its two forms, for the tier `wasm`."""

    is_component: bool

    not_programs: Sequence[bytes] = (
        b"", b"(module)", b"\0asm", b"\0asm\x01\0\0\0\x01", b"\0asm\x02\0\0\0", b"\x7fELF",
    )  # fmt: skip

    def answers(self, number: int) -> bytes:
        return self._made(f"(i64.const {number})", SUM)

    def reads(self, text: str) -> bytes:
        data = text.encode()
        found = FIND.format(text="".join(f"\\{byte:02x}" for byte in data), count=len(data))
        if not self.is_component:
            return self._made("(call $find (local.get $at) (local.get $count))", found)
        return self._made(  # the object, or what comes beside it
            "(i64.or (call $find (local.get $at) (local.get $count))"
            " (call $find (local.get 2) (local.get 3)))",
            found,
        )

    def fails(self) -> Sequence[bytes]:
        bodies = (
            "unreachable",
            "(i64.div_s (i64.const 1) (i64.const 0))",
            "(i64.load (i32.const -8))",
            "(i64.trunc_f64_s (f64.const nan))",
            "(i64.div_s (i64.const 0x8000000000000000) (i64.const -1))",
        )
        return [self._made(body) for body in bodies]

    def endless(self) -> bytes:
        return self._made("(loop (br 0)) (i64.const 1)")

    def takes(self, mebibytes: int) -> bytes:
        pages = mebibytes * 16
        return self._made(
            f"(i64.extend_i32_u (i32.ne (memory.grow (i32.const {pages})) (i32.const -1)))"
        )

    def counts(self) -> bytes:
        entry = '(func (export "aggregate") (param i32 i32) (result i64) (call $call))'
        return self._made("(call $call)", _COUNT + entry)

    def looks_outside(self) -> Sequence[bytes]:
        if self.is_component:
            names = (
                "wasi:clocks/wall-clock@0.2.0",
                "time:of/day@0.1.0",
                "wasi:random/random@0.2.0",
            )
            return [
                wat(f'(component (import "{name}" (instance (export "now" (func)))))')
                for name in names
            ]
        asked = ("clock_time_get", "random_get")
        return [
            wat(f"""(module (import "wasi_snapshot_preview1" "{name}" (func $ask (result i64)))
              {MEMORY} {ALLOC}
              (func (export "evaluate") (param i32 i32) (result i64) (call $ask)))""")
            for name in asked
        ]

    def without_entry(self) -> Sequence[bytes]:
        if self.is_component:
            return [wat("(component)")]
        other = '(func (export "evaluate") (param i32) (result i64) (i64.const 1))'
        return [
            wat(f"(module {MEMORY} {ALLOC})"),
            wat(f"(module {MEMORY} {ALLOC} {other})"),
        ]

    def _made(self, body: str, before: str = "") -> bytes:
        if self.is_component:
            return component(body, before=before)
        return core(body, before=before)


PYTHON, CORE, COMPONENT = Python(), Wasm(is_component=False), Wasm(is_component=True)
