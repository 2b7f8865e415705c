"""One answer with its proof in both forms, by keys and salts that repeat."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cache

from sealhold.compute import credential
from sealhold.compute.compliance import (
    Answer,
    Commitments,
    Conduct,
    build_proof,
    commitment,
    inputs_root,
)
from sealhold.compute.credential import KIND, TOLD, OwnFacts, Stated
from sealhold.compute.evidence import Claim
from sealhold.compute.measuring import Measured
from sealhold.compute.proof_forms import open_statement, read_file
from sealhold.compute.proof_rules import Policy
from sealhold.compute.proving import Prover
from sealhold.compute.task import SignedTask
from sealhold.compute.verify import verify_files
from sealhold.crypto import sdjwt
from sealhold.crypto.digest import sha256
from sealhold.crypto.entropy import seeded
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import SigningKey
from sealhold.model.clock import Entropy
from sealhold.model.encoding import Plain
from sealhold.model.ids import Id16, ReceiptId
from sealhold.model.quantities import Instant
from sealhold.model.shown import Verdict
from tests.unit import sample_task
from tests.unit.sample_task import AUTHOR

LEFT = Instant(1_790_000_000_000)
SHOWN = Instant(LEFT + 60_000)
AT = Instant(LEFT + 61_000)
AUDIENCE, NONCE = "a bank", "its nonce"
BOTH: Plain = {"recipients": [], "forms": ["dsse", "sd-jwt"]}


def signed_task(**changes: Plain) -> SignedTask:
    """Return the small task, whose proofs are given out in both forms."""
    return sample_task.signed_task(**{"output": BOTH, **changes})


@dataclass(frozen=True)
class Sample:
    """One vault's answer."""

    task: SignedTask
    answer: Answer
    conduct: Conduct
    own: OwnFacts
    prover: Prover
    receipt: ReceiptId
    seed: bytes

    @property
    def pins(self) -> dict[str, list[bytes]]:
        return {"proof": [self.prover.key.public], "author": [AUTHOR.public]}

    def proof(self) -> bytes:
        return build_proof(
            self.task, self.answer, self.conduct, self.prover.key, self.prover.attester
        )

    def credential(self) -> str:
        parts = read_file(self.proof())
        stated = Stated(
            task=self.task,
            answer=self.answer,
            conduct=self.conduct,
            statement=open_statement(parts, self.prover.key.public).digest,
            attestation=parts.evidence,
        )
        return credential.issue(
            stated,
            self.own,
            key=self.prover.key,
            holder=self.prover.holder(self.receipt).public,
            entropy=seeded(self.seed),
        )

    def present(
        self,
        names: Collection[str] = TOLD,
        *,
        audience: str = AUDIENCE,
        nonce: str = NONCE,
        at: Instant = SHOWN,
        holder: SigningKey | None = None,
    ) -> str:
        kept = sdjwt.read(self.credential(), KIND, self.prover.key.public)
        return sdjwt.present(
            kept,
            names,
            holder=holder or self.prover.holder(self.receipt),
            audience=audience,
            nonce=nonce,
            at=at,
        )


def answer_to(task: SignedTask) -> Answer:
    return Answer(
        task=task.task.digest,
        param="standard",
        selection="all",
        value=17,
        slot_time=LEFT,
        recipient="https://bonus.example/answers",
        nonce="n-4711",
    )


def conduct_of(device: Claim, draw: Entropy, seed: bytes = b"") -> Conduct:
    """Return how an answer was made; `seed` makes what is hidden, `draw` the salts."""
    return Conduct(
        terms=sha256(b"terms"),
        coarsen=1,
        isolation="jailed",
        runtime=Measured(name="monty 1.4.0", binary=sha256(b"monty")),
        resources=(),
        hidden=Commitments(
            account=commitment(sha256(seed, b"account"), draw(32)),
            entry=commitment(sha256(seed, b"entry"), draw(32)),
            inputs=commitment(inputs_root([sha256(seed, b"trip")]), draw(32)),
            provenance=commitment(inputs_root([sha256(seed, b"import")]), draw(32)),
        ),
        evidence=device,
    )


def sample(seed: bytes = b"one vault", **changes: Plain) -> Sample:
    """Return an answer; `seed` makes keys and salts, `changes` are of the manifest."""
    draw = seeded(seed)
    prover = Prover(Secret(draw(32), "proof"))
    task = signed_task(**changes)
    answer = answer_to(task)
    conduct = conduct_of(prover.attester.claim, draw, seed)
    own = OwnFacts(
        receipt="00000000-0000-4000-8000-00000000000f",
        entry=sha256(seed, b"entry"),
        log_index=412,
        objects=23,
        object_bits=5,
    )
    receipt = ReceiptId(Id16(bytes(15) + b"\x0f"))
    return Sample(task, answer, conduct, own, prover, receipt, seed)


@cache
def one() -> Sample:
    """Return the sample that most tests look at."""
    return sample()


def verify(
    *files: str | bytes, pins: dict[str, list[bytes]] | None = None, **more: Plain
) -> Verdict:
    """Verify as a reader who knows the keys, the task, the audience and the nonce."""
    given = [each.encode() if isinstance(each, str) else each for each in files]
    policy = more.pop("policy", Policy(audience=AUDIENCE, nonce=NONCE))
    known = one().pins if pins is None else pins
    return verify_files(given, known, at=more.pop("at", AT), policy=policy)


def failed(verdict: Verdict) -> list[str]:
    return [check.name for check in verdict.checks if not check.held]


def with_answer(found: Sample, value: int) -> Sample:
    """Return the sample with another answer."""
    return replace(found, answer=replace(found.answer, value=value))
