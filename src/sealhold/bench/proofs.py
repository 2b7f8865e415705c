"""Proofs of the example task, as a vault would sign them, with keys made for it: size and time.

- `proof_bytes` are the vault's: the author's task and the evidence come on top, and
  `proof_file_bytes` counts all.

Source: docs/benchmarks.md.
"""

from dataclasses import dataclass
from pathlib import Path

from sealhold.bench.harness import Bench, per_call
from sealhold.compute import appkit, credential
from sealhold.compute.compliance import (
    MAX_OWN,
    Answer,
    Commitments,
    Conduct,
    build_proof,
    commitment,
    own_size,
)
from sealhold.compute.credential import KIND, TOLD, OwnFacts, Stated
from sealhold.compute.measuring import measured
from sealhold.compute.proof_forms import open_statement, read_file
from sealhold.compute.proving import Prover
from sealhold.compute.task import PAYLOAD_TYPE, open_task
from sealhold.compute.taskfolder import read_folder
from sealhold.compute.verify import verify_files
from sealhold.crypto import dsse, sdjwt
from sealhold.crypto.entropy import system_entropy
from sealhold.crypto.sdjwt import Credential
from sealhold.crypto.seal import new_key
from sealhold.model.ids import ReceiptId, random_id
from sealhold.model.quantities import Instant

TASK = Path(__file__).parents[1] / "demo" / "greencorp"
AT = Instant(1_795_000_000_000)
MILLI = 1_000
TIMES = 5  # calls of each kind that one figure is the mean of


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A proof in both its forms."""

    proof: bytes
    task: bytes
    stated: Stated
    own: OwnFacts
    prover: Prover
    receipt: ReceiptId

    def issue(self) -> str:
        """Return a credential."""
        return credential.issue(
            self.stated,
            self.own,
            key=self.prover.key,
            holder=self.prover.holder(self.receipt).public,
            entropy=system_entropy,
        )

    def present(self, kept: Credential) -> bytes:
        """Return a presentation of what the app was told."""
        holder = self.prover.holder(self.receipt)
        return sdjwt.present(
            kept, TOLD, holder=holder, audience="greencorp", nonce="bench", at=AT
        ).encode()


def sample() -> Sample:
    """Return a proof of the demo's task, by keys made for it."""
    keys = appkit.make_keys(system_entropy)
    payload = read_folder(TASK).payload(keys.public)
    signed = open_task(dsse.sign(PAYLOAD_TYPE, payload, [keys.signing]))
    prover = Prover(new_key(system_entropy, "bench proof key"))
    answer = Answer(
        task=signed.task.digest,
        param=signed.task.params[0].id,
        selection=signed.task.selections[0].id,
        value=7,
        slot_time=AT,
        recipient="https://greencorp.example/bonus",
        nonce="bench",
    )
    hidden = commitment(bytes(32), system_entropy(32))
    conduct = Conduct(
        terms=bytes(32),
        coarsen=1,
        isolation="jailed",
        runtime=measured(signed.task.code.tier),
        resources=(),
        hidden=Commitments(account=hidden, entry=hidden, inputs=hidden, provenance=hidden),
        evidence=prover.attester.claim,
    )
    proof = build_proof(signed, answer, conduct, prover.key, prover.attester)
    parts = read_file(proof)
    stated = Stated(
        task=signed,
        answer=answer,
        conduct=conduct,
        statement=open_statement(parts, prover.key.public).digest,
        attestation=parts.evidence,
    )
    own = OwnFacts(receipt="bench", entry=bytes(32), log_index=7, objects=31, object_bits=1)
    receipt = ReceiptId(random_id(system_entropy))
    return Sample(
        proof=proof, task=signed.envelope, stated=stated, own=own, prover=prover, receipt=receipt
    )


def measure_proofs(bench: Bench) -> None:
    """Measure a proof and a presentation of it: how long they are, made and verified."""
    made = sample()
    bench.check(verify_files([made.proof], at=AT).exit_code == 0, "the proof does not hold")
    bench.check(own_size(made.proof) <= MAX_OWN, "a proof takes more than 4 KiB")
    once = per_call(lambda: verify_files([made.proof], at=AT), TIMES)
    bench.figures["proof_verify_ms"] = bench.median(once) * MILLI
    bench.figures["proof_bytes"] = own_size(made.proof)
    bench.figures["proof_file_bytes"] = len(made.proof)
    kept = sdjwt.read(made.issue(), KIND, made.prover.key.public)
    shown = made.present(kept)
    files = [shown, made.task]
    bench.check(verify_files(files, at=AT).exit_code == 0, "the presentation does not hold")
    bench.check(len(shown) <= MAX_OWN, "a presentation takes more than 4 KiB")
    bench.figures["sdjwt_issue_ms"] = bench.median(per_call(made.issue, TIMES)) * MILLI
    bench.figures["sdjwt_present_ms"] = (
        bench.median(per_call(lambda: made.present(kept), TIMES)) * MILLI
    )
    bench.figures["sdjwt_verify_ms"] = (
        bench.median(per_call(lambda: verify_files(files, at=AT), TIMES)) * MILLI
    )
    bench.figures["sdjwt_bytes"] = len(shown)
