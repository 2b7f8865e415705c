"""What is compiled: never taken from outside, never believed if changed, never too much."""

import errno
import fcntl
import mmap
import os
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest
import wasmtime

from sealhold.compute.products import IN_MEMORY, ON_DISK, Product, Products
from sealhold.compute.runner import Runner
from sealhold.compute.sandboxes.wasm import WasmSandbox, compile_program, engine
from sealhold.compute.spec import FAULT, Limits
from sealhold.crypto.secret import Secret
from sealhold.model.errors import UnavailableError
from tests.calm import Calm
from tests.conformance.programs import ALLOC, MEMORY, core, wat

LIMITS = Limits(ms_per_partition=500, memory_mib=16, tier="wasm")
FIVE, SIX = core("(i64.const 5)"), core("(i64.const 6)")
KEY, OTHER_KEY = Secret(bytes(32), "a key"), Secret(bytes(31) + b"\x01", "another key")


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    with Runner() as entered:
        yield entered


def compiled(code: bytes) -> bytes:
    return bytes(compile_program(code, engine()).serialize())


def run(products: Products, code: bytes) -> list[int | None]:
    with Runner(products=products) as runner:
        return runner.evaluate(code, {}, [{}], LIMITS)


def kept(folder: Path, key: Secret = KEY) -> Products:
    return Products(folder, key, os.urandom)


@pytest.mark.threat("T140")
@pytest.mark.parametrize(
    "code",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b'(module (func (export "evaluate")))', id="text"),
        pytest.param(b"\n\0asm\x01\0\0\0", id="a letter before"),
        pytest.param(b"\0asm\x01\0\0", id="cut"),
        pytest.param(b"\0asm\x02\0\0\0", id="another version"),
        pytest.param(b"\0asm\x0d\0\x02\0", id="another layer"),
        pytest.param(b"\0asm\x01\0\0\0" + b"\xff" * 40, id="noise behind the name"),
        pytest.param(b"PK\x03\x04" + FIVE, id="an archive"),
        pytest.param(b"def evaluate(obj, res):\n    return 1\n", id="Python"),
        pytest.param(b"\0asm\x0d\0\x01\0" + FIVE[8:], id="a module under a component's name"),
        pytest.param(FIVE[:-3], id="a module without its end"),
        pytest.param(FIVE + b"\0", id="a module with more behind it"),
        pytest.param(b"\0asm\x01\0\0\0\x01\xff\xff\xff\xff\x0f", id="a section of 4 GiB"),
    ],
)
def test_what_is_no_binary_of_webassembly_is_no_program(runner: Runner, code: bytes) -> None:
    assert runner.check(code, ["evaluate"], "wasm")
    assert runner.evaluate(code, {}, [{}, {}], LIMITS) == [None, None]


@pytest.mark.threat("T140")
def test_compiled_code_from_outside_is_refused_whole_and_changed(runner: Runner) -> None:
    whole = compiled(FIVE)
    at = whole.index(struct.pack("<I", 5))
    changed = whole[:at] + struct.pack("<I", 6) + whole[at + 4 :]

    for code in (whole, changed):
        (error,) = runner.check(code, ["evaluate"], "wasm")
        assert "compiled code is not taken" in error.message
        assert runner.evaluate(code, {}, [{}], LIMITS) == [None]


@pytest.mark.threat("T140")
def test_the_runtime_itself_would_believe_changed_code(tmp_path: Path) -> None:
    # Why it must never see any: this is what the seal stands against.
    constant = core("(i64.const 0x1122334455667788)")
    whole = compiled(constant)
    changed = whole.replace(struct.pack("<Q", 0x1122334455667788), struct.pack("<Q", 666))
    (tmp_path / "x").write_bytes(changed)
    wasmtime.Module.deserialize_file(engine(), str(tmp_path / "x"))

    assert changed != whole


@pytest.mark.threat("T149")
def test_a_compiled_program_is_found_again_on_disk(tmp_path: Path) -> None:
    assert run(kept(tmp_path), FIVE) == [5]

    found = kept(tmp_path).find(FIVE)

    assert found is not None
    assert kept(tmp_path).find(SIX) is None
    assert [file.stat().st_mode & 0o777 for file in tmp_path.iterdir()] == [0o600]


@pytest.mark.threat("T149")
def test_every_bit_of_a_kept_product_counts(tmp_path: Path) -> None:
    run(kept(tmp_path), FIVE)
    (file,) = tmp_path.iterdir()
    whole, chance = file.read_bytes(), Random(3)

    for at in [0, 11, 12, len(whole) - 1, *(chance.randrange(len(whole)) for _ in range(40))]:
        changed = bytearray(whole)
        changed[at] ^= 1 << chance.randrange(8)
        file.write_bytes(changed)
        assert kept(tmp_path).find(FIVE) is None
    assert run(kept(tmp_path), FIVE) == [5]


@pytest.mark.threat("T149")
@pytest.mark.parametrize("length", [0, 1, 27, 28, 1000])
def test_a_kept_product_that_was_cut_is_compiled_anew(tmp_path: Path, length: int) -> None:
    run(kept(tmp_path), FIVE)
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:length])

    assert kept(tmp_path).find(FIVE) is None
    assert run(kept(tmp_path), FIVE) == [5]


