"""Programs of tier `wasm` that use up, reach out, lie or remember, by what each tries."""

from tests.conformance.programs import ALLOC, MEMORY, component, core, wat

# Each breaks off: the object gets the default, and the next one is served.
USES_UP = {
    "loop": core("(loop (br 0)) (i64.const 1)"),
    "loop that counts": core("(local i64) (loop (local.set 2 (i64.add (local.get 2)"
                             " (i64.const 1))) (br 0)) (local.get 2)"),
    "recursion": core("(call $down)", before="(func $down (result i64)"
                      " (i64.add (call $down) (i64.const 1)))"),
    "two functions in turn": core("(call $one)", before="(func $one (result i64) (i64.add"
                                  " (call $two) (i64.const 1))) (func $two (result i64)"
                                  " (i64.add (call $one) (i64.const 1)))"),
    "recursion through a table": core(
        "(call_indirect (result i64) (i32.const 0))",
        before="(table 1 funcref) (elem (i32.const 0) $down) (func $down (result i64)"
        " (i64.add (call_indirect (result i64) (i32.const 0)) (i64.const 1)))",
    ),
    "deep frames": core("(call $down)", before=f"(func $down (result i64) (local {'i64 ' * 2000})"
                        " (i64.add (call $down) (local.get 5)))"),
    "filling memory for ever": core("(loop (memory.fill (i32.const 0) (i32.const 1)"
                                    " (i32.const 262144)) (br 0)) (i64.const 1)"),
    "copying memory for ever": core("(loop (memory.copy (i32.const 0) (i32.const 8)"
                                    " (i32.const 131072)) (br 0)) (i64.const 1)"),
    "growing memory for ever": core("(loop (drop (memory.grow (i32.const 1))) (br 0))"
                                    " (i64.const 1)"),
    "growing a table for ever": core(
        "(loop (drop (table.grow 0 (ref.null func) (i32.const 1000))) (br 0)) (i64.const 1)",
        before="(table 1 funcref)",
    ),
    "a memory beyond the limit": core("(i64.const 1)", memory='(memory (export "memory") 2000)'),
    "a memory of 4 GiB": core("(i64.const 1)", memory='(memory (export "memory") 65536)'),
    "a table of 10 million": core("(i64.const 1)", before="(table 10000000 funcref)"),
    "many tables": core("(i64.const 1)", before="(table 1 funcref)" * 50),
    "start that loops": core("(i64.const 1)", before="(func $go (loop (br 0))) (start $go)"),
    "start that traps": core("(i64.const 1)", before="(func $go unreachable) (start $go)"),
    "room that is never given": core("(i64.const 1)", alloc='(func (export "alloc") (param i32)'
                                     " (result i32) (loop (br 0)) (i32.const 0))"),
    "room that traps": core("(i64.const 1)", alloc='(func (export "alloc") (param i32)'
                            " (result i32) unreachable)"),
    "data beyond memory": core("(i64.const 1)", before='(data (i32.const 262140) "too long")'),
    "elements beyond a table": core("(i64.const 1)", before="(table 1 funcref) (func $f)"
                                    " (elem (i32.const 1) $f)"),
    "a loop of a component": component("(loop (br 0)) (i64.const 1)"),
    "recursion of a component": component("(call $down)", before="(func $down (result i64)"
                                          " (i64.add (call $down) (i64.const 1)))"),
    "a component with a memory beyond the limit": component(
        "(i64.const 1)", memory='(memory (export "memory") 2000)'
    ),
}  # fmt: skip

TRAPS = {
    "unreachable": "unreachable",
    "division by zero": "(i64.div_s (i64.const 1) (i64.const 0))",
    "remainder by zero": "(i64.rem_u (i64.const 1) (i64.const 0))",
    "quotient too large": "(i64.div_s (i64.const 0x8000000000000000) (i64.const -1))",
    "NaN to a whole number": "(i64.trunc_f64_s (f64.const nan))",
    "infinity to a whole number": "(i64.trunc_f64_s (f64.const inf))",
    "read beyond memory": "(i64.load (i32.const 262140))",
    "read below zero": "(i64.load (i32.const -8))",
    "read past a wrapped address": "(i64.load offset=4294967295 (i32.const 4294967295))",
    "write beyond memory": "(i64.store (i32.const 262140) (i64.const 1)) (i64.const 1)",
    "fill beyond memory": "(memory.fill (i32.const 1) (i32.const 0) (i32.const -1)) (i64.const 1)",
}
TABLE_TRAPS = {
    "call of nothing": "(call_indirect (result i64) (i32.const 0))",
    "call past a table": "(call_indirect (result i64) (i32.const 9))",
    "call of another type": "(call_indirect (result i64) (i32.const 1))",
}

