"""The table of verifiers, and the function that a reader of evidence calls.

- Whoever asks draws the nonce and says when; `nonces.ReplayGuard` does both. Evidence that is kept
  in a proof is judged with the nonce, and at the time, of the proof.

Source: docs/spec/21-evidence.md section 3.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from sealhold.compute.attest.collateral import Collateral
from sealhold.compute.attest.kinds import Kind, meets
from sealhold.compute.attest.policy import DEFAULT, Policy
from sealhold.compute.attest.spec import Evidence, ReferenceValues, Result, Status, Verifier
from sealhold.compute.attest.verifiers.nitro import NitroVerifier
from sealhold.compute.attest.verifiers.sgx import SgxVerifier
from sealhold.compute.attest.verifiers.snp import SnpVerifier
from sealhold.compute.attest.verifiers.sw import SwVerifier
from sealhold.compute.attest.verifiers.tdx import TdxVerifier
from sealhold.compute.attest.verifiers.tpm2 import Tpm2Verifier
from sealhold.model.quantities import Instant

VERIFIERS: Final[Mapping[Kind, Verifier]] = MappingProxyType(
    {
        each.kind: each
        for each in (
            SwVerifier(),
            Tpm2Verifier(),
            SgxVerifier(),
            TdxVerifier(),
            SnpVerifier(),
            NitroVerifier(),
        )
    }
)


def appraise(
    evidence: Evidence,
    nonce: bytes,
    reference_values: ReferenceValues,
    *,
    now: Instant,
    collateral: Collateral | None,
    policy: Policy = DEFAULT,
) -> Result:
    """Return what `evidence` is worth as an answer to `nonce`, judged at `now`.

    Raises:
        EvidenceUnavailableError: a library that this kind needs is not installed.
    """
    verifier = VERIFIERS[evidence.kind]
    return verifier.appraise(evidence, nonce, reference_values, policy, now, collateral)


def satisfies(result: Result, demanded: Kind, *, sealed: bool = False) -> bool:
    """Return whether `result` is what a reader demands.

    Args:
        result: what a verifier found.
        demanded: the kind of evidence; anything but software must be rooted in hardware.
        sealed: whether the machine's owner must not see what it computes.
    """
    if result.status is Status.CONTRAINDICATED or not meets(result.kind, demanded):
        return False
    # THREAT T153: what only calls itself hardware does not meet a demand for hardware.
    if demanded is not Kind.SW and not result.hw_rooted:
        return False
    return not sealed or result.confidentiality == "sealed"