@pytest.mark.threat("T149")
def test_a_product_under_the_name_of_another_is_not_believed(tmp_path: Path) -> None:
    run(kept(tmp_path), FIVE)
    (five,) = tmp_path.iterdir()
    run(kept(tmp_path), SIX)
    (six,) = set(tmp_path.iterdir()) - {five}
    six.write_bytes(five.read_bytes())

    assert kept(tmp_path).find(SIX) is None
    assert run(kept(tmp_path), SIX) == [6]


@pytest.mark.threat("T149")
def test_a_product_that_is_put_there_plain_is_not_believed(tmp_path: Path) -> None:
    run(kept(tmp_path), FIVE)
    (file,) = tmp_path.iterdir()
    file.write_bytes(compiled(SIX))

    assert run(kept(tmp_path), FIVE) == [5]


@pytest.mark.threat("T149")
def test_a_product_of_another_vault_is_neither_named_nor_opened_here(tmp_path: Path) -> None:
    run(kept(tmp_path, OTHER_KEY), FIVE)
    (theirs,) = tmp_path.iterdir()

    assert kept(tmp_path).find(FIVE) is None
    run(kept(tmp_path), FIVE)
    (ours,) = set(tmp_path.iterdir()) - {theirs}
    ours.write_bytes(theirs.read_bytes())

    assert kept(tmp_path).find(FIVE) is None


@pytest.mark.threat("T149")
def test_nothing_of_a_program_stands_in_clear_in_a_kept_product(tmp_path: Path) -> None:
    marked = core("(i64.load (i32.const 0))", before='(data (i32.const 0) "marker-4711-marker")')
    run(kept(tmp_path), marked)
    (file,) = tmp_path.iterdir()

    assert b"marker-4711-marker" in compiled(marked)
    assert b"marker" not in file.read_bytes()


@pytest.mark.threat("T149")
def test_a_product_in_memory_cannot_be_written_grown_or_cut() -> None:
    product = Product([b"part one, ", b"part two"])

    for attempt in (
        lambda: os.pwrite(product.descriptor, b"x", 0),
        lambda: os.ftruncate(product.descriptor, 1),
        lambda: os.ftruncate(product.descriptor, 100),
        lambda: mmap.mmap(product.descriptor, 10),
        lambda: fcntl.fcntl(product.descriptor, fcntl.F_ADD_SEALS, 0),
    ):
        with pytest.raises(OSError, match="not permitted"):
            attempt()
    assert product.content() == b"part one, part two"


def test_a_product_without_memory_for_it_is_no_fault_of_ours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(_name: str, _flags: int) -> int:
        raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))

    monkeypatch.setattr(os, "memfd_create", full)

    with pytest.raises(UnavailableError, match="no memory for a compiled program"):
        Product([b"x"])


def test_a_product_that_does_not_fit_this_machine_is_compiled_anew() -> None:
    products = Products()
    products.keep(FIVE, Product([b"made for another machine"]))

    assert run(products, FIVE) == [5]


def test_few_products_are_kept_in_memory_and_not_many_on_disk(tmp_path: Path) -> None:
    products = kept(tmp_path)
    for number in range(ON_DISK + 3):
        products.keep(bytes([number]), Product([b"x"]))

    assert len(list(tmp_path.iterdir())) == ON_DISK
    assert products.find(b"\0") is None
    assert sum(kept(tmp_path).find(bytes([number])) is not None for number in range(19)) == ON_DISK
    assert IN_MEMORY < ON_DISK


@pytest.mark.threat("T148")
@pytest.mark.parametrize(
    "made",
    [
        pytest.param(lambda: core("(nop) " * 4_000_000 + "(i64.const 1)"), id="a long function"),
        pytest.param(
            lambda: core("(block " * 40_000 + ")" * 40_000 + "(i64.const 1)"),
            id="forty thousand blocks",
        ),
        pytest.param(
            lambda: core("(i64.const 0)" + " (i64.const 1) (i64.add)" * 900_000),
            id="a sum of a million",
        ),
        pytest.param(
            lambda: core(
                "(i64.const 1)", before="(func (param i64) (result i64) (local.get 0))" * 60_000
            ),
            id="sixty thousand functions",
        ),
        pytest.param(
            lambda: wat(f"(module {MEMORY} {ALLOC} " + '(data (i32.const 0) "x")' * 100_001 + ")"),
            id="a hundred thousand segments",
        ),
    ],
)
def test_a_compile_bomb_ends_within_its_limits_and_the_next_is_served(
    runner: Runner, made: Callable[[], bytes]
) -> None:
    code = made()  # here: the text has megabytes
    began = Calm()
    runner.check(code, ["evaluate"], "wasm")

    assert began.within(60)
    assert runner.evaluate(FIVE, {}, [{}], LIMITS) == [5]


@pytest.mark.threat("T148")
def test_a_program_that_cannot_be_compiled_is_told_and_costs_no_answer(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "sealhold.compute.runner.COMPILING", 0.0
    )  # the compiler is never waited for
    code = core("(i64.const 77)" + " i64.const 1 i64.add" * 20_000)  # not done in no time

    (error,) = runner.check(code, ["evaluate"], "wasm")

    assert "cannot be compiled within" in error.message


def test_a_sandbox_without_a_jail_gives_the_same_answers() -> None:
    sandbox = WasmSandbox()
    handle = sandbox.compile(FIVE, LIMITS)

    assert sandbox.run(handle, {}, {}) == 5
    assert sandbox.run(sandbox.compile(b"\x7fELF", LIMITS), {}, {}) is FAULT
    sandbox.close()