# The places at which a program may say that its input shall lie; none is inside its memory.
PLACES = {
    "the last byte": "(i32.const 262143)",
    "the end": "(i32.const 262144)",
    "minus one": "(i32.const -1)",
    "the lowest address": "(i32.const 0x80000000)",
    "just so much too far": "(i32.sub (i32.const 262145) (local.get 0))",
    "a wrapped sum": "(i32.sub (i32.const 0) (local.get 0))",
}

IMPORTS = {
    "a function": '(import "env" "f" (func))',
    "a memory": '(import "env" "memory" (memory 1))',
    "a table": '(import "env" "table" (table 1 funcref))',
    "a global": '(import "env" "global" (global i32))',
    "a global to write": '(import "env" "global" (global (mut i64)))',
    "a function of no name": '(import "" "" (func))',
    "the host's own names": '(import "wasmtime" "epoch" (func (result i64)))',
}
WASI = (
    "args_get", "args_sizes_get", "environ_get", "environ_sizes_get", "clock_res_get",
    "clock_time_get", "fd_advise", "fd_allocate", "fd_close", "fd_datasync", "fd_fdstat_get",
    "fd_fdstat_set_flags", "fd_filestat_get", "fd_pread", "fd_prestat_get", "fd_prestat_dir_name",
    "fd_pwrite", "fd_read", "fd_readdir", "fd_renumber", "fd_seek", "fd_sync", "fd_tell",
    "fd_write", "path_create_directory", "path_filestat_get", "path_link", "path_open",
    "path_readlink", "path_remove_directory", "path_rename", "path_symlink", "path_unlink_file",
    "poll_oneoff", "proc_exit", "proc_raise", "random_get", "sched_yield", "sock_accept",
    "sock_recv", "sock_send", "sock_shutdown",
)  # fmt: skip
WASI_INTERFACES = (
    "wasi:clocks/monotonic-clock@0.2.0", "wasi:clocks/wall-clock@0.2.0",
    "wasi:cli/environment@0.2.0", "wasi:cli/stdout@0.2.0", "wasi:filesystem/types@0.2.0",
    "wasi:filesystem/preopens@0.2.0", "wasi:random/random@0.2.0",
    "wasi:random/insecure-seed@0.2.0", "wasi:sockets/tcp@0.2.0",
    "wasi:sockets/ip-name-lookup@0.2.0", "wasi:http/outgoing-handler@0.2.0",
    "wasi:io/poll@0.2.0",
)  # fmt: skip

_EMPTY = f"{MEMORY} {ALLOC}"
# Sound WebAssembly of a kind that is switched off, because it would not be the same everywhere or
# is not needed.
SWITCHED_OFF = {
    "shared memory": '(module (memory (export "memory") 1 1 shared))',
    "atomics": "(module (memory 1 1 shared) (func (drop (i32.atomic.load (i32.const 0)))))",
    "two memories": "(module (memory 1) (memory 1))",
    "64-bit memory": '(module (memory (export "memory") i64 1))',
    "relaxed SIMD": "(module (func (param v128) (result v128) (f32x4.relaxed_madd (local.get 0)"
    " (local.get 0) (local.get 0))))",
    "tail calls": "(module (func $f (return_call $f)))",
    "exceptions": "(module (tag $t) (func (throw $t)))",
    "garbage collection": "(module (type (struct (field i32))))",
    "typed references": "(module (type $t (func)) (func (param (ref null $t))))",
    "pages of one byte": "(module (memory 1 (pagesize 1)))",
    "wide arithmetic": "(module (func (param i64 i64 i64 i64) (result i64 i64)"
    " (i64.add128 (local.get 0) (local.get 1) (local.get 2) (local.get 3))))",
    "stack switching": "(module (type $f (func)) (type $c (cont $f)))",
}


