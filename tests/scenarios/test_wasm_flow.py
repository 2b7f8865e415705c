"""A program of tier `wasm` from its request to a verified answer; a large one; a changed one."""

import base64
import json
import shutil
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from sealhold.compute.verify import verify_files
from sealhold.model.errors import InvalidManifestError, TamperedError
from sealhold.model.quantities import MICRO
from sealhold.node import Node
from sealhold.vault.programs import INLINE
from tests.conformance.programs import CORE, core, wat
from tests.scenarios.vaults import (
    NOON,
    Asker,
    Hands,
    Job,
    allow,
    calendar,
    card_of,
    charged,
    named,
    new_home,
    opened,
)

GREEN = CORE.reads('"summary":"green')  # 1 if the object says so, in the one form of JSON
FUEL = 10_000_000


def job(code: bytes) -> Job:
    return Job(code=code, tier="wasm", fuel=FUEL, milliseconds=1000)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("template")
    with opened(new_home(folder / "home")) as node:
        summaries = [f"{'green' if n < 5 else 'red'} {n}" for n in range(9)]
        node.sources.import_paths([calendar(folder / "c.ics", summaries)])
    return folder / "home"


@pytest.fixture
def home(template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(template, tmp_path / "home"))


@pytest.fixture
def node(home: Path) -> Iterator[Node]:
    with opened(home, Hands()) as found:
        yield found


def test_a_request_becomes_an_answer_with_a_proof(node: Node) -> None:
    asker = Asker(node)
    request = asker.ask(node, job(GREEN))
    card = card_of(node, request)

    answer = node.runs.run(named(allow(node, request)))

    assert card.code.text.startswith(f"WebAssembly, {len(GREEN)} bytes, without any import")
    assert (card.cost_per_answer, card.cost_per_object) == (5 * MICRO, 1 * MICRO)
    assert answer.value == 5
    assert charged(node) == 5 * MICRO


@pytest.mark.parametrize(
    ("code", "why"),
    [
        (wat('(module (import "wasi_snapshot_preview1" "clock_time_get" (func)))'), "imports"),
        (b"\x7fELF and so on", "compiled code is not taken"),
        (b"(module)", "not a WebAssembly module"),
        (core("(i64.const 1)", alloc=""), "alloc"),
    ],
)
def test_a_program_that_is_none_never_becomes_a_request(node: Node, code: bytes, why: str) -> None:
    with pytest.raises(InvalidManifestError, match=why):
        Asker(node).ask(node, job(code))
    assert node.requests.list() == ()


def test_a_large_program_lies_apart_and_answers_after_a_restart(home: Path) -> None:
    large = CORE.reads('"summary":"green') + custom_section(5 * INLINE)
    with opened(home, Hands()) as node:
        grant = Asker(node).granted(node, job(large))
    kept = kept_apart(home)
    compiled = list((home / "compiled").iterdir())

    with opened(home, Hands()) as again:
        assert again.runs.run(grant).value == 5

    assert kept.stat().st_size > 5 * INLINE
    assert list((home / "compiled").iterdir()) == compiled


def test_no_decision_reads_the_large_programs_of_earlier_requests(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(home, Hands()) as node:
        asker = Asker(node)
        asker.granted(node, job(GREEN + custom_section(2 * INLINE)))
        waits = asker.ask(node, job(GREEN + custom_section(3 * INLINE)))

    with opened(home, Hands()) as again:
        read: list[str] = []
        store = type(again.parts.core.objects)
        monkeypatch.setattr(store, "get", lambda _self, name: read.append(name))
        again.requests.list()
        card_of(again, waits)
        asker.ask(again, job(GREEN))
        again.requests.refuse(waits)

    assert read == []


def test_a_program_that_was_run_does_not_stay_in_memory(home: Path) -> None:
    size = 100 * INLINE
    with opened(home, Hands()) as node:
        grant = Asker(node).granted(node, job(GREEN + custom_section(size)))

    with opened(home, Hands()) as again:
        tracemalloc.start()
        try:
            answer = again.runs.run(grant)
            held, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

    assert answer.value == 5
    assert most > size > 2 * held


@pytest.mark.threat("T01")
def test_a_large_program_that_was_changed_is_not_run(home: Path) -> None:
    with opened(home, Hands()) as node:
        grant = Asker(node).granted(node, job(GREEN + custom_section(2 * INLINE)))
    kept = kept_apart(home)
    changed = bytearray(kept.read_bytes())
    changed[1000] ^= 1
    kept.chmod(0o600)
    kept.write_bytes(changed)

    with opened(home, Hands()) as again, pytest.raises(TamperedError):
        again.runs.run(grant)


def kept_apart(home: Path) -> Path:
    (found,) = (file for file in (home / "objects").rglob("*") if file.is_file())
    return found


def custom_section(size: int) -> bytes:
    """Return a section that means nothing, of `size` bytes or a little more."""
    body = b"\x01x" + bytes(size)
    length = len(body)
    leb = b""
    while length > 0x7F:
        leb += bytes([length & 0x7F | 0x80])
        length >>= 7
    return b"\0" + leb + bytes([length]) + body


@pytest.mark.petrus("P4")
def test_the_proof_holds_and_names_the_tier(node: Node) -> None:
    answer = node.runs.run(Asker(node).granted(node, job(GREEN)))
    statement = base64.b64decode(json.loads(answer.proof)["proof"]["payload"])

    assert verify_files([answer.proof], at=NOON).exit_code == 0
    assert b'"tier":"wasm"' in statement
