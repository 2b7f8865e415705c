"""A vault whose owner chose a TPM: from the request to a stranger who demands hardware.

swtpm and tpm2-tools are system packages; without them these tests are left out, and with CI=true
that is a failure.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from sealhold.compute.compliance import build_proof
from sealhold.compute.evidence import Occasion
from sealhold.compute.proof_rules import Policy
from sealhold.compute.tpmvouching import Tpm
from sealhold.compute.verify import verify_files
from sealhold.compute.vouching import Terms
from sealhold.crypto.digest import sha256
from sealhold.frontends.cli.main import run
from sealhold.frontends.cli.session import Shell
from sealhold.model.encoding import to_json
from sealhold.model.errors import EvidenceUnavailableError, InvalidManifestError
from sealhold.node import Node
from tests.scenarios.tpms import tpm_in_software, vendor
from tests.scenarios.vaults import (
    NOON,
    Asker,
    Hands,
    Job,
    allow,
    calendar,
    charged,
    named,
    new_home,
    opened,
    world,
)
from tests.unit.sample_proof import one

WANTED = Job(evidence="tpm2")
OTHER = sha256(b"a program that slipped in")


@pytest.fixture(scope="module")
def tcti() -> Iterator[str]:
    with tpm_in_software() as found:
        yield found


def choose(home: Path, text: str) -> None:
    (home / "config.toml").touch(0o600)
    (home / "config.toml").write_text(text)


def chosen(tcti: str) -> str:
    return f'[evidence]\nproducer = "tpm2"\ntcti = "{tcti}"\n'


@contextmanager
def with_trips(home: Path, tmp_path: Path) -> Iterator[Node]:
    with opened(home) as node:
        node.sources.import_paths([calendar(tmp_path / "c.ics", ["green 1", "red", "green 2"])])
        yield node


@dataclass(frozen=True)
class Elsewhere:
    """What a stranger has: proofs, and what the vendor and the owner gave out once."""

    proofs: tuple[bytes, ...]
    files: tuple[bytes, ...]  # the key that signs, and the certificates above it
    root: bytes
    home: Path


@pytest.fixture(scope="module")
def elsewhere(tcti: str, tmp_path_factory: pytest.TempPathFactory) -> Elsewhere:
    folder = tmp_path_factory.mktemp("vault")
    home = new_home(folder / "home")
    choose(home, chosen(tcti))
    with with_trips(home, folder) as node:
        asker = Asker(node)
        grants = [named(allow(node, asker.ask(node, WANTED))) for _ in range(2)]
        first = node.runs.run(grants[0]).proof
    with opened(home) as node:  # the key is the same one after a restart
        second = node.runs.run(grants[1]).proof
    chain = vendor((home / "tpm" / "ek.der").read_bytes())
    key = (home / "tpm" / "ak.pub").read_bytes()
    files = (key, *(each.der for each in chain))
    return Elsewhere((first, second), files, chain[-1].digest, home)


def judged(found: Elsewhere, proof: bytes, **changes: object) -> tuple[int, list[str], str]:
    """Return the verdict of a stranger who demands a TPM: code, what failed, on the evidence."""
    terms = Terms(collateral=found.files, roots=frozenset({found.root}))
    policy = Policy(evidence="tpm2", terms=replace(terms, **changes))  # type: ignore[arg-type]  # reason: fields of it
    verdict = verify_files([proof], at=Hands().now, policy=policy)
    failed = [check.name for check in verdict.checks if not check.held]
    told = next(check.detail for check in verdict.checks if check.name == "evidence")
    return verdict.exit_code, failed, told


def test_a_stranger_who_demands_a_tpm_takes_the_proof(
    elsewhere: Elsewhere, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["verify", "--evidence", "tpm2", "--root", elsewhere.root.hex(), "--json"]
    for name, data in zip(("key", "ek", "root"), elsewhere.files, strict=True):
        (tmp_path / name).write_bytes(data)
        words += ["--collateral", str(tmp_path / name)]
    proofs = []
    for number, proof in enumerate(elsewhere.proofs):
        (tmp_path / f"{number}.json").write_bytes(proof)
        proofs.append(str(tmp_path / f"{number}.json"))

    code = run([*words, *proofs], Shell(environment={}, world=world()))

    told = json.loads(capsys.readouterr().out)
    assert code == 0
    lines = [each["detail"] for each in told["checks"] if each["name"].endswith(", evidence")]
    assert len(lines) == 2
    assert all(line.startswith("`tpm2`, warning: hardware vouches") for line in lines)


def test_without_what_the_vendor_gave_out_it_is_less_than_demanded(elsewhere: Elsewhere) -> None:
    unknown = judged(elsewhere, elsewhere.proofs[0], collateral=())
    keyed = judged(elsewhere, elsewhere.proofs[0], collateral=elsewhere.files[:1])

    assert unknown[:2] == keyed[:2] == (3, ["evidence"])
    assert "was not judged and counts for nothing" in unknown[2]
    assert "a key of no vendor whom you trust" in keyed[2]


@pytest.mark.threat("T157")
def test_a_vendor_whom_the_stranger_does_not_trust_makes_no_hardware(elsewhere: Elsewhere) -> None:
    assert judged(elsewhere, elsewhere.proofs[0], roots=frozenset())[:2] == (6, ["evidence"])


@pytest.mark.threat("T178")
def test_a_quote_of_another_statement_is_refused(elsewhere: Elsewhere) -> None:
    mine, other = (json.loads(proof) for proof in elsewhere.proofs)
    mine["evidence"] = other["evidence"]

    code, failed, told = judged(elsewhere, to_json(mine))

    assert (code, failed) == (6, ["evidence"])
    assert "the challenge in it is another" in told


@pytest.mark.threat("T151")
def test_a_quote_with_a_changed_byte_is_refused(elsewhere: Elsewhere) -> None:
    mine = json.loads(elsewhere.proofs[0])
    data = b64decode(mine["evidence"])
    codes = set()
    for place in range(0, len(data), 7):
        bent = bytearray(data)
        bent[place] ^= 1
        mine["evidence"] = b64encode(bytes(bent)).decode()
        codes.add(judged(elsewhere, to_json(mine))[0])

    assert codes == {6}


class Slipped(Tpm):
    """The vault's TPM, into whose register something else is extended than the answer's run."""

    ran: Callable[[Occasion], tuple[bytes, ...]]

    def run_of(self, occasion: Occasion) -> tuple[bytes, ...]:
        return self.ran(occasion)


@pytest.mark.threat("T157")
@pytest.mark.parametrize(
    ("ran", "code"),
    [
        (lambda at: (at.runtime, at.code), 0),
        (lambda at: (at.runtime, OTHER), 6),
        (lambda at: (OTHER, at.code), 6),
        (lambda at: (at.runtime, at.code, OTHER), 6),
        (lambda at: (at.code,), 6),
    ],
)
def test_a_register_with_another_program_than_the_statement_names_is_refused(
    elsewhere: Elsewhere, tcti: str, ran: Callable[[Occasion], tuple[bytes, ...]], code: int
) -> None:
    machine = Slipped(elsewhere.home / "tpm", tcti)
    machine.ran = ran
    base = one()
    proof = build_proof(
        base.task,
        replace(base.answer, slot_time=NOON),
        replace(base.conduct, evidence=machine.claim),
        base.prover.key,
        machine,
    )

    assert judged(elsewhere, proof)[:2] == (code, ["evidence"] if code else [])


@pytest.mark.threat("T178")
def test_a_vault_of_software_refuses_a_task_that_demands_a_tpm(tmp_path: Path) -> None:
    with with_trips(new_home(tmp_path / "home"), tmp_path) as node:
        with pytest.raises(InvalidManifestError) as refused:
            Asker(node).ask(node, WANTED)

        assert "demands evidence `tpm2`; proofs here bear `sw`" in str(refused.value)


@pytest.mark.threat("T178")
def test_what_the_owner_set_back_to_software_is_neither_allowed_nor_run_for_a_tpm(
    tmp_path: Path, tcti: str
) -> None:
    home = new_home(tmp_path / "home")
    choose(home, chosen(tcti))
    with with_trips(home, tmp_path) as node:
        asker = Asker(node)
        grant = named(allow(node, asker.ask(node, WANTED)))
        waiting = asker.ask(node, replace(WANTED, name="Another"))
    choose(home, "")

    with opened(home) as node:
        before = charged(node)
        with pytest.raises(InvalidManifestError):
            allow(node, waiting)
        with pytest.raises(InvalidManifestError):
            node.runs.run(grant)
        assert charged(node) == before
        assert node.runs.answers() == ()


@pytest.mark.threat("T43")
def test_a_program_whose_duration_is_priced_is_not_run_beside_the_clock_of_a_tpm(
    tmp_path: Path, tcti: str
) -> None:
    home = new_home(tmp_path / "home")
    choose(home, chosen(tcti))
    timed = Job(slot={"seconds": 600, "mode": "demand", "max_slots": 8}, most=10)

    with with_trips(home, tmp_path) as node:
        with pytest.raises(InvalidManifestError) as refused:
            Asker(node).ask(node, timed)

        assert "would tell how long the program ran" in str(refused.value)


@pytest.mark.threat("T178")
def test_a_tpm_that_is_away_leaves_no_proof_and_nothing_weaker(tmp_path: Path, tcti: str) -> None:
    home = new_home(tmp_path / "home")
    choose(home, chosen(f"swtpm:path={tmp_path}/none"))
    with with_trips(home, tmp_path) as node:
        grant = named(allow(node, Asker(node).ask(node, WANTED)))
        with pytest.raises(EvidenceUnavailableError):
            node.runs.run(grant)
        assert node.runs.answers() == ()
        paid = charged(node)
    choose(home, chosen(tcti))

    with opened(home) as node:  # it is back: the answer that was charged leaves, at no further cost
        answer = node.runs.run(grant)
        assert charged(node) == paid

    assert json.loads(answer.proof)["evidence"]