def evaluate(takes: str, gives: str, body: str) -> bytes:
    """Return a core module whose `evaluate` has another type."""
    return wat(f'(module {_EMPTY} (func (export "evaluate") {takes} {gives} {body}))')


_TAKES = "(param i32 i32)"
OTHER_TYPES = {
    "a result of 32 bits": evaluate(_TAKES, "(result i32)", "(i32.const 1)"),
    "a float": evaluate(_TAKES, "(result f64)", "(f64.const 1)"),
    "a reference": evaluate(_TAKES, "(result funcref)", "(ref.null func)"),
    "no result": evaluate(_TAKES, "", ""),
    "two results": evaluate(_TAKES, "(result i64 i64)", "(i64.const 1) (i64.const 1)"),
    "one parameter": evaluate("(param i32)", "(result i64)", "(i64.const 1)"),
    "three parameters": evaluate("(param i32 i32 i32)", "(result i64)", "(i64.const 1)"),
    "an address of 64 bits": evaluate("(param i64 i32)", "(result i64)", "(i64.const 1)"),
    "a global": wat(f'(module {_EMPTY} (global (export "evaluate") i64 (i64.const 1)))'),
    "a table": wat(f'(module {_EMPTY} (table (export "evaluate") 1 funcref))'),
    "no memory": core("(i64.const 1)", memory="(memory 4)"),
    "a memory that is a global": core(
        "(i64.const 1)", memory='(memory 4) (global (export "memory") i32 (i32.const 1))'
    ),
    "no room": core("(i64.const 1)", alloc=""),
    "room of 64 bits": core(
        "(i64.const 1)",
        alloc='(func (export "alloc") (param i32) (result i64) (i64.const 0))',
    ),
    "room twice": core(
        "(i64.const 1)",
        alloc='(func (export "alloc") (param i32) (result i32 i32) (i32.const 0) (i32.const 0))',
    ),
}
# The runtime's own tools have no words for this type, and end their process over it.
VECTOR = evaluate(_TAKES, "(result v128)", "(v128.const i64x2 1 1)")


def _lifted(core_type: str, body: str, component_type: str, options: str = "") -> bytes:
    return wat(f"""(component
      (core module $inner {MEMORY} {ALLOC}
        (func (export "evaluate") {core_type} {body})
        (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 65536)))
      (core instance $made (instantiate $inner))
      (func (export "evaluate") {component_type}
        (canon lift (core func $made "evaluate") (memory (core memory $made "memory"))
          (realloc (core func $made "realloc")) {options})))""")


_TEXTS, _FOUR = '(param "obj" string) (param "res" string)', "(param i32 i32 i32 i32)"
OTHER_WORLDS = {
    "a text": _lifted(f"{_FOUR} (result i32)", "(i32.const 0)", f"{_TEXTS} (result string)"),
    "an unsigned number": _lifted(f"{_FOUR} (result i64)", "(i64.const 1)",
                                  f"{_TEXTS} (result u64)"),
    "a number of 32 bits": _lifted(f"{_FOUR} (result i32)", "(i32.const 1)",
                                   f"{_TEXTS} (result s32)"),
    "a float": _lifted(f"{_FOUR} (result f64)", "(f64.const 1)", f"{_TEXTS} (result f64)"),
    "a truth value": _lifted(f"{_FOUR} (result i32)", "(i32.const 1)", f"{_TEXTS} (result bool)"),
    "a list": _lifted(f"{_FOUR} (result i32)", "(i32.const 0)", f"{_TEXTS} (result (list s64))"),
    "an option": _lifted(f"{_FOUR} (result i32)", "(i32.const 0)",
                         f"{_TEXTS} (result (option s64))"),
    "a result or an error": _lifted(f"{_FOUR} (result i32)", "(i32.const 0)",
                                    f"{_TEXTS} (result (result s64 (error string)))"),
    "a pair": _lifted(f"{_FOUR} (result i32)", "(i32.const 0)",
                      f"{_TEXTS} (result (tuple s64 s64))"),
    "no result": _lifted(_FOUR, "", _TEXTS),
    "one parameter": _lifted("(param i32 i32) (result i64)", "(i64.const 1)",
                             '(param "obj" string) (result s64)'),
    "bytes for text": _lifted(f"{_FOUR} (result i64)", "(i64.const 1)",
                              '(param "obj" (list u8)) (param "res" string) (result s64)'),
}  # fmt: skip

