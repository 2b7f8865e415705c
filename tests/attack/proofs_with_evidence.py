"""Proofs whose machine is vouched for by evidence of each kind, made under roots of our own."""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from sealhold.compute import evidence
from sealhold.compute.attest.collateral import (
    AmdCollateral,
    IntelCollateral,
    NitroCollateral,
    TpmCollateral,
)
from sealhold.compute.attest.kinds import Kind
from sealhold.compute.compliance import build_proof
from sealhold.compute.evidence import Attester, Claim, Confidentiality, Occasion
from sealhold.compute.proof_rules import Policy
from sealhold.compute.verify import verify_files
from sealhold.compute.vouching import REGISTER, Terms
from sealhold.crypto.digest import sha256
from sealhold.crypto.entropy import seeded
from sealhold.model.encoding import to_json
from sealhold.model.quantities import Instant
from sealhold.model.shown import Verdict
from tests.conformance.evidence_made import NOW, Made, enclave, guest, intel, tpm
from tests.unit.sample_proof import AUDIENCE, NONCE, Sample, one

AT = Instant(NOW + 61_000)
WORD: Mapping[Kind, evidence.Kind] = {
    Kind.SW: "sw",
    Kind.TPM2: "tpm2",
    Kind.SGX: "sgx",
    Kind.TDX: "tdx",
    Kind.SNP: "snp",
    Kind.NITRO: "nitro",
}
HARDWARE = (Kind.TPM2, Kind.SGX, Kind.TDX, Kind.SNP, Kind.NITRO)
HIDING = (Kind.SGX, Kind.TDX, Kind.NITRO)  # of those, without a floor for SNP


def tpm_of(at: Occasion, ran: Sequence[bytes]) -> Made:
    challenge = at.binding.challenge(at.challenge)
    return tpm(register=REGISTER, ran=ran, challenge=challenge)


def _enclave(at: Occasion, **changes: object) -> Made:
    bound = at.binding.report_data(at.challenge)
    return enclave(**{"user_data": bound, "nonce": at.challenge, **changes})


def report(at: Occasion) -> bytes:
    """Return the report data of an occasion."""
    return at.binding.report_data(at.challenge)


MAKE: Mapping[Kind, Callable[[Occasion], Made]] = {
    Kind.TPM2: lambda at: tpm_of(at, (at.runtime, at.code)),
    Kind.SGX: lambda at: intel(Kind.SGX, report(at)),
    Kind.TDX: lambda at: intel(Kind.TDX, report(at)),
    Kind.SNP: lambda at: guest(report_data=report(at)),
    Kind.NITRO: _enclave,
}
IN_DEBUG: Mapping[Kind, Callable[[Occasion], Made]] = {
    Kind.SGX: lambda at: intel(Kind.SGX, report(at), debug=True),
    Kind.TDX: lambda at: intel(Kind.TDX, report(at), debug=True),
    Kind.SNP: lambda at: guest(report_data=report(at), policy_bits=1 << 17 | 1 << 19),
    Kind.NITRO: lambda at: _enclave(at, pcrs=dict.fromkeys(range(5), bytes(48))),
}


@dataclass(frozen=True)
class Machine:
    """Vouches as a machine of its kind would; `bend` may alter what is vouched for."""

    of: Kind
    make: Callable[[Occasion], Made]
    confidentiality: Confidentiality = "sealed"
    bend: Callable[[Occasion], Occasion] = lambda at: at

    @property
    def kind(self) -> evidence.Kind:
        return WORD[self.of]

    @property
    def claim(self) -> Claim:
        return Claim(
            kind=self.kind,
            digest=sha256(self._shown()),
            hw_rooted=True,
            integrity="hw",
            confidentiality=self.confidentiality,
        )

    def evidence(self, occasion: Occasion) -> bytes:
        return self.make(self.bend(occasion)).evidence.data

    def _shown(self) -> bytes:
        made = self.make(some_occasion())
        known = made.collateral
        return known.key if isinstance(known, TpmCollateral) else made.measurement


@dataclass(frozen=True)
class Fixed:
    """Vouches with bytes that are there already."""

    of: Kind
    data: bytes
    claim: Claim

    @property
    def kind(self) -> evidence.Kind:
        return WORD[self.of]

    def evidence(self, occasion: Occasion) -> bytes:
        del occasion
        return self.data


def some_occasion() -> Occasion:
    """Return an occasion of no answer: what a machine shows does not depend on it."""
    return Occasion(
        nonce="n",
        statement=bytes(32),
        session=one().prover.key.public,
        left=NOW,
        runtime=bytes(32),
        code=bytes(32),
    )


def proof_by(machine: Attester, found: Sample | None = None) -> bytes:
    """Return a proof of the sample's answer that `machine` vouches for."""
    base = one() if found is None else found
    answer = replace(base.answer, slot_time=NOW)
    conduct = replace(base.conduct, evidence=machine.claim)
    return build_proof(base.task, answer, conduct, base.prover.key, machine)


def by(kind: Kind, **changes: object) -> bytes:
    """Return a proof that a sound machine of `kind` vouches for, as changed."""
    return proof_by(Machine(kind, MAKE[kind], **changes))  # type: ignore[arg-type]  # reason: fields of it


@cache
def made(kind: Kind) -> Made:
    """Return evidence of `kind`, for what is judged beside it."""
    return MAKE[kind](some_occasion())


def terms(kind: Kind, **changes: object) -> Terms:
    """Return what a reader who knows this machine brings."""
    known = made(kind)
    match known.collateral:
        case IntelCollateral(document):
            files: tuple[bytes, ...] = (document,)
        case AmdCollateral(chain):
            files = tuple(each.der for each in chain)
        case NitroCollateral(root):
            files = (root.der,)
        case TpmCollateral():
            files = (known.collateral.area, *(each.der for each in known.collateral.chain))
        case _:
            files = ()
    told = {
        "collateral": files,
        "measurements": frozenset({known.measurement} if kind is not Kind.TPM2 else ()),
        "roots": known.policy.roots.get(kind, frozenset()),
    }
    return Terms(**(told | changes))  # type: ignore[arg-type]  # reason: fields of it


def judged(
    proof: bytes,
    demanded: Kind,
    brought: Terms,
    *,
    at: Instant = AT,
    confidentiality: str = "any",
) -> Verdict:
    """Return the verdict of a reader who knows the keys."""
    policy = Policy(
        evidence=WORD[demanded],
        confidentiality=confidentiality,  # type: ignore[arg-type]  # reason: one of two words
        terms=brought,
        audience=AUDIENCE,
        nonce=NONCE,
    )
    return verify_files([proof], one().pins, at=at, policy=policy)


def told(verdict: Verdict, name: str) -> str:
    """Return what one check of a verdict found."""
    return next(check.detail for check in verdict.checks if check.name == name)


def seed_of() -> bytes:
    """Return the seed of the sample's proof key."""
    return seeded(b"one vault")(32)


def with_evidence(proof: bytes, data: bytes) -> bytes:
    """Return a proof in its exact form with other evidence."""
    tree = json.loads(proof)
    tree["evidence"] = b64encode(data).decode()
    return to_json(tree)


def evidence_in(proof: bytes) -> bytes:
    """Return the evidence in a proof."""
    return b64decode(json.loads(proof)["evidence"])


def other_statement(at: Occasion) -> Occasion:
    """Return the occasion of another answer."""
    return replace(at, statement=sha256(at.statement))