# Each counts its calls somewhere; where it is asked twice it must say 1 both times.
REMEMBERS = {
    "a global": core(
        "(global.set $n (i64.add (global.get $n) (i64.const 1))) (global.get $n)",
        before="(global $n (mut i64) (i64.const 0))",
    ),
    "memory": core(
        "(i64.store (i32.const 8) (i64.add (i64.load (i32.const 8)) (i64.const 1)))"
        " (i64.load (i32.const 8))"
    ),
    "memory that was grown": core("(drop (memory.grow (i32.const 1)))"
                                  " (i64.sub (i64.extend_i32_u (memory.size)) (i64.const 4))"),
    "memory past its beginning": core(
        "(drop (memory.grow (i32.const 1))) (i64.store (i32.const 262144)"
        " (i64.add (i64.load (i32.const 262144)) (i64.const 1))) (i64.load (i32.const 262144))"
    ),
    "a table": core(
        "(if (ref.is_null (table.get 0 (i32.const 0))) (then (table.set 0 (i32.const 0)"
        " (ref.func $f)) (return (i64.const 1)))) (i64.const 2)",
        before="(table 1 funcref) (func $f) (elem declare func $f)",
    ),
    "a table that was grown": core(
        "(drop (table.grow 0 (ref.null func) (i32.const 1)))"
        " (i64.sub (i64.extend_i32_u (table.size 0)) (i64.const 1))",
        before="(table 1 funcref)",
    ),
    "a dropped segment": core(
        "(memory.init $d (i32.const 0) (i32.const 0) (i32.const 1)) (data.drop $d)"
        " (i64.const 1)", before='(data $d "x")',
    ),
    "its start": core("(global.get $n)", before="(global $n (mut i64) (i64.const 0))"
                      " (func $go (global.set $n (i64.add (global.get $n) (i64.const 1))))"
                      " (start $go)"),
    "a component": component(
        "(global.set $n (i64.add (global.get $n) (i64.const 1))) (global.get $n)",
        before="(global $n (mut i64) (i64.const 0))",
    ),
}  # fmt: skip

# Bits that a machine could choose; each has one value by the specification of the tier.
BITS = {
    "0 / 0": ("(i64.reinterpret_f64 (f64.div (f64.const 0) (f64.const 0)))", 0x7FF8000000000000),
    "the root of -1": ("(i64.reinterpret_f64 (f64.sqrt (f64.const -1)))", 0x7FF8000000000000),
    "a sum with a NaN that carries bits": (
        "(i64.reinterpret_f64 (f64.add (f64.const nan:0xfffffffffff) (f64.const 1)))",
        0x7FF8000000000000,
    ),
    "the lesser of a NaN": (
        "(i64.reinterpret_f64 (f64.min (f64.const nan:0x4000000000001) (f64.const 1)))",
        0x7FF8000000000000,
    ),
    "infinity less infinity": (
        "(i64.reinterpret_f64 (f64.sub (f64.const inf) (f64.const inf)))", 0x7FF8000000000000,
    ),
    "a NaN of 32 bits": (
        "(i64.extend_i32_u (i32.reinterpret_f32 (f32.div (f32.const 0) (f32.const 0))))",
        0x7FC00000,
    ),
    "a NaN that is narrowed": (
        "(i64.extend_i32_u (i32.reinterpret_f32 (f32.demote_f64 (f64.const nan:0xfffffffffff))))",
        0x7FC00000,
    ),
    "a NaN in a vector": (
        "(i64x2.extract_lane 1 (f64x2.div (v128.const f64x2 0 0) (v128.const f64x2 0 0)))",
        0x7FF8000000000000,
    ),
}  # fmt: skip
